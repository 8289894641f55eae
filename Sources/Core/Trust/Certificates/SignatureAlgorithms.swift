import SwiftASN1
import X509

// Which keys and signatures count. PSS is missing on purpose: the X.509 package has none.

/// The accepted algorithms of signatures on certificates and revocation lists.
enum SignatureAlgorithms {
    /// The algorithm that an AlgorithmIdentifier names.
    static func read(_ node: ASN1Node) throws(CertificateProblem) -> Certificate.SignatureAlgorithm {
        guard node.identifier == .sequence, let fields = node.children, let first = fields.first, fields.count <= 2,
            let identifier = try? ASN1ObjectIdentifier(derEncoded: first)
        else { throw .malformed("signature algorithm") }
        let parameter = fields.dropFirst().first
        switch identifier {
        case .AlgorithmIdentifier.sha256WithRSAEncryption:
            return try plain(.sha256WithRSAEncryption, parameter, null: true)
        case .AlgorithmIdentifier.sha384WithRSAEncryption:
            return try plain(.sha384WithRSAEncryption, parameter, null: true)
        case .AlgorithmIdentifier.sha512WithRSAEncryption:
            return try plain(.sha512WithRSAEncryption, parameter, null: true)
        case [1, 2, 840, 10045, 4, 3, 2]: return try plain(.ecdsaWithSHA256, parameter, null: false)
        case [1, 2, 840, 10045, 4, 3, 3]: return try plain(.ecdsaWithSHA384, parameter, null: false)
        case [1, 2, 840, 10045, 4, 3, 4]: return try plain(.ecdsaWithSHA512, parameter, null: false)
        case [1, 3, 101, 112]: return try plain(.ed25519, parameter, null: false)
        default: throw .weak("signature algorithm \(name(of: identifier))")
        }
    }

    /// RFC 4055 §5, RFC 5758 §3.2, RFC 8410 §3: NULL for RSA, nothing for the others.
    private static func plain(
        _ algorithm: Certificate.SignatureAlgorithm, _ parameter: ASN1Node?, null: Bool
    ) throws(CertificateProblem) -> Certificate.SignatureAlgorithm {
        guard (parameter?.identifier == .null) == null, null || parameter == nil else {
            throw .malformed("parameters of the signature algorithm")
        }
        return algorithm
    }

    private static func name(of identifier: ASN1ObjectIdentifier) -> String {
        switch identifier {
        case [1, 2, 840, 113549, 1, 1, 4]: "RSA with MD5"
        case [1, 2, 840, 113549, 1, 1, 5]: "RSA with SHA-1"
        case [1, 2, 840, 113549, 1, 1, 10]: "RSA-PSS"
        case [1, 2, 840, 10045, 4, 1]: "ECDSA with SHA-1"
        default: identifier.description
        }
    }
}

/// What kind of public key a certificate carries.
enum PublicKeyKind: Sendable, Hashable {
    case p256, p384, ed25519
    /// With the length of the modulus.
    case rsa(bits: Int)
    /// A kind that does not count, by name.
    case other(String)

    /// Reads a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, RFC 5480 §2.1.1).
    static func read(_ node: ASN1Node) throws(CertificateProblem) -> PublicKeyKind {
        guard let fields = node.children, fields.count == 2, let algorithm = fields[0].children,
            let first = algorithm.first, let identifier = try? ASN1ObjectIdentifier(derEncoded: first),
            let bits = fields[1].primitive
        else { throw .malformed("public key") }
        switch identifier {
        case .AlgorithmIdentifier.idEcPublicKey:
            let curve = algorithm.dropFirst().first.flatMap { try? ASN1ObjectIdentifier(derEncoded: $0) }
            switch curve {
            case .NamedCurves.secp256r1: return .p256
            case .NamedCurves.secp384r1: return .p384
            default: return .other(curve == .NamedCurves.secp521r1 ? "P-521" : "elliptic curve")
            }
        case .AlgorithmIdentifier.rsaEncryption:
            guard let key = try? DER.parse(bits.dropFirst()), let modulus = key.children?.first?.unsignedInteger,
                let top = modulus.first
            else { throw .malformed("RSA key") }
            return .rsa(bits: modulus.count * 8 - top.leadingZeroBitCount)
        case [1, 3, 101, 112]: return .ed25519
        default: return .other(identifier.description)
        }
    }

    /// Whether such a key counts.
    var isAccepted: Bool {
        switch self {
        case .p256, .p384, .ed25519: true
        case .rsa(let bits): bits >= 2_048
        case .other: false
        }
    }

    /// For people.
    var text: String {
        switch self {
        case .p256: "P-256"
        case .p384: "P-384"
        case .ed25519: "Ed25519"
        case .rsa(let bits): "RSA \(bits)"
        case .other(let name): name
        }
    }
}
