/// The server side of any request but INVITE and ACK on a reliable transport.
///
/// RFC 3261 §17.2.2: the states and their arrows. A column `send` stands for a response from the transaction user.
///
///     state        request  send 1xx          send 200-699      transport error
///     trying       -        proceeding, send  terminated, send  terminated, error
///     proceeding   -        send              terminated, send  terminated, error
///     terminated   -        -                 -                 -
///
/// Completed has no row: timer J is zero on a reliable transport.
/// Trying ends on a transport error too, which the figure shows for Proceeding only: no response can leave any more.
/// Deviation: a repeated request in Proceeding is absorbed without sending the last response again, because a reliable
/// transport has delivered it or has failed.
public struct NonInviteServerTransaction: Hashable, Sendable {
    /// Where the transaction stands.
    public enum State: UInt8, Hashable, Sendable, CaseIterable {
        /// The request came and nothing was sent.
        case trying
        /// A provisional response was sent.
        case proceeding
        /// Over.
        case terminated
    }

    /// What can happen to it.
    public enum Event: UInt8, Hashable, Sendable, CaseIterable {
        /// The request came again.
        case request
        /// The transaction user sends a response from 100 to 199.
        case sendProvisional
        /// The transaction user sends a response from 200 to 699.
        case sendFinal
        /// The connection failed.
        case transportError
    }

    /// What is to be done about it.
    public enum Action: UInt8, Hashable, Sendable, CaseIterable {
        /// Nothing.
        case ignore
        /// Send the response.
        case send
        /// Tell the transaction user that the connection failed.
        case informTransportError
    }

    /// Where the transaction stands now.
    public private(set) var state: State

    /// A transaction whose request has just come; it goes to the transaction user.
    public init() {
        self.state = .trying
    }

    /// Takes one event and says what to do about it.
    public mutating func handle(_ event: Event) -> Action {
        switch state {
        case .trying, .proceeding: handleWhileOpen(event)
        case .terminated: .ignore
        }
    }

    private mutating func handleWhileOpen(_ event: Event) -> Action {
        switch event {
        case .request: .ignore
        case .sendProvisional: move(to: .proceeding, .send)
        case .sendFinal: move(to: .terminated, .send)
        case .transportError: move(to: .terminated, .informTransportError)
        }
    }

    private mutating func move(to next: State, _ action: Action) -> Action {
        state = next
        return action
    }
}
