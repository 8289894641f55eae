/// The four tables of RFC 3261 §17 as RFC 6026 amends them, for a reliable transport, written from the figures.
///
/// One row is `state event -> next state: action`. A pair that has no row changes nothing and asks for nothing.
/// Where a timer is zero on a reliable transport (D, I, J, K), the arrow into the state that it guards is joined with the
/// arrow out of it.
enum TransactionGoldenTables {
    /// RFC 3261 §17.1.1.2 figure 5 with RFC 6026 §8.4; the wait after a CANCEL is RFC 3261 §9.1.
    static let inviteClient = """
        calling provisional -> proceeding: pass
        calling success -> accepted: passAndStartTimerM
        calling failure -> terminated: acknowledgeAndPass
        calling timerB -> terminated: informTimeout
        calling transportError -> terminated: informTransportError
        proceeding provisional -> proceeding: pass
        proceeding success -> accepted: passAndStartTimerM
        proceeding failure -> terminated: acknowledgeAndPass
        proceeding cancelWait -> terminated: informTimeout
        proceeding transportError -> terminated: informTransportError
        accepted success -> accepted: pass
        accepted timerM -> terminated: end
        """

    /// RFC 3261 §17.1.2.2 figure 6.
    static let nonInviteClient = """
        trying provisional -> proceeding: pass
        trying final -> terminated: pass
        trying timerF -> terminated: informTimeout
        trying transportError -> terminated: informTransportError
        proceeding provisional -> proceeding: pass
        proceeding final -> terminated: pass
        proceeding timerF -> terminated: informTimeout
        proceeding transportError -> terminated: informTransportError
        """

    /// RFC 3261 §17.2.1 figure 7 with RFC 6026 §7.1, RFC 6026 §8.5.
    static let inviteServer = """
        proceeding sendProvisional -> proceeding: send
        proceeding sendSuccess -> accepted: sendAndStartTimerL
        proceeding sendFailure -> completed: sendAndStartTimerH
        proceeding transportError -> proceeding: informTransportError
        accepted ack -> accepted: pass
        accepted sendSuccess -> accepted: send
        accepted timerL -> terminated: end
        accepted transportError -> accepted: informTransportError
        completed ack -> terminated: confirm
        completed timerH -> terminated: informNoACK
        completed transportError -> completed: informTransportError
        """

    /// RFC 3261 §17.2.2 figure 8.
    static let nonInviteServer = """
        trying sendProvisional -> proceeding: send
        trying sendFinal -> terminated: send
        trying transportError -> terminated: informTransportError
        proceeding sendProvisional -> proceeding: send
        proceeding sendFinal -> terminated: send
        proceeding transportError -> terminated: informTransportError
        """
}
