/// The answer of `decide`, with the rules that led to it.
public enum Verdict: Sendable {
    /// The link may be read, as this peer's.
    case admitted(VerifiedPeer, Trace)
    /// The link is closed unread.
    case refused(Refusal, Trace)

    /// The rules that ran.
    public var trace: Trace {
        switch self {
        case .admitted(_, let trace), .refused(_, let trace): trace
        }
    }

    /// Who was admitted.
    public var peer: VerifiedPeer? {
        switch self {
        case .admitted(let peer, _): peer
        case .refused: nil
        }
    }

    /// Why it was refused.
    public var refusal: Refusal? {
        switch self {
        case .admitted: nil
        case .refused(let refusal, _): refusal
        }
    }

    /// The code of the refusal.
    public var code: TrustCode? { refusal?.code }
}
