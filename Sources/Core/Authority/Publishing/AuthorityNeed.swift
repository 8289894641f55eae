public import Basis

/// Something that the authority cannot do by itself.
public enum AuthorityNeed: Sendable, Hashable {
    /// The issuing CA's certificate has ended: nothing can be issued or revoked.
    case issuingExpired(notAfter: WallTime)
    /// The topology has ended: servers that are known stay, nobody new is admitted.
    case topologyExpired(at: WallTime)
    /// The topology ends soon.
    case topologyExpires(at: WallTime)
    /// A server's certificate was revoked, its key is not certified again.
    case newKey(server: String)
    /// A server has pinned keys or none, and never had a certificate.
    case enrolment(server: String)
    /// The issuing CA's certificate is past half of its life.
    case issuingExpires(notAfter: WallTime)

    /// What to run.
    public var next: String {
        switch self {
        case .issuingExpired, .issuingExpires:
            "sign a new issuing CA with the root key; this version has no command for it"
        case .topologyExpired, .topologyExpires: "entente topology publish, with the publisher key at hand"
        case .newKey(let server), .enrolment(let server):
            "entente node request on \(server), then entente node admit here"
        }
    }
}

extension AuthorityNeed: CustomStringConvertible {
    /// What is the matter.
    public var description: String {
        switch self {
        case .issuingExpired(let time): "the issuing CA's certificate ended at \(time)"
        case .topologyExpired(let time): "the topology expired at \(time)"
        case .topologyExpires(let time): "the topology expires at \(time)"
        case .newKey(let server): "\(server) needs a new key: a certificate of its key was revoked"
        case .enrolment(let server): "\(server) has not joined yet"
        case .issuingExpires(let time): "the issuing CA's certificate ends at \(time)"
        }
    }
}
