public import Basis
public import Crypto
internal import SwiftASN1
public import Trust
public import X509

/// A private key whose public half stands in certificates: of a CA, a server or a user. Also the file form of the keys
/// that sign trust objects.
///
/// P-256 in production; Ed25519 for trust objects and, from a seed, for everything in a simulation: an ECDSA signature
/// differs from run to run, an Ed25519 signature does not.
public struct CertificateKey: Sendable {
    /// The kinds of key.
    public enum Algorithm: String, Sendable, Hashable {
        /// ECDSA on P-256 with SHA-256.
        case p256
        /// Ed25519.
        case ed25519
    }

    private enum Storage: Sendable {
        case p256(P256.Signing.PrivateKey)
        case ed25519(Curve25519.Signing.PrivateKey)
    }

    private let storage: Storage

    /// The SubjectPublicKeyInfo in DER.
    public let subjectPublicKeyInfo: [UInt8]

    /// Wraps a P-256 key.
    public init(_ key: P256.Signing.PrivateKey) {
        self.storage = .p256(key)
        self.subjectPublicKeyInfo = Array(key.publicKey.derRepresentation)
    }

    /// Wraps an Ed25519 key.
    public init(_ key: Curve25519.Signing.PrivateKey) {
        self.storage = .ed25519(key)
        self.subjectPublicKeyInfo = Self.ed25519Prefix + Array(key.publicKey.rawRepresentation)
    }

    /// Wraps a signer of trust objects, to write it to a file.
    public init(_ signer: SigningKey) throws(AuthorityError) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: signer.seed) else {
            throw .keyUnusable(what: "the Ed25519 key")
        }
        self.init(key)
    }

    /// A fresh key from the system's generator.
    public static func generate(_ algorithm: Algorithm) -> CertificateKey {
        switch algorithm {
        case .p256: CertificateKey(P256.Signing.PrivateKey())
        case .ed25519: CertificateKey(Curve25519.Signing.PrivateKey())
        }
    }

    /// The Ed25519 key that `chance` leads to: the same for the same seed.
    public static func deterministic(from chance: inout Chance) throws(AuthorityError) -> CertificateKey {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: chance.bytes(32)) else {
            throw AuthorityError.keyUnusable(what: "a seed of 32 bytes")
        }
        return CertificateKey(key)
    }

    /// Reads a private key in PEM: PKCS#8 (RFC 5958) or SEC 1, P-256 or Ed25519.
    public init(pem: String) throws(AuthorityError) {
        guard let key = try? Certificate.PrivateKey(pemEncoded: pem), let document = try? key.serializeAsPEM() else {
            throw AuthorityError.keyUnusable(what: "the PEM text")
        }
        if let p256 = try? P256.Signing.PrivateKey(pemRepresentation: document.pemString) {
            self.init(p256)
        } else if let seed = Self.ed25519Seed(pkcs8: document.derBytes),
            let ed25519 = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        {
            self.init(ed25519)
        } else {
            throw AuthorityError.keyUnusable(what: "a key that is neither P-256 nor Ed25519")
        }
    }

    /// The private key as PKCS#8 in PEM. For files with mode 0600 only.
    public var pem: String {
        switch storage {
        case .p256(let key): key.pemRepresentation
        case .ed25519(let key):
            PEMDocument(type: "PRIVATE KEY", derBytes: Self.ed25519PKCS8Prefix + Array(key.rawRepresentation)).pemString
        }
    }

    /// The algorithm of this key.
    public var algorithm: Algorithm {
        switch storage {
        case .p256: .p256
        case .ed25519: .ed25519
        }
    }

    /// The hash of the public key: a `keyid` of signed objects and a pin of the topology.
    public var pin: KeyPin { KeyPin(subjectPublicKeyInfo: subjectPublicKeyInfo) }

    /// The key in the form of the X.509 library.
    public var x509: Certificate.PrivateKey {
        switch storage {
        case .p256(let key): Certificate.PrivateKey(key)
        case .ed25519(let key): Certificate.PrivateKey(key)
        }
    }

    /// The key as a signer of trust objects.
    /// - Throws: `keyUnusable` when it is not Ed25519.
    public func signer() throws(AuthorityError) -> SigningKey {
        switch storage {
        case .p256: throw .keyUnusable(what: "a P-256 key, where trust objects need Ed25519,")
        case .ed25519(let key):
            guard let signer = try? SigningKey(seed: Array(key.rawRepresentation)) else {
                throw .keyUnusable(what: "the Ed25519 key")
            }
            return signer
        }
    }

    /// The signature over `bytes` in the form that X.509 puts into its BIT STRING.
    public func signature(over bytes: [UInt8]) throws(AuthorityError) -> [UInt8] {
        switch storage {
        case .p256(let key):
            guard let signature = try? key.signature(for: bytes) else { throw AuthorityError.signingFailed }
            return Array(signature.derRepresentation)
        case .ed25519(let key):
            guard let signature = try? key.signature(for: bytes) else { throw AuthorityError.signingFailed }
            return Array(signature)
        }
    }

    // RFC 8410 §4: SEQUENCE { SEQUENCE { OID 1.3.101.112 } BIT STRING of 32 bytes }.
    private static let ed25519Prefix: [UInt8] = [
        0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
    ]
    // RFC 8410 §7: version 0, the algorithm, and the seed as an OCTET STRING inside an OCTET STRING.
    private static let ed25519PKCS8Prefix: [UInt8] = [
        0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]

    private static func ed25519Seed(pkcs8: [UInt8]) -> [UInt8]? {
        // The length in the second byte differs when a public key follows, as RFC 5958 §2 allows.
        let prefix = ed25519PKCS8Prefix
        guard pkcs8.count >= prefix.count + 32, pkcs8[0] == prefix[0], pkcs8[5..<16] == prefix[5..<16] else {
            return nil
        }
        return Array(pkcs8[16..<48])
    }
}
