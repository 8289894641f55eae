/// The server side of an INVITE on a reliable transport.
///
/// RFC 3261 §17.2.1, RFC 6026 §8.5: the states and their arrows. A column `send` stands for a response from the
/// transaction user.
///
///     state        INVITE  ACK         send 1xx  send 2xx                 send 300-699             H                 L           transport error
///     proceeding   -       -           send      accepted, send, timer L  completed, send, timer H -                 -           error
///     accepted     -       pass        -         send                     -                        -                 terminated  error
///     completed    -       terminated  -         -                        -                        terminated, error -           error
///     terminated   -       -           -         -                        -                        -                 -           -
///
/// Confirmed has no row: timer I is zero on a reliable transport, so the ACK ends the transaction. Timer G never starts.
/// Deviation: a repeated INVITE is absorbed without sending the last response again, because a reliable transport has
/// delivered it or has failed; so no response is kept.
/// RFC 6026 §7.1: a transport error never ends the transaction, its timers do.
public struct InviteServerTransaction: Hashable, Sendable {
    /// Where the transaction stands.
    public enum State: UInt8, Hashable, Sendable, CaseIterable {
        /// The INVITE came and no final response was sent.
        case proceeding
        /// A 2xx was sent.
        case accepted
        /// Another final response was sent and its ACK is awaited.
        case completed
        /// Over.
        case terminated
    }

    /// What can happen to it.
    public enum Event: UInt8, Hashable, Sendable, CaseIterable {
        /// The INVITE came again.
        case invite
        /// An ACK came that matches the transaction.
        case ack
        /// The transaction user sends a response from 100 to 199.
        case sendProvisional
        /// The transaction user sends a response from 200 to 299.
        case sendSuccess
        /// The transaction user sends a response from 300 to 699.
        case sendFailure
        /// 64*T1 passed since the response other than 2xx was sent.
        case timerH
        /// 64*T1 passed since the first 2xx was sent.
        case timerL
        /// The connection failed.
        case transportError
    }

    /// What is to be done about it.
    public enum Action: UInt8, Hashable, Sendable, CaseIterable {
        /// Nothing.
        case ignore
        /// Pass the ACK to the transaction user.
        case pass
        /// Send the response.
        case send
        /// Send the response and start timer L.
        case sendAndStartTimerL
        /// Send the response and start timer H.
        case sendAndStartTimerH
        /// The ACK has come: let the transaction user forget the transaction.
        case confirm
        /// Timer L: let the transaction user forget the transaction.
        case end
        /// Tell the transaction user that no ACK came.
        case informNoACK
        /// Tell the transaction user that the connection failed.
        case informTransportError
    }

    /// Where the transaction stands now.
    public private(set) var state: State

    /// A transaction whose INVITE has just come; it goes to the transaction user, which sends 100 at once.
    public init() {
        self.state = .proceeding
    }

    /// Takes one event and says what to do about it.
    public mutating func handle(_ event: Event) -> Action {
        switch state {
        case .proceeding: handleInProceeding(event)
        case .accepted: handleInAccepted(event)
        case .completed: handleInCompleted(event)
        case .terminated: .ignore
        }
    }

    private mutating func handleInProceeding(_ event: Event) -> Action {
        switch event {
        case .sendProvisional: .send
        case .sendSuccess: move(to: .accepted, .sendAndStartTimerL)
        case .sendFailure: move(to: .completed, .sendAndStartTimerH)
        case .transportError: .informTransportError
        case .invite, .ack, .timerH, .timerL: .ignore
        }
    }

    /// RFC 6026 §7.1: further 2xx of a fork leave through the same transaction, and an ACK is the transaction user's.
    private mutating func handleInAccepted(_ event: Event) -> Action {
        switch event {
        case .ack: .pass
        case .sendSuccess: .send
        case .timerL: move(to: .terminated, .end)
        case .transportError: .informTransportError
        case .invite, .sendProvisional, .sendFailure, .timerH: .ignore
        }
    }

    private mutating func handleInCompleted(_ event: Event) -> Action {
        switch event {
        case .ack: move(to: .terminated, .confirm)
        case .timerH: move(to: .terminated, .informNoACK)
        case .transportError: .informTransportError
        case .invite, .sendProvisional, .sendSuccess, .sendFailure, .timerL: .ignore
        }
    }

    private mutating func move(to next: State, _ action: Action) -> Action {
        state = next
        return action
    }
}
