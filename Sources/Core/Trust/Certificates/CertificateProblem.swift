/// Why bytes are not a certificate that can be judged.
public enum CertificateProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// Not a certificate in DER, or one that RFC 5280 forbids; the text says what was wrong.
    case malformed(String)
    /// A key or signature algorithm that is not accepted; the text names it.
    case weak(String)
    /// Over a named limit; the text says which.
    case tooLarge(String)

    /// The code under which a chain with such a certificate is refused.
    public var code: TrustCode {
        switch self {
        case .malformed: .e102
        case .weak: .e107
        case .tooLarge: .e109
        }
    }

    public var description: String {
        switch self {
        case .malformed(let what): "malformed certificate: \(what)"
        case .weak(let what): "algorithm not accepted: \(what)"
        case .tooLarge(let what): "certificate over its limits: \(what)"
        }
    }
}

/// What a presented chain may cost. `E109` is the answer to more.
public enum CertificateLimits {
    /// Certificates in one presented chain.
    public static let certificatesMax = 8
    /// Bytes of DER in one presented chain.
    public static let chainBytesMax = 65_536
    /// Subject alternative names, and subtrees of name constraints, in one chain.
    public static let namesMax = 100
    /// Signatures checked while looking for a path.
    public static let signatureChecksMax = 24
    /// Complete paths judged while looking for one that every rule accepts.
    public static let pathsMax = 8
}
