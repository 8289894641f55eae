import Authority
import Basis
import Trust

extension FuzzTarget {
    /// The signed objects, changed and signed again, into the state of a server that knows what was before.
    static let state = FuzzTarget(
        "state", "signed objects, changed and bound again, into a trust state", bytesMax: 4_096, seeds: { stateSeeds }
    ) { bytes in
        var choices = Choices(bytes)
        let world = try FuzzWorld.shared()
        guard let first = world.epochs.first?.state, let latest = world.epochs.last?.state else { return }
        let base = choices.octet() & 1 == 0 ? first : latest
        var draft = StateDraft(latest, older: first)
        try draft.change(by: &choices, world.keys)
        let now = FuzzWorld.start + .seconds(UInt64(choices.octet()) * 60)
        guard let next = try? base.applying(draft.bundle, now: now) else { return }
        try check(next, after: base, isForged: draft.isForged)
        // A server that begins with nothing gets to the same state.
        guard let root = next.bundle(since: TrustEpoch(0)).roots.first,
            let joined = try? TrustState.joining(
                next.bundle(since: TrustEpoch(0)), expectedRootHash: root.hash, now: now)
        else { throw Finding("the state that was taken cannot be handed on") }
        try Finding.unless(
            joined.epoch == next.epoch && joined.topology == next.topology, "the state is another one after joining")
        _ = TrustContext(state: next, now: now, ownServer: FuzzWorld.frontEnd)
    }

    private static let stateSeeds: [[UInt8]] = [
        [0], [1], [0, 0, 1, 0, 10, 2, 1, 57], [0, 1, 1, 0, 5, 0, 0], [0, 2], [0, 3, 1],
    ]

    /// TUF §5: nothing goes back, and nothing is taken that the right keys have not signed.
    private static func check(_ next: TrustState, after old: TrustState, isForged: Bool) throws(Finding) {
        try Finding.unless(next.epoch >= old.epoch, "epoch \(next.epoch) follows \(old.epoch)")
        try Finding.unless(next.root.header.version >= old.root.header.version, "the root goes back")
        let (before, after) = (old.verifiedTopology, next.verifiedTopology)
        let versions = (before?.content.header.version ?? 0, after?.content.header.version ?? 0)
        try Finding.unless(
            versions.0 < versions.1 || versions.0 == versions.1 && before?.hash == after?.hash,
            "topology \(versions.1) follows \(versions.0)")
        try Finding.unless(!isForged, "an object is taken that other keys signed")
        try Finding.unless(next.topology?.network == old.topology?.network, "another network")
    }
}

/// Objects as an authority would publish them next, and what an input makes of them.
private struct StateDraft {
    private(set) var bundle: TrustBundle
    /// Whether something that changed was signed by a key that may not.
    private(set) var isForged = false

    private let older: TrustBundle

    init(_ state: TrustState, older: TrustState) {
        bundle = state.bundle(since: TrustEpoch(0))
        self.older = older.bundle(since: TrustEpoch(0))
    }

    private enum Kind: CaseIterable {
        case topology
        case snapshot
        case timestamp
        case root
    }

    mutating func change(by choices: inout Choices, _ keys: Founding.Keys) throws {
        // What was good once is shown again, in a bundle that is new otherwise.
        let replays = choices.octet()
        if replays & 1 != 0 { bundle.topology = older.topology }
        if replays & 2 != 0 { bundle.snapshot = older.snapshot }
        if replays & 4 != 0 { bundle.timestamp = older.timestamp }
        let kind = choices.element(of: Kind.allCases) ?? .topology
        let signer = choices.number(below: 4)
        // Mostly the key that may; the others show that the signature is what counts.
        let key = signer == 1 ? keys.snapshot : signer == 2 ? keys.publisher : signer == 3 ? keys.root : nil
        switch kind {
        case .topology:
            bundle.topology = try changed(bundle.topology, by: &choices, key, keys.publisher)
            try bind(keys, choices.octet())
        case .snapshot:
            bundle.snapshot = try changed(bundle.snapshot, by: &choices, key, keys.snapshot)
            try bindTimestamp(keys)
        case .timestamp: bundle.timestamp = try changed(bundle.timestamp, by: &choices, key, keys.snapshot)
        case .root:
            guard let last = bundle.roots.last, let next = try changed(last, by: &choices, key, keys.root) else {
                return
            }
            bundle.roots.append(next)
            try bind(keys, choices.octet())
        }
    }

    private mutating func changed(
        _ envelope: SignedEnvelope?, by choices: inout Choices, _ key: SigningKey?, _ right: SigningKey
    ) throws -> SignedEnvelope? {
        guard let envelope else { return nil }
        var text = envelope.signed.canonicalBytes
        for _ in 0..<choices.number(below: 5) {
            let start = choices.number(below: text.count + 1)
            let end = start + choices.number(below: min(text.count - start + 1, 64))
            text.replaceSubrange(start..<end, with: choices.octets(atMost: 64))
        }
        guard var value = try? JSONValue(parsing: text) else { return envelope }
        let step = Int64(Int8(bitPattern: choices.octet()))
        if step != 0, case .object(var members) = value, let version = value["version"]?.integerValue {
            members["version"] = .integer(max(0, min(version, JSONValue.integerMax - 128) + step))
            value = .object(members)
        }
        let signer = key ?? right
        if value != envelope.signed, signer.publicKey != right.publicKey { isForged = true }
        return try SignedEnvelope(signing: value, with: [signer])
    }

    /// A snapshot and a timestamp that name what there is now, one version on.
    private mutating func bind(_ keys: Founding.Keys, _ number: UInt8) throws {
        guard let old = bundle.snapshot, var snapshot = try? SnapshotObject(json: old.signed) else { return }
        if number & 1 == 0 { snapshot.header.version += 1 }
        if let topology = bundle.topology {
            snapshot.topology = ObjectReference(version: version(topology), hash: topology.hash)
        }
        if let root = bundle.roots.last { snapshot.root = ObjectReference(version: version(root), hash: root.hash) }
        bundle.snapshot = try SignedEnvelope(signing: snapshot.json, with: [keys.snapshot])
        try bindTimestamp(keys)
    }

    private mutating func bindTimestamp(_ keys: Founding.Keys) throws {
        guard let snapshot = bundle.snapshot, let old = bundle.timestamp,
            var timestamp = try? TimestampObject(json: old.signed)
        else { return }
        timestamp.header.version &+= 1
        timestamp.epoch = TrustEpoch(version(snapshot))
        timestamp.snapshotHash = snapshot.hash
        bundle.timestamp = try SignedEnvelope(signing: timestamp.json, with: [keys.snapshot])
    }

    private func version(_ envelope: SignedEnvelope) -> UInt64 {
        UInt64(clamping: envelope.signed["version"]?.integerValue ?? 0)
    }
}
