import Crypto

/// The hash with which an account is challenged (RFC 7616 §3.3).
public enum DigestAlgorithm: String, Sendable, Hashable, CaseIterable {
    /// The standard.
    case sha256 = "SHA-256"
    /// For telephones that know nothing better.
    case md5 = "MD5"
}

/// What is stored instead of a password: good for checking, and as secret as the password towards this realm.
public struct UserVerifiers: Sendable, Hashable {
    /// 32 bytes of HA1 with SHA-256; nil when the password was set without it.
    public var sha256: [UInt8]?
    /// 16 bytes of HA1 with MD5; nil when the password was set without it.
    public var md5: [UInt8]?

    /// Verifiers that were computed elsewhere; of any other length than 32 and 16 bytes they count as absent.
    public init(sha256: [UInt8]? = nil, md5: [UInt8]? = nil) {
        self.sha256 = sha256?.count == SHA256.byteCount ? sha256 : nil
        self.md5 = md5?.count == Insecure.MD5.byteCount ? md5 : nil
    }

    // RFC 7616 §3.4.2: HA1 is the hash of user, realm and password with colons between.
    /// The verifiers of a password, for each of `algorithms`.
    public init(user: String, realm: String, password: String, algorithms: Set<DigestAlgorithm>) {
        let text = Array("\(user):\(realm):\(password)".utf8)
        self.init(
            sha256: algorithms.contains(.sha256) ? Array(SHA256.hash(data: text)) : nil,
            md5: algorithms.contains(.md5) ? Array(Insecure.MD5.hash(data: text)) : nil)
    }

    /// The verifier for an algorithm.
    public func verifier(for algorithm: DigestAlgorithm) -> [UInt8]? {
        switch algorithm {
        case .sha256: sha256
        case .md5: md5
        }
    }
}
