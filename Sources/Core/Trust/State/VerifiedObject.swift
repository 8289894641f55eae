/// An object whose signatures were checked: only this file makes one, by the check.
public struct VerifiedObject<Content: Sendable>: Sendable {
    /// What it says.
    public let content: Content
    /// As it came, for passing it on.
    public let envelope: SignedEnvelope
    /// `SignedEnvelope.hash`, kept.
    public let hash: [UInt8]

    private init(content: Content, envelope: SignedEnvelope) {
        self.content = content
        self.envelope = envelope
        self.hash = envelope.hash
    }
}

/// A topology that the publishers signed, that follows the one before, and that belongs to our network.
public typealias VerifiedTopology = VerifiedObject<TopologyObject>
/// A root that its own root keys signed, and those of the root before where there was one.
public typealias VerifiedRoot = VerifiedObject<RootObject>
/// A snapshot that the authority signed.
public typealias VerifiedSnapshot = VerifiedObject<SnapshotObject>
/// A timestamp that the authority signed.
public typealias VerifiedTimestamp = VerifiedObject<TimestampObject>

extension VerifiedObject where Content == RootObject {
    /// The first root, known by its hash from an invitation or from our own disk (nil). TUF §5.2.
    init(first envelope: SignedEnvelope, expectedHash: [UInt8]?) throws(TrustStateError) {
        if let expectedHash, envelope.hash != expectedHash {
            throw TrustStateError(.root, .wrongHash(promisedBy: "invitation"))
        }
        let root = try read(envelope, as: .root, RootObject.init(json:))
        try requireSignatures(of: root.root, on: envelope, .root)
        self.init(content: root, envelope: envelope)
    }

    /// TUF §5.3: the next root has the next version and the thresholds of the old and of the new root keys.
    init(_ envelope: SignedEnvelope, after old: VerifiedRoot) throws(TrustStateError) {
        let root = try read(envelope, as: .root, RootObject.init(json:))
        let known = old.content.header.version
        guard root.header.version - 1 == known else {
            throw TrustStateError(.root, .brokenChain(version: root.header.version, known: known))
        }
        guard root.network == old.content.network else {
            throw TrustStateError(.root, .otherNetwork(root.network))
        }
        try requireSignatures(of: old.content.root, on: envelope, .root)
        try requireSignatures(of: root.root, on: envelope, .root)
        self.init(content: root, envelope: envelope)
    }
}

extension VerifiedObject where Content == TopologyObject {
    /// Signed by the publishers of `root`; `old` nil when none is known. The next version names the hash of the one
    /// before it; after a gap, the signatures and the snapshot alone speak for it.
    init(_ envelope: SignedEnvelope, root: RootObject, after old: VerifiedTopology?) throws(TrustStateError) {
        let object = try read(envelope, as: .topology, TopologyObject.init(json:))
        guard object.topology.network == root.network else {
            throw TrustStateError(.topology, .otherNetwork(object.topology.network))
        }
        var needed = root.publisher.threshold
        if let old, old.hash != envelope.hash {
            let version = object.header.version
            let known = old.content.header.version
            try requireLater(version, than: known, .topology)
            if version - 1 == known, object.previous != old.hash {
                throw TrustStateError(.topology, .brokenChain(version: version, known: known))
            }
            if object.topology.isSensitiveChange(from: old.content.topology) {
                needed = max(needed, root.publisherSensitiveThreshold ?? needed)
            }
        }
        try requireSignatures(of: root.publisher, on: envelope, .topology, atLeast: needed)
        self.init(content: object, envelope: envelope)
    }
}

extension VerifiedObject where Content == SnapshotObject {
    /// Signed by the authority's online key; later than `old`, or the same.
    init(_ envelope: SignedEnvelope, root: RootObject, after old: VerifiedSnapshot?) throws(TrustStateError) {
        let object = try read(envelope, as: .snapshot, SnapshotObject.init(json:))
        if let old, old.hash != envelope.hash {
            try requireLater(object.header.version, than: old.content.header.version, .snapshot)
        }
        try requireSignatures(of: root.snapshot, on: envelope, .snapshot)
        self.init(content: object, envelope: envelope)
    }
}

extension VerifiedObject where Content == TimestampObject {
    /// Signed by the authority's online key; later than `old`, or the same.
    init(_ envelope: SignedEnvelope, root: RootObject, after old: VerifiedTimestamp?) throws(TrustStateError) {
        let object = try read(envelope, as: .timestamp, TimestampObject.init(json:))
        if let old, old.hash != envelope.hash {
            try requireLater(object.header.version, than: old.content.header.version, .timestamp)
        }
        try requireSignatures(of: root.timestamp, on: envelope, .timestamp)
        self.init(content: object, envelope: envelope)
    }
}

extension Topology {
    /// Whether something changed that lets strangers in: a root may ask more publishers for that.
    fileprivate func isSensitiveChange(from old: Topology) -> Bool {
        applications != old.applications || partners != old.partners || roots != old.roots
    }
}

private func read<Content>(
    _ envelope: SignedEnvelope, as kind: TrustObjectKind, _ decode: (JSONValue) throws(DocumentError) -> Content
) throws(TrustStateError) -> Content {
    do {
        return try decode(envelope.signed)
    } catch {
        throw TrustStateError(kind, .malformed(error.description))
    }
}

private func requireSignatures(
    of role: SignerRole, on envelope: SignedEnvelope, _ kind: TrustObjectKind, atLeast: Int = 1
) throws(TrustStateError) {
    let needed = max(role.threshold, atLeast, 1)
    let valid = role.validSigners(of: envelope)
    guard valid >= needed else { throw TrustStateError(kind, .notSigned(valid: valid, needed: needed)) }
}

private func requireLater(_ version: UInt64, than known: UInt64, _ kind: TrustObjectKind) throws(TrustStateError) {
    if version == known { throw TrustStateError(kind, .forked(version: version)) }
    guard version > known else { throw TrustStateError(kind, .rolledBack(version: version, known: known)) }
}
