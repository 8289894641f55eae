import Authority
import Basis
import Server
import Trust

extension FuzzTarget {
    /// Every document that crosses the trust channel, a file of it, or the administration socket.
    static let documents = FuzzTarget(
        "documents", "JSON of the trust channel, in each of its documents", bytesMax: 16_384, seeds: documentSeeds
    ) { bytes in
        var choices = Choices(bytes)
        let kind = choices.element(of: DocumentKind.allCases) ?? .json
        let text = choices.rest()
        guard let written = try kind.written(text) else { return }
        let again = try kind.written(written)
        try Finding.unless(again == written, "\(kind): \(string(written)) is written again as \(string(again ?? []))")
    }

    /// The topology, as a document and as operators write it.
    static let topology = FuzzTarget(
        "topology", "a topology: decode, check, encode, compare; and its source text", bytesMax: 16_384,
        seeds: {
            let topologies = [try FuzzWorld.shared().topology, try fullTopology()]
            return topologies.flatMap { [[0] + $0.json.canonicalBytes, [1] + Array(TopologySource.text(of: $0).utf8)] }
        }
    ) { bytes in
        var choices = Choices(bytes)
        let world = try FuzzWorld.shared()
        let isSource = choices.octet() & 1 == 1
        let text = choices.rest()
        guard let topology = isSource ? source(text) : document(text) else { return }
        let problems = topology.check()
        try Finding.unless(problems.allSatisfy { !$0.description.isEmpty }, "a problem has no words")
        try Finding.unless(Topology.diff(from: topology, to: topology).isEmpty, "a topology differs from itself")
        let changes = Topology.diff(from: world.topology, to: topology)
        try Finding.unless(!changes.isEmpty || topology == world.topology, "two topologies differ in nothing")
        let encoded = topology.json
        guard let again = try? Topology(json: encoded) else {
            throw Finding("\(string(encoded.canonicalBytes)) is no topology")
        }
        try Finding.unless(again == topology, "\(string(encoded.canonicalBytes)) is another topology")
        for server in topology.servers { _ = (topology.names(of: server.name), topology.roles(of: server.name)) }
        // What the check passes, people can read, and write again.
        guard !problems.contains(where: { $0.severity == .error }) else { return }
        _ = TrustContext(trying: topology, insteadOf: world.update(0, of: FuzzWorld.frontEnd).context)
    }

    /// A topology in which no member of any record has its usual value.
    private static func fullTopology() throws -> Topology {
        var topology = try FuzzWorld.shared().topology
        topology.media = .preferred
        let address = NetworkAddress("[2001:db8::9]:5071")
        topology.applications = [
            ApplicationRecord(
                name: "pbx.contoso.example", address: address, identities: ["gw.vendor.example"], pinned: false,
                keys: topology.servers.first?.keys ?? [], roots: topology.roots.map(\.name), routes: ["tel:+4930*"],
                grant: ApplicationGrant(
                    assertIdentity: true, users: ["alice@contoso.example"], numbers: ["+4930*"], challenged: true,
                    outboundOnly: true, throttled: false))
        ]
        topology.partners += [
            PartnerRecord(
                name: "tailspin.example", edge: "edge.tailspin.example", address: address,
                domains: ["tailspin.example", "tailspin.test"], identities: ["a.tailspin.example"],
                roots: topology.roots.map(\.name), publicRoots: true, revocation: .required, enabled: false,
                blocked: true,
                via: "edge.contoso.example"),
            PartnerRecord(name: Topology.discoveryName, kind: .discovered, enabled: false),
        ]
        topology.expect = ["fe1.contoso.example reaches fabrikam.example", "rogue.contoso.example is refused"]
            .compactMap { Expectation($0) }
        return topology
    }

    private static func source(_ text: [UInt8]) -> Topology? {
        try? TopologySource.parse(string(text), certificateFile: { _ in [1, 2, 3] }).topology
    }

    private static func document(_ text: [UInt8]) -> Topology? {
        guard let value = try? JSONValue(parsing: text) else { return nil }
        return try? Topology(json: value)
    }

