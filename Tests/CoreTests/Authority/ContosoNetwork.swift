import Authority
import Basis
import Testing
import Trust

/// A small network for tests: one front end that is also the authority, and one edge, with Ed25519 keys from a seed.
struct ContosoNetwork {
    static let start = WallTime(rfc3339: "2026-11-24T12:00:00Z") ?? WallTime(milliseconds: 0)

    let keys: Founding.Keys
    let frontEndKey: CertificateKey
    let edgeKey: CertificateKey
    let ledger = InMemoryLedger()
    let topology: Topology
    var publisher: Publisher

    init(seed: UInt8 = 1, expect: [String] = []) throws {
        var chance = Chance(seed: [seed])
        keys = try .deterministic(from: &chance)
        frontEndKey = try .deterministic(from: &chance)
        edgeKey = try .deterministic(from: &chance)
        topology = try Self.topology(frontEnd: frontEndKey.pin, edge: edgeKey.pin, expect: expect)
        publisher = try Founding.found(
            topology: topology,
            servers: [
                .init(name: "fe1.contoso.example", subjectPublicKeyInfo: frontEndKey.subjectPublicKeyInfo),
                .init(name: "edge1.contoso.example", subjectPublicKeyInfo: edgeKey.subjectPublicKeyInfo),
            ], keys: keys, now: Self.start, chance: chance, ledger: ledger
        ).publisher
    }

    static func topology(frontEnd: KeyPin, edge: KeyPin, expect: [String] = []) throws -> Topology {
        Topology(
            network: "contoso.example", sipDomains: ["contoso.example"],
            pools: [
                PoolRecord(
                    name: "fe.contoso.example", roles: [.authority, .frontEnd], members: ["fe1.contoso.example"]),
                PoolRecord(
                    name: "edge.contoso.example", roles: [.edge], members: ["edge1.contoso.example"],
                    nextHop: "fe.contoso.example", external: ExternalFace(name: "sip.contoso.example")),
            ],
            servers: [
                ServerRecord(
                    name: "fe1.contoso.example", address: try #require(NetworkAddress("127.0.1.1:5061")),
                    trust: try #require(NetworkAddress("127.0.1.1:5443")), keys: [frontEnd]),
                ServerRecord(
                    name: "edge1.contoso.example", address: try #require(NetworkAddress("127.0.1.2:5061")),
                    external: NetworkAddress("127.0.1.3:5061"),
                    trust: try #require(NetworkAddress("127.0.1.2:5443")), keys: [edge]),
            ], expect: try expect.map { try #require(Expectation($0)) })
    }

    /// The document signed as the next one.
    func signed(_ topology: Topology, at now: WallTime = start) throws -> SignedEnvelope {
        try TopologySigning.sign(
            topology, after: publisher.state.verifiedTopology, with: [keys.publisher], now: now)
    }

    /// What `decide` says at `server` about a link that shows this chain.
    func verdict(
        _ chain: [[UInt8]], at server: String = "fe1.contoso.example", kind: ListenerKind = .internal,
        now: WallTime = start
    ) -> Verdict {
        let classes: Set<PeerClass> = kind == .internal ? [.server, .application] : Set(PeerClass.allCases)
        return decide(
            LinkEvidence(
                direction: .inbound(ListenerFacts(kind: kind, classes: classes)), chain: chain, hasValidatedChain: true,
                tlsVersion: .tls13),
            in: TrustContext(state: publisher.state, now: now, ownServer: server))
    }

    /// The chain of the first key of a server.
    func chain(of server: String, at now: WallTime = start) throws -> [[UInt8]] {
        try #require(publisher.chains(of: server, at: now).first)
    }
}

extension WallTime {
    /// The time this many days later.
    func plus(days: UInt64) -> WallTime { self + .seconds(days * 86_400) }
}
