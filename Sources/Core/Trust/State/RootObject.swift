/// The object from which all trust in a network follows: who may sign which object, and the enterprise's CAs.
///
/// Signed by the threshold of its own root keys and, when it replaces another, of that one's too (TUF §5.3).
public struct RootObject: Sendable, Hashable {
    /// Version and times.
    public var header: ObjectHeader
    /// The network's name: the topology must have the same.
    public var network: String
    /// Who signs the next root.
    public var root: SignerRole
    /// Who signs topologies.
    public var publisher: SignerRole
    /// How many publishers must sign when applications, partners or roots change, where that is more than the
    /// threshold.
    public var publisherSensitiveThreshold: Int?
    /// Who signs snapshots.
    public var snapshot: SignerRole
    /// Who signs timestamps.
    public var timestamp: SignerRole
    /// The roots of the enterprise's CA, DER.
    public var rootCertificates: [[UInt8]]
    /// Its issuing CAs, DER.
    public var issuingCertificates: [[UInt8]]
    /// The SubjectPublicKeyInfo (DER) with which heads of the issuance log are checked; nil without a log.
    public var logKey: [UInt8]?

    /// Keys of one role, and CA certificates of one kind.
    public static let entriesMax = 32

    /// A root.
    public init(
        header: ObjectHeader, network: String, root: SignerRole, publisher: SignerRole,
        publisherSensitiveThreshold: Int? = nil, snapshot: SignerRole, timestamp: SignerRole,
        rootCertificates: [[UInt8]], issuingCertificates: [[UInt8]], logKey: [UInt8]? = nil
    ) {
        self.header = header
        self.network = network
        self.root = root
        self.publisher = publisher
        self.publisherSensitiveThreshold = publisherSensitiveThreshold
        self.snapshot = snapshot
        self.timestamp = timestamp
        self.rootCertificates = rootCertificates
        self.issuingCertificates = issuingCertificates
        self.logKey = logKey
    }

    /// Reads what is signed in a root's envelope. Signatures are not checked by this.
    public init(json: JSONValue) throws(DocumentError) {
        var reader = try ObjectReader(json, at: [])
        self.header = try ObjectHeader(reading: &reader, kind: .root)
        self.network = try reader.requiredString("network")
        let keys = try Self.readKeys(&reader)
        var roles = try ObjectReader(try reader.required("roles"), at: ["roles"])
        self.root = try Self.readRole("root", of: &roles, keys).role
        let publisher = try Self.readRole("topology", of: &roles, keys)
        self.publisher = publisher.role
        self.publisherSensitiveThreshold = publisher.sensitive
        self.snapshot = try Self.readRole("snapshot", of: &roles, keys).role
        self.timestamp = try Self.readRole("timestamp", of: &roles, keys).role
        try roles.finish()
        var authorities = try ObjectReader(try reader.required("authorities"), at: ["authorities"])
        self.rootCertificates = try Self.readCertificates("roots", of: &authorities)
        self.issuingCertificates = try Self.readCertificates("issuing", of: &authorities)
        try authorities.finish()
        self.logKey = try reader.optionalBytes("log")
        try reader.finish()
    }

    /// What is to be signed.
    public var json: JSONValue {
        let keys = [root, publisher, snapshot, timestamp].flatMap(\.keys).map {
            ($0.id.hex, JSONValue.string(Base64.encode($0.subjectPublicKeyInfo)))
        }
        return .members(
            header.members(.root) + [
                ("network", .string(network)),
                ("keys", .object(Dictionary(keys, uniquingKeysWith: { first, _ in first }))),
                (
                    "roles",
                    .members([
                        ("root", Self.json(root)),
                        ("topology", Self.json(publisher, sensitive: publisherSensitiveThreshold)),
                        ("snapshot", Self.json(snapshot)),
                        ("timestamp", Self.json(timestamp)),
                    ])
                ),
                (
                    "authorities",
                    .members([
                        ("roots", .strings(rootCertificates.map(Base64.encode))),
                        ("issuing", .strings(issuingCertificates.map(Base64.encode))),
                    ])
                ),
                ("log", logKey.map { .string(Base64.encode($0)) }),
            ])
    }

    private static func json(_ role: SignerRole, sensitive: Int? = nil) -> JSONValue {
        .members([
            ("keyids", .strings(role.keys.map(\.id.hex))),
            ("threshold", .number(UInt64(clamping: role.threshold))),
            ("sensitiveThreshold", sensitive.map { .number(UInt64(clamping: $0)) }),
        ])
    }

    private static func readKeys(
        _ reader: inout ObjectReader
    ) throws(DocumentError) -> [String: SignaturePublicKey] {
        var keys: [String: SignaturePublicKey] = [:]
        for (keyID, value) in try reader.members("keys", max: entriesMax * 4) {
            // A keyid is the hash of its key (TUF §4.2): one key cannot count twice under two names.
            guard let text = value.stringValue, let bytes = Base64.decode(text),
                let key = try? SignaturePublicKey(subjectPublicKeyInfo: bytes), key.id.hex == keyID
            else {
                throw DocumentError(
                    path: ["keys", keyID], message: "an Ed25519 SubjectPublicKeyInfo with this SHA-256 is expected here"
                )
            }
            keys[keyID] = key
        }
        return keys
    }

    private static func readRole(
        _ name: String, of reader: inout ObjectReader, _ keys: [String: SignaturePublicKey]
    ) throws(DocumentError) -> (role: SignerRole, sensitive: Int?) {
        var entry = try ObjectReader(try reader.required(name), at: reader.path + [name])
        var members: [SignaturePublicKey] = []
        for keyID in try entry.optionalStrings("keyids", max: entriesMax) ?? [] {
            guard let key = keys[keyID] else { throw entry.fault("keyids", "\(keyID) is not among the keys") }
            guard !members.contains(key) else { throw entry.fault("keyids", "\(keyID) appears twice") }
            members.append(key)
        }
        let threshold = Int(clamping: try entry.requiredNumber("threshold"))
        let sensitive =
            name == "topology" ? try entry.optionalNumber("sensitiveThreshold").map(Int.init(clamping:)) : nil
        try entry.finish()
        guard (1...max(1, members.count)).contains(threshold), !members.isEmpty,
            (threshold...members.count).contains(sensitive ?? threshold)
        else { throw entry.fault("threshold", "must be from 1 to the number of keys") }
        return (SignerRole(keys: members, threshold: threshold), sensitive)
    }

    private static func readCertificates(
        _ name: String, of reader: inout ObjectReader
    ) throws(DocumentError) -> [[UInt8]] {
        var certificates: [[UInt8]] = []
        for text in try reader.optionalStrings(name, max: entriesMax) ?? [] {
            guard let bytes = Base64.decode(text), bytes.count <= TopologyLimits.certificateBytesMax else {
                throw reader.fault(name, "certificates in base 64 are expected here")
            }
            certificates.append(bytes)
        }
        guard !certificates.isEmpty else { throw reader.fault(name, "is missing") }
        return certificates
    }
}
