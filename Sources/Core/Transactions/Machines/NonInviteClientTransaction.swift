/// The client side of any request but INVITE and ACK on a reliable transport.
///
/// RFC 3261 §17.1.2.2: the states and their arrows.
///
///     state        1xx               200-699           F                    transport error
///     trying       proceeding, pass  terminated, pass  terminated, timeout  terminated, error
///     proceeding   pass              terminated, pass  terminated, timeout  terminated, error
///     terminated   -                 -                 -                    -
///
/// Completed has no row: timer K is zero on a reliable transport. Timer E never starts.
public struct NonInviteClientTransaction: Hashable, Sendable {
    /// Where the transaction stands.
    public enum State: UInt8, Hashable, Sendable, CaseIterable {
        /// The request was sent and nothing came back.
        case trying
        /// A provisional response came.
        case proceeding
        /// Over.
        case terminated
    }

    /// What can happen to it.
    public enum Event: UInt8, Hashable, Sendable, CaseIterable {
        /// A response from 100 to 199 came.
        case provisional
        /// A response from 200 to 699 came.
        case final
        /// 64*T1 passed since the request was sent.
        case timerF
        /// The connection failed.
        case transportError
    }

    /// What is to be done about it.
    public enum Action: UInt8, Hashable, Sendable, CaseIterable {
        /// Nothing.
        case ignore
        /// Pass the response to the transaction user.
        case pass
        /// Tell the transaction user that no final response came in time.
        case informTimeout
        /// Tell the transaction user that the connection failed.
        case informTransportError
    }

    /// Where the transaction stands now.
    public private(set) var state: State

    /// A transaction whose request has just been sent; the caller starts timer F.
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
        case .provisional: move(to: .proceeding, .pass)
        case .final: move(to: .terminated, .pass)
        case .timerF: move(to: .terminated, .informTimeout)
        case .transportError: move(to: .terminated, .informTransportError)
        }
    }

    private mutating func move(to next: State, _ action: Action) -> Action {
        state = next
        return action
    }
}
