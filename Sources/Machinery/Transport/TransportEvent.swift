public import Trust

/// What the transport tells the log and the counters about connections that never became a link.
public enum TransportEvent: Sendable {
    /// A handshake that a peer began did not end well. `decide` turns the evidence into a code, E001 to E005, and a trace.
    case handshakeFailed(LinkEvidence)
    /// A connection was closed because a limit of `TransportLimits` passed (E701 to E704).
    case limitReached(TrustCode, remoteAddress: NetworkAddress?, why: String)
    /// A listener could not accept, mostly because this process has no descriptors left; it goes on after a pause.
    case acceptFailed(listener: String, why: String)
}
