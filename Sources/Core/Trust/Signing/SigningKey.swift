import Crypto

/// Why a key or a signature could not be made.
public enum SigningError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The bytes are no Ed25519 key.
    case notAnEd25519Key
    /// The library refused to sign.
    case cannotSign

    public var description: String {
        switch self {
        case .notAnEd25519Key: "the bytes are not an Ed25519 key"
        case .cannotSign: "the key could not sign"
        }
    }
}

/// A private Ed25519 key (RFC 8032 §5.1) that signs objects of the trust state.
public struct SigningKey: Sendable {
    /// The 32 bytes of the private key. Secret: never in a log.
    public let seed: [UInt8]
    /// The key that others check with.
    public let publicKey: SignaturePublicKey

    /// The key with these 32 bytes.
    public init(seed: [UInt8]) throws(SigningError) {
        do {
            let key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
            self.publicKey = try SignaturePublicKey(raw: Array(key.publicKey.rawRepresentation))
            self.seed = seed
        } catch {
            throw .notAnEd25519Key
        }
    }

    /// 64 bytes of signature over `message`.
    public func sign(_ message: [UInt8]) throws(SigningError) -> [UInt8] {
        do {
            return Array(try Curve25519.Signing.PrivateKey(rawRepresentation: seed).signature(for: message))
        } catch {
            throw .cannotSign
        }
    }
}

/// A public Ed25519 key that signed objects are checked with.
public struct SignaturePublicKey: Sendable, Hashable {
    /// RFC 8410 §4: the SubjectPublicKeyInfo of every Ed25519 key starts with these bytes; the 32 of the key follow.
    private static let prefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]

    /// The 32 bytes of the key.
    public let raw: [UInt8]

    /// The key with these 32 bytes.
    public init(raw: [UInt8]) throws(SigningError) {
        guard raw.count == 32 else { throw .notAnEd25519Key }
        self.raw = raw
    }

    /// The key in a SubjectPublicKeyInfo (DER).
    public init(subjectPublicKeyInfo: [UInt8]) throws(SigningError) {
        guard subjectPublicKeyInfo.starts(with: Self.prefix) else { throw .notAnEd25519Key }
        try self.init(raw: Array(subjectPublicKeyInfo.dropFirst(Self.prefix.count)))
    }

    /// The key as SubjectPublicKeyInfo (DER).
    public var subjectPublicKeyInfo: [UInt8] { Self.prefix + raw }

    /// Its name; `id.hex` is the `keyid` of signatures.
    public var id: KeyPin { KeyPin(subjectPublicKeyInfo: subjectPublicKeyInfo) }

    /// Whether this key made `signature` over `message`.
    public func isValid(signature: [UInt8], of message: [UInt8]) -> Bool {
        guard signature.count == 64, let key = try? Curve25519.Signing.PublicKey(rawRepresentation: raw) else {
            return false
        }
        return key.isValidSignature(signature, for: message)
    }
}