    private static func documentSeeds() throws -> [[UInt8]] {
        let world = try FuzzWorld.shared()
        let bundle = world.bundle
        guard let topology = bundle.topology, let snapshot = bundle.snapshot, let timestamp = bundle.timestamp,
            let root = bundle.roots.first, let changes = world.delivery.directory
        else { throw Finding("the world is not whole") }
        let evidence = LinkEvidence.outside(world.chains[FuzzWorld.partnerEdge] ?? [])
        let trace = decide(evidence, in: world.update(0, of: FuzzWorld.edge).context).trace
        let acknowledgement = NodeAcknowledgement(
            node: FuzzWorld.edge, epoch: TrustEpoch(3), swept: true, linksClosed: 1, userEnded: 2,
            refusals: [.init(peer: "x", key: nil, code: "E601", time: FuzzWorld.start)])
        let admission = NodeAdmission(
            name: FuzzWorld.edge, authority: FuzzWorld.frontEnd, root: root, bundle: bundle,
            chains: world.chains[FuzzWorld.edge].map { [$0] } ?? [])
        var chance = Chance(seed: [3])
        let key = try CertificateKey.deterministic(from: &chance)
        let request = try NodeRequest(
            name: FuzzWorld.edge, roles: [.edge], address: NetworkAddress("192.0.2.1:5061"), key: key, nextKey: key.pin)
        let documents: [(DocumentKind, [UInt8])] = [
            (.json, Array(#"{"a":[1,-2,"\u00e9\n\ud83d\ude00\u0000\u001f\u007f\/",true,null,{}]}"#.utf8)),
            (.envelope, timestamp.bytes),
            (.root, root.signed.canonicalBytes), (.topology, topology.signed.canonicalBytes),
            (.snapshot, snapshot.signed.canonicalBytes), (.timestamp, timestamp.signed.canonicalBytes),
            (.bundle, bundle.bytes), (.directory, changes.bytes), (.delivery, world.delivery.bytes),
            (.acknowledgement, acknowledgement.bytes), (.request, request.bytes), (.admission, admission.bytes),
            (.card, world.card.bytes), (.evidence, evidence.encoded), (.trace, trace.encoded),
            (.address, Array("[2001:db8::1]:5061".utf8)), (.time, Array("2026-11-25T17:00:00.5Z".utf8)),
            (.pin, Array(key.pin.description.utf8)), (.base64, Array("AAEC/w==".utf8)),
        ]
        return documents.map { kind, text in [UInt8(DocumentKind.allCases.firstIndex(of: kind) ?? 0)] + text }
            .filter { $0.count <= 16_384 }
    }
}

/// A document that others send us.
private enum DocumentKind: CaseIterable {
    case json
    case envelope
    case root
    case topology
    case snapshot
    case timestamp
    case bundle
    case directory
    case delivery
    case acknowledgement
    case request
    case admission
    case card
    case evidence
    case trace
    case address
    case time
    case pin
    case base64

    /// Reads the document and writes it; nil when it is refused.
    func written(_ text: [UInt8]) throws(Finding) -> [UInt8]? {
        switch self {
        case .json: (try? JSONValue(parsing: text))?.canonicalBytes
        case .envelope: (try? SignedEnvelope(parsing: text))?.bytes
        case .root: value(text).flatMap { try? RootObject(json: $0) }?.json.canonicalBytes
        case .topology: value(text).flatMap { try? TopologyObject(json: $0) }?.json.canonicalBytes
        case .snapshot: value(text).flatMap { try? SnapshotObject(json: $0) }?.json.canonicalBytes
        case .timestamp: value(text).flatMap { try? TimestampObject(json: $0) }?.json.canonicalBytes
        case .bundle: (try? TrustBundle(parsing: text))?.bytes
        case .directory: try directory(text)
        case .delivery: (try? NodeDelivery(parsing: text))?.bytes
        case .acknowledgement: (try? NodeAcknowledgement(parsing: text))?.bytes
        case .request: (try? NodeRequest(parsing: text))?.bytes
        case .admission: (try? NodeAdmission(parsing: text))?.bytes
        case .card: (try? PartnerCard(parsing: text))?.bytes
        case .evidence: (try? LinkEvidence(decoding: text))?.encoded
        case .trace: (try? Trace(decoding: text))?.encoded
        case .address: NetworkAddress(string(text)).map { Array($0.description.utf8) }
        case .time: WallTime(rfc3339: string(text)).map { Array($0.description.utf8) }
        case .pin: KeyPin(string(text)).map { Array($0.description.utf8) }
        case .base64: Base64.decode(string(text)).map { Array(Base64.encode($0).utf8) }
        }
    }

    private func value(_ text: [UInt8]) -> JSONValue? { try? JSONValue(parsing: text) }

    /// A directory that takes the changes hands the same out again.
    private func directory(_ text: [UInt8]) throws(Finding) -> [UInt8]? {
        guard let changes = try? DirectoryChanges(parsing: text) else { return nil }
        var directory = UserDirectory()
        guard (try? directory.apply(changes)) != nil else { return changes.bytes }
        try Finding.unless(
            directory.sequence == changes.to, "the directory is at \(directory.sequence), not \(changes.to)")
        for record in changes.records {
            try Finding.unless(directory.record(for: record.aor) != nil, "\(record.aor) is not found")
        }
        return changes.bytes
    }
}

private func string(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
