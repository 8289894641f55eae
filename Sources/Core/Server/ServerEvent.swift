public import Basis
public import Trust

/// What a server tells the log, the counters and the table of refusals. A closed list: the log's `event` is `name`.
public enum ServerEvent: Sendable {
    /// A link was admitted to a class.
    case linkAdmitted(ConnectionID, VerifiedPeer, LinkEvidence, Trace)
    /// A link was refused at its handshake, by the trust state of the epoch.
    case linkRefused(ConnectionID, Refusal, LinkEvidence, Trace, TrustEpoch)
    /// A live link was cut because the trust changed: the decision refuses now what it admitted before.
    case linkCut(ConnectionID, Refusal, LinkEvidence, Trace, TrustEpoch)
    /// An admitted link has gone.
    case linkClosed(ConnectionID, VerifiedPeer)
    /// A link to another server did not come up.
    case dialFailed(Dialled, why: String)
    /// Every link of this shard was judged by the context of this epoch.
    case swept(TrustEpoch, linksClosed: Int)
    /// A user proved an address-of-record on a flow.
    case userProven(aor: [UInt8], on: ConnectionID)
    /// A digest was wrong, or the account unknown: the two are told apart nowhere but here, and only for the operator.
    case authenticationFailed(aor: [UInt8], on: ConnectionID, known: Bool)
    /// The bindings of an address changed; the number that is left.
    case bindingsChanged(aor: [UInt8], count: Int)
    /// A request was refused by a rule of trust, with the code.
    case requestRefused(ConnectionID, TrustCode, why: String)
    /// The stream or a message broke the grammar; the offset in it.
    case violation(ConnectionID, kind: String, offset: Int)
    /// A message went from one user or partner towards another: the way and the verdict of the hop it came over.
    case routed(ConnectionID, method: String, callID: [UInt8], peerClass: PeerClass, peer: String)
    /// More is asked for than this shard can do: everybody's allowance is cut.
    case overloadBegan
    /// Nothing is cut any more.
    case overloadEnded

    /// The `event` field of the log line.
    public var name: String {
        switch self {
        case .linkAdmitted: "linkAdmitted"
        case .linkRefused: "linkRefused"
        case .linkCut: "linkCut"
        case .linkClosed: "linkClosed"
        case .dialFailed: "dialFailed"
        case .swept: "swept"
        case .userProven: "userProven"
        case .authenticationFailed: "authenticationFailed"
        case .bindingsChanged: "bindingsChanged"
        case .requestRefused: "requestRefused"
        case .violation: "violation"
        case .routed: "routed"
        case .overloadBegan: "overloadBegan"
        case .overloadEnded: "overloadEnded"
        }
    }
}
