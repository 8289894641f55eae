/// The objects that changed since a reader last looked, in one JSON text: over the trust channel, to an edge, in a
/// file.
///
/// Nothing in it is verified. Every object proves itself, whichever way the bundle came.
public struct TrustBundle: Sendable, Hashable {
    /// Roots, oldest first.
    public var roots: [SignedEnvelope]
    /// The topology, when it changed.
    public var topology: SignedEnvelope?
    /// CRLs in DER, those that changed.
    public var crls: [[UInt8]]
    /// The snapshot, when it changed.
    public var snapshot: SignedEnvelope?
    /// The newest timestamp.
    public var timestamp: SignedEnvelope?

    /// The form of bundles that this code reads and writes.
    public static let schema: UInt64 = 1
    /// Roots in one bundle.
    public static let rootsMax = 1_000

    /// A bundle of these objects.
    public init(
        roots: [SignedEnvelope] = [], topology: SignedEnvelope? = nil, crls: [[UInt8]] = [],
        snapshot: SignedEnvelope? = nil, timestamp: SignedEnvelope? = nil
    ) {
        self.roots = roots
        self.topology = topology
        self.crls = crls
        self.snapshot = snapshot
        self.timestamp = timestamp
    }

    /// Reads a bundle from its JSON text.
    public init(parsing bytes: [UInt8]) throws(DocumentError) {
        try self.init(json: try ObjectReader.parse(bytes, limits: .bundle))
    }

    /// Reads a bundle that stands inside another document.
    public init(json: JSONValue) throws(DocumentError) {
        var reader = try ObjectReader(json, at: [])
        guard try reader.requiredNumber("schema") == Self.schema else {
            throw reader.fault("schema", "only schema \(Self.schema) is understood")
        }
        self.roots = []
        for value in try reader.optionalArray("roots", max: Self.rootsMax) ?? [] {
            roots.append(try SignedEnvelope(json: value))
        }
        self.topology = try Self.envelope("topology", of: &reader)
        self.crls = []
        for (position, text) in (try reader.optionalStrings("crls", max: SnapshotObject.crlsMax) ?? []).enumerated() {
            guard let der = Base64.decode(text) else {
                throw DocumentError(path: ["crls", String(position)], message: "base 64 is expected here")
            }
            crls.append(der)
        }
        self.snapshot = try Self.envelope("snapshot", of: &reader)
        self.timestamp = try Self.envelope("timestamp", of: &reader)
        try reader.finish()
    }

    /// The bundle as JSON.
    public var json: JSONValue {
        .members([
            ("schema", .number(Self.schema)),
            ("roots", roots.isEmpty ? nil : .array(roots.map(\.json))),
            ("topology", topology?.json),
            ("crls", .stringsIfAny(crls.map(Base64.encode))),
            ("snapshot", snapshot?.json),
            ("timestamp", timestamp?.json),
        ])
    }

    /// The JSON text.
    public var bytes: [UInt8] { json.canonicalBytes }

    private static func envelope(
        _ name: String, of reader: inout ObjectReader
    ) throws(DocumentError) -> SignedEnvelope? {
        guard let value = reader.optional(name) else { return nil }
        return try SignedEnvelope(json: value)
    }
}
