import Authority
import Basis
import Trust

/// A network with one front end and one edge, founded as `entente init` does it.
struct Network {
    /// When it was founded, and when everything else happens.
    static let start = WallTime(seconds: 1_780_000_000)
    static let frontEnd = "fe1.contoso.example"
    static let edge = "edge1.contoso.example"

    let publisher: Publisher

    init() throws {
        let (frontEndKey, edgeKey) = (CertificateKey.generate(.p256), CertificateKey.generate(.p256))
        var topology = Topology(network: "contoso.example", sipDomains: ["contoso.example"])
        topology.pools = [
            PoolRecord(name: "fe.contoso.example", roles: [.authority, .frontEnd], members: [Self.frontEnd]),
            PoolRecord(
                name: "edge.contoso.example", roles: [.edge], members: [Self.edge], nextHop: "fe.contoso.example",
                external: ExternalFace(name: "sip.contoso.example")),
        ]
        topology.servers = [
            ServerRecord(
                name: Self.frontEnd, address: try Self.address("192.0.2.1:5061"),
                trust: try Self.address("192.0.2.1:5443"), keys: [frontEndKey.pin]),
            ServerRecord(
                name: Self.edge, address: try Self.address("192.0.2.2:5061"),
                external: try Self.address("192.0.2.3:5061"), trust: try Self.address("192.0.2.2:5443"),
                keys: [edgeKey.pin]),
        ]
        publisher = try Founding.found(
            topology: topology,
            servers: [
                .init(name: Self.frontEnd, subjectPublicKeyInfo: frontEndKey.subjectPublicKeyInfo),
                .init(name: Self.edge, subjectPublicKeyInfo: edgeKey.subjectPublicKeyInfo),
            ], keys: .generate(), now: Self.start, chance: Chance(seed: [1]), ledger: InMemoryLedger()
        ).publisher
    }

    static func address(_ text: String) throws -> NetworkAddress {
        guard let address = NetworkAddress(text) else { throw BenchmarkFailure("\(text) is no address") }
        return address
    }

    /// What the front end judges by.
    var context: TrustContext {
        TrustContext(state: publisher.state, now: Self.start, ownServer: Self.frontEnd)
    }

    /// A link that the edge opened to the front end.
    func edgeLink() throws -> LinkEvidence {
        guard let chain = publisher.chains(of: Self.edge, at: Self.start).first else {
            throw BenchmarkFailure("the edge has no certificate")
        }
        return LinkEvidence(direction: Self.inbound, chain: chain)
    }

    /// A link that a telephone opened to the front end.
    static func telephoneLink(port: Int) throws -> LinkEvidence {
        LinkEvidence(direction: inbound, chain: [], remoteAddress: try address("192.0.2.7:\(port)"))
    }

    private static let inbound = LinkDirection.inbound(
        ListenerFacts(kind: .internal, classes: [.server, .application, .client]))
}
