/// The client side of an INVITE on a reliable transport.
///
/// RFC 3261 §17.1.1.2, RFC 6026 §8.4: the states and their arrows. `-` means that the event changes nothing and is not
/// passed on.
///
///     state        1xx               2xx                     300-699               B         M     cancel wait  transport error
///     calling      proceeding, pass  accepted, pass, timer M terminated, ACK, pass terminated, timeout - -      terminated, error
///     proceeding   pass              accepted, pass, timer M terminated, ACK, pass -         -     terminated,  terminated, error
///                                                                                                  timeout
///     accepted     -                 pass                    -                     -         terminated -       -
///     terminated   -                 -                       -                     -         -     -            -
///
/// Completed has no row: timer D is zero on a reliable transport, so a final response other than 2xx ends the transaction
/// as soon as its ACK is sent. Timer A never starts.
/// Two arrows are not in the figure. RFC 3261 §9.1 ends an INVITE whose CANCEL brought no final response for 64*T1: the
/// cancel wait. And the loss of the connection ends Proceeding too, because the response can come on no other one.
public struct InviteClientTransaction: Hashable, Sendable {
    /// Where the transaction stands.
    public enum State: UInt8, Hashable, Sendable, CaseIterable {
        /// The INVITE was sent and nothing came back.
        case calling
        /// A provisional response came.
        case proceeding
        /// A 2xx came; more may follow from other branches of a fork.
        case accepted
        /// Over.
        case terminated
    }

    /// What can happen to it.
    public enum Event: UInt8, Hashable, Sendable, CaseIterable {
        /// A response from 100 to 199 came.
        case provisional
        /// A response from 200 to 299 came.
        case success
        /// A response from 300 to 699 came.
        case failure
        /// 64*T1 passed since the INVITE was sent.
        case timerB
        /// 64*T1 passed since the first 2xx.
        case timerM
        /// 64*T1 passed since the CANCEL was sent.
        case cancelWait
        /// The connection failed.
        case transportError
    }

    /// What is to be done about it.
    public enum Action: UInt8, Hashable, Sendable, CaseIterable {
        /// Nothing.
        case ignore
        /// Pass the response to the transaction user.
        case pass
        /// Pass the response to the transaction user and start timer M.
        case passAndStartTimerM
        /// Send the ACK, then pass the response to the transaction user.
        case acknowledgeAndPass
        /// Tell the transaction user that no final response came in time.
        case informTimeout
        /// Tell the transaction user that the connection failed.
        case informTransportError
        /// Let the transaction user forget it.
        case end
    }

    /// Where the transaction stands now.
    public private(set) var state: State

    /// A transaction whose INVITE has just been sent; the caller starts timer B.
    public init() {
        self.state = .calling
    }

    /// Takes one event and says what to do about it.
    public mutating func handle(_ event: Event) -> Action {
        switch state {
        case .calling: handleInCalling(event)
        case .proceeding: handleInProceeding(event)
        case .accepted: handleInAccepted(event)
        case .terminated: .ignore
        }
    }

    private mutating func handleInCalling(_ event: Event) -> Action {
        switch event {
        case .provisional: move(to: .proceeding, .pass)
        case .success: move(to: .accepted, .passAndStartTimerM)
        case .failure: move(to: .terminated, .acknowledgeAndPass)
        case .timerB: move(to: .terminated, .informTimeout)
        case .timerM, .cancelWait: .ignore
        case .transportError: move(to: .terminated, .informTransportError)
        }
    }

    private mutating func handleInProceeding(_ event: Event) -> Action {
        switch event {
        case .provisional: .pass
        case .success: move(to: .accepted, .passAndStartTimerM)
        case .failure: move(to: .terminated, .acknowledgeAndPass)
        case .timerB, .timerM: .ignore
        case .cancelWait: move(to: .terminated, .informTimeout)
        case .transportError: move(to: .terminated, .informTransportError)
        }
    }

    /// RFC 6026 §7.2: every further 2xx goes to the transaction user, which alone acknowledges it.
    private mutating func handleInAccepted(_ event: Event) -> Action {
        switch event {
        case .success: .pass
        case .timerM: move(to: .terminated, .end)
        case .provisional, .failure, .timerB, .cancelWait, .transportError: .ignore
        }
    }

    private mutating func move(to next: State, _ action: Action) -> Action {
        state = next
        return action
    }
}
