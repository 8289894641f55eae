import Crypto

/// One signature of a `SignedEnvelope`.
public struct EnvelopeSignature: Sendable, Hashable {
    /// 64 hexadecimal digits: the SHA-256 of the signer's SubjectPublicKeyInfo.
    public let keyID: String
    /// 64 bytes of Ed25519.
    public let signature: [UInt8]

    /// A signature by the key of this name.
    public init(keyID: String, signature: [UInt8]) {
        self.keyID = keyID
        self.signature = signature
    }
}

/// A signed object as it travels and lies in files: `{signed, signatures: [{keyid, sig}]}` (TUF §4.2), canonical JSON.
public struct SignedEnvelope: Sendable, Hashable {
    /// Signatures in one envelope; more are refused before any is checked.
    public static let signaturesMax = 32

    /// What is signed.
    public let signed: JSONValue
    /// By whom. Nothing is verified yet.
    public private(set) var signatures: [EnvelopeSignature]

    /// Signs `signed` with each of `keys`.
    public init(signing signed: JSONValue, with keys: [SigningKey]) throws(SigningError) {
        self.signed = signed
        self.signatures = []
        for key in keys { try add(signatureOf: key) }
    }

    /// Reads an envelope. Signatures are not checked by this.
    public init(parsing bytes: [UInt8]) throws(DocumentError) {
        try self.init(json: try ObjectReader.parse(bytes))
    }

    /// Takes an envelope out of a JSON value. Signatures are not checked by this.
    public init(json: JSONValue) throws(DocumentError) {
        var reader = try ObjectReader(json, at: [])
        self.signed = try reader.required("signed")
        let list = try reader.requiredArray("signatures", max: Self.signaturesMax)
        var signatures: [EnvelopeSignature] = []
        for (position, element) in list.enumerated() {
            var entry = try ObjectReader(element, at: ["signatures", String(position)])
            let keyID = try entry.requiredString("keyid")
            signatures.append(EnvelopeSignature(keyID: keyID, signature: try entry.requiredBytes("sig")))
            try entry.finish()
        }
        try reader.finish()
        self.signatures = signatures
    }

    /// Adds the signature of `key`; one that it made before is replaced.
    public mutating func add(signatureOf key: SigningKey) throws(SigningError) {
        let keyID = key.publicKey.id.hex
        let signature = try key.sign(signed.canonicalBytes)
        signatures.removeAll { $0.keyID == keyID }
        signatures.append(EnvelopeSignature(keyID: keyID, signature: signature))
    }

    /// The envelope as JSON.
    public var json: JSONValue {
        .object([
            "signed": signed,
            "signatures": .array(
                signatures.map {
                    .object(["keyid": .string($0.keyID), "sig": .string(Base64.encode($0.signature))])
                }),
        ])
    }

    /// The bytes that travel and are stored.
    public var bytes: [UInt8] { json.canonicalBytes }

    /// The SHA-256 of the canonical form of `signed`: how other objects refer to this one. Signatures prove themselves
    /// and are left out, so that a further signature leaves the references whole.
    public var hash: [UInt8] { Array(SHA256.hash(data: signed.canonicalBytes)) }
}

/// The keys that may sign a kind of object, and how many of them must.
public struct SignerRole: Sendable, Hashable {
    /// The keys.
    public let keys: [SignaturePublicKey]
    /// How many different ones must sign: at least 1.
    public let threshold: Int

    /// A role of these keys.
    public init(keys: [SignaturePublicKey], threshold: Int) {
        self.keys = keys
        self.threshold = threshold
    }

    /// How many different keys of the role made a valid signature in `envelope`.
    public func validSigners(of envelope: SignedEnvelope) -> Int {
        let message = envelope.signed.canonicalBytes
        let signers = Set(keys).filter { key in
            let keyID = key.id.hex
            return envelope.signatures.contains {
                $0.keyID == keyID && key.isValid(signature: $0.signature, of: message)
            }
        }
        return signers.count
    }

    /// Whether enough different keys signed: `threshold`, or `atLeast` where that is more. A threshold under 1 never
    /// passes.
    public func accepts(_ envelope: SignedEnvelope, atLeast: Int = 1) -> Bool {
        threshold >= 1 && validSigners(of: envelope) >= max(threshold, atLeast)
    }
}
