public import Basis

/// The head of the issuance log.
public struct LogHead: Sendable, Hashable {
    /// How many certificates it holds.
    public var size: UInt64
    /// 32 bytes: the hash over all of them.
    public var hash: [UInt8]

    /// A head.
    public init(size: UInt64, hash: [UInt8]) {
        self.size = size
        self.hash = hash
    }
}

/// Which objects are current together. Its version is the trust epoch.
public struct SnapshotObject: Sendable, Hashable {
    /// Version and times.
    public var header: ObjectHeader
    /// The current root.
    public var root: ObjectReference
    /// The current topology.
    public var topology: ObjectReference
    /// The current CRL of each issuer, by the issuer's key.
    public var crls: [KeyPin: ObjectReference]
    /// The head of the issuance log, where there is one.
    public var log: LogHead?
    /// The sequence of the user directory.
    public var directorySequence: UInt64

    /// CRLs in one snapshot.
    public static let crlsMax = 1_000

    /// A snapshot.
    public init(
        header: ObjectHeader, root: ObjectReference, topology: ObjectReference, crls: [KeyPin: ObjectReference],
        log: LogHead? = nil, directorySequence: UInt64 = 0
    ) {
        self.header = header
        self.root = root
        self.topology = topology
        self.crls = crls
        self.log = log
        self.directorySequence = directorySequence
    }

    /// The epoch that this snapshot is.
    public var epoch: TrustEpoch { TrustEpoch(header.version) }

    /// Reads what is signed in a snapshot's envelope. Signatures are not checked by this.
    public init(json: JSONValue) throws(DocumentError) {
        var reader = try ObjectReader(json, at: [])
        self.header = try ObjectHeader(reading: &reader, kind: .snapshot)
        self.root = try ObjectReference(json: try reader.required("root"), at: ["root"])
        self.topology = try ObjectReference(json: try reader.required("topology"), at: ["topology"])
        var crls: [KeyPin: ObjectReference] = [:]
        for (name, value) in try reader.members("crls", max: Self.crlsMax) {
            guard let pin = KeyPin(name), pin.description == name else {
                throw DocumentError(path: ["crls", name], message: "is not named by the key of an issuer")
            }
            crls[pin] = try ObjectReference(json: value, at: ["crls", name])
        }
        self.crls = crls
        self.log = try reader.optional("log").map { (value) throws(DocumentError) in
            let head = try ObjectReference(json: value, at: ["log"])
            return LogHead(size: head.version, hash: head.hash)
        }
        self.directorySequence = try reader.requiredNumber("directorySequence")
        try reader.finish()
    }

    /// What is to be signed.
    public var json: JSONValue {
        .members(
            header.members(.snapshot) + [
                ("root", root.json),
                ("topology", topology.json),
                ("crls", .object(Dictionary(crls.map { ($0.description, $1.json) }, uniquingKeysWith: { $1 }))),
                ("log", log.map { ObjectReference(version: $0.size, hash: $0.hash).json }),
                ("directorySequence", .number(directorySequence)),
            ])
    }
}

/// That a snapshot is still the current one at the time of its issue.
public struct TimestampObject: Sendable, Hashable {
    /// Version and times.
    public var header: ObjectHeader
    /// The version of the snapshot.
    public var epoch: TrustEpoch
    /// The hash of the snapshot.
    public var snapshotHash: [UInt8]

    /// A timestamp.
    public init(header: ObjectHeader, epoch: TrustEpoch, snapshotHash: [UInt8]) {
        self.header = header
        self.epoch = epoch
        self.snapshotHash = snapshotHash
    }

    /// Reads what is signed in a timestamp's envelope. Signatures are not checked by this.
    public init(json: JSONValue) throws(DocumentError) {
        var reader = try ObjectReader(json, at: [])
        self.header = try ObjectHeader(reading: &reader, kind: .timestamp)
        let snapshot = try ObjectReference(json: try reader.required("snapshot"), at: ["snapshot"])
        self.epoch = TrustEpoch(snapshot.version)
        self.snapshotHash = snapshot.hash
        try reader.finish()
    }

    /// What is to be signed.
    public var json: JSONValue {
        let snapshot = ObjectReference(version: epoch.number, hash: snapshotHash)
        return .members(header.members(.timestamp) + [("snapshot", snapshot.json)])
    }
}
