public import Basis

/// The kinds of object that make up the trust state.
public enum TrustObjectKind: String, Sendable, Hashable, CaseIterable {
    /// Who may sign what, and the CAs.
    case root
    /// Who belongs to the network.
    case topology
    /// What is revoked, by one issuer.
    case revocationList
    /// Which objects are current together.
    case snapshot
    /// That the snapshot is still current.
    case timestamp
}

/// What every signed object begins with.
public struct ObjectHeader: Sendable, Hashable {
    /// The form of the objects that this code reads and writes.
    public static let schema: UInt64 = 1

    /// Grows with each object of its kind.
    public var version: UInt64
    /// When it was signed.
    public var issued: WallTime
    /// Until when it is meant to be used.
    public var expires: WallTime

    /// A header.
    public init(version: UInt64, issued: WallTime, expires: WallTime) {
        self.version = version
        self.issued = issued
        self.expires = expires
    }

    /// Reads the common members; the object must be of `kind`, in the schema that we know, and expire after it was
    /// issued.
    init(reading reader: inout ObjectReader, kind: TrustObjectKind) throws(DocumentError) {
        let type = try reader.requiredString("type")
        guard type == kind.rawValue else { throw reader.fault("type", "\"\(kind.rawValue)\" is expected here") }
        guard try reader.requiredNumber("schema") == Self.schema else {
            throw reader.fault("schema", "only schema \(Self.schema) is understood")
        }
        self.version = try reader.requiredNumber("version")
        guard version >= 1 else { throw reader.fault("version", "versions start at 1") }
        self.issued = try reader.requiredTime("issued")
        self.expires = try reader.requiredTime("expires")
        guard issued < expires else { throw reader.fault("expires", "is not after issued") }
    }

    /// The common members.
    func members(_ kind: TrustObjectKind) -> [(String, JSONValue?)] {
        [
            ("type", .string(kind.rawValue)),
            ("schema", .number(Self.schema)),
            ("version", .number(version)),
            ("issued", .string(issued.description)),
            ("expires", .string(expires.description)),
        ]
    }
}

/// How one object points to another: which one, and the hash of what it must say.
public struct ObjectReference: Sendable, Hashable {
    /// The version; of a CRL its number (the low 53 bits).
    public var version: UInt64
    /// 32 bytes of SHA-256: `SignedEnvelope.hash`, and over the DER of a CRL.
    public var hash: [UInt8]

    /// A reference.
    public init(version: UInt64, hash: [UInt8]) {
        self.version = version
        self.hash = hash
    }

    init(json: JSONValue, at path: [String]) throws(DocumentError) {
        var reader = try ObjectReader(json, at: path)
        self.version = try reader.requiredNumber("version")
        self.hash = try reader.requiredHash("hash")
        try reader.finish()
    }

    var json: JSONValue { .members([("version", .number(version)), ("hash", .hash(hash))]) }
}

extension JSONValue {
    /// A number of ours, at most `integerMax`.
    static func number(_ number: UInt64) -> JSONValue { .integer(min(Int64(clamping: number), integerMax)) }

    /// A hash as `sha256:HEX`.
    static func hash(_ bytes: [UInt8]) -> JSONValue { .string("sha256:" + Hex.encode(bytes)) }
}
