import Basis
import Crypto
import Testing
import Trust

@Suite("E601 to E606: the topology")
struct TopologyRuleTests {
    @Test("an attacker needs the name, a trusted CA and the key, all three: one of eight combinations passes")
    func eightCombinations() throws {
        let world = try DecisionWorld()
        let context = try world.context()
        for combination in 0..<8 {
            let (name, authority, key) = (combination & 1 != 0, combination & 2 != 0, combination & 4 != 0)
            let request = try world.request("edge1").with {
                if !name { $0.dns = ["rogue.contoso.example"] }
                if !key { $0.key = P256.Signing.PrivateKey() }
            }
            let chain = try (authority ? world.issuing : world.fabrikam).chain(request)
            let expected: TrustCode? = !authority ? .e103 : !name ? (key ? .e303 : .e601) : !key ? .e602 : nil
            #expect(decide(.inside(chain), in: context).code == expected, "\(name) \(authority) \(key)")
        }
    }

    @Test("E601, E602: inbound and outbound, names and keys")
    func entries() throws {
        var world = try DecisionWorld()
        let next = P256.Signing.PrivateKey()
        let edge = try #require(world.topology.servers.firstIndex { $0.name == "edge1.contoso.example" })
        world.topology.servers[edge].keys.append(KeyPin(subjectPublicKeyInfo: next.publicKey.derRepresentation))
        let request = try world.request("edge1")
        let rogue = CertificateRequest(dns: ["rogue.contoso.example"])
        expect(
            [
                .init("current key", .inside(try world.issuing.chain(request)), nil),
                .init("next key", .inside(try world.issuing.chain(request.with { $0.key = next })), nil),
                .init(
                    "all its names",
                    .inside(
                        try world.chain(of: "edge1") {
                            $0.dns += ["edge.contoso.example", "sip.contoso.example", "contoso.example"]
                        }), nil),
                .init("not in the topology", .inside(try world.issuing.chain(rogue)), .e601),
                .init(
                    "not in the topology, dialled",
                    .dialled(
                        .server("rogue.contoso.example"), try world.issuing.chain(rogue)), .e601),
                .init(
                    "a name that is not its own",
                    .inside(
                        try world.chain(of: "edge1") { $0.dns.append("fe1.contoso.example") }), .e601),
                .init(
                    "a URI that is not its own",
                    .inside(
                        try world.chain(of: "edge1") {
                            $0.uris = ["sip:edge1.contoso.example", "sip:alice@contoso.example"]
                        }), .e601),
                .init(
                    "the key of another server",
                    .inside(try world.chain(of: "edge1") { $0.key = world.keys["fe2"] ?? .init() }), .e303),
                .init(
                    "a key that is not pinned", .inside(try world.issuing.chain(request.with { $0.key = .init() })),
                    .e602),
                .init(
                    "a key that is not pinned, dialled",
                    .dialled(
                        .server("edge1.contoso.example"), try world.issuing.chain(request.with { $0.key = .init() })),
                    .e602),
                .init("an application with its key", .inside(try world.issuing.chain(world.request("pbx"))), nil),
                .init(
                    "an application without",
                    .inside(
                        try world.issuing.chain(world.request("pbx").with { $0.key = .init() })), .e602),
                .init(
                    "an application nobody listed",
                    .dialled(
                        .application("x.contoso.example"), try world.issuing.chain(.init(dns: ["x.contoso.example"]))),
                    .e601),
                .init(
                    "an application with its own root and identity",
                    .dialled(
                        .application("gateway.contoso.example"),
                        try world.vendor.chain(.init(dns: ["gw7.vendor.example"], usages: nil))), nil),
                .init(
                    "the same by our CA",
                    .dialled(
                        .application("gateway.contoso.example"),
                        try world.issuing.chain(.init(dns: ["gw7.vendor.example"]))), .e103),
                .init(
                    "the same by another name",
                    .dialled(
                        .application("gateway.contoso.example"),
                        try world.vendor.chain(.init(dns: ["gw8.vendor.example"]))), .e303),
            ], in: try world.context())
    }

    @Test("E604: an expired topology keeps who is named and pinned, and admits nobody new")
    func expired() throws {
        var world = try DecisionWorld()
        world.topologyLife = 3_600 + 600
        let partner = LinkEvidence.outside(try world.fabrikam.chain(DecisionWorld.fabrikamEdge))
        let rows: [DecisionRow] = [
            .init("pinned server", .inside(try world.chain(of: "fe1")), nil),
            .init("unpinned key", .inside(try world.chain(of: "fe1") { $0.key = .init() }), .e602),
            .init("new partner", partner, .e604),
            .init("partner already linked", partner.with { $0.isLive = true }, nil),
            .init("user", .outside([]), nil),
        ]
        expect(rows, in: try world.context("edge1", now: DecisionWorld.start + .seconds(601)))
        #expect(decide(partner, in: try world.context("edge1", now: DecisionWorld.start + .seconds(599))).code == nil)
    }

    @Test("E606: the figure, in both directions")
    func rolePairs() throws {
        let world = try DecisionWorld()
        let links: Set<Set<String>> = [
            ["edge1", "dir1"], ["edge1", "fe1"], ["edge1", "med1"], ["dir1", "fe1"], ["fe1", "fe2"], ["fe1", "med1"],
            ["fe1", "chat1"], ["edge2", "dir1"], ["edge2", "fe1"], ["edge2", "med1"], ["edge1", "fe2"],
            ["edge2", "fe2"],
            ["dir1", "fe2"], ["fe2", "med1"], ["fe2", "chat1"],
        ]
        let names = ["fe1", "fe2", "edge1", "edge2", "med1", "dir1", "chat1"]
        for own in names {
            let context = try world.context(own)
            for peer in names {
                let chain = try world.chain(of: peer)
                let expected: TrustCode? = links.contains([own, peer]) ? nil : .e606
                #expect(decide(.inside(chain), in: context).code == expected, "\(peer) to \(own)")
                let target = Dialled.server(peer + ".contoso.example")
                #expect(decide(.dialled(target, chain), in: context).code == expected, "\(own) to \(peer)")
            }
        }
        let partner = LinkEvidence.dialled(
            .partner("fabrikam.example"), try world.fabrikam.chain(DecisionWorld.fabrikamEdge))
        #expect(decide(partner, in: try world.context("edge1")).code == nil)
        #expect(decide(partner, in: try world.context("fe1")).code == .e606)
        #expect(decide(.inside([]), in: try world.context("fe1")).code == nil)
        #expect(decide(.inside([]), in: try world.context("med1")).code == .e606)
        let pbx = LinkEvidence.inside(try world.issuing.chain(world.request("pbx")))
        #expect(decide(pbx, in: try world.context("med1")).code == nil)
        #expect(decide(pbx, in: try world.context("edge1")).code == .e606)
    }

    @Test("what a peer proves is written into it")
    func peer() throws {
        let world = try DecisionWorld()
        let verdict = decide(.inside(try world.chain(of: "edge1") { $0.serial = 0x0102 }), in: try world.context())
        let peer = try #require(verdict.peer)
        #expect(peer.peerClass == .server)
        #expect(peer.identity == "edge1.contoso.example")
        #expect(peer.roles == [.edge])
        #expect(peer.serial == [1, 2])
        #expect(peer.keyPin == (try world.pin("edge1")))
        #expect(peer.issuerKey == (try CertificateFacts(world.issuing.certificate).keyPin))
        #expect(peer.notAfter == DecisionWorld.start + .seconds(7 * 86_400))
        #expect(peer.epoch == TrustEpoch(1))
    }

    @Test("a topology that is only tried decides by itself, and the old one goes on")
    func trying() throws {
        let world = try DecisionWorld()
        let context = try world.context()
        let evidence = LinkEvidence.inside(try world.chain(of: "edge1"))
        var smaller = world.topology
        smaller.servers.removeAll { $0.name == "edge1.contoso.example" }
        #expect(decide(evidence, in: TrustContext(trying: smaller, insteadOf: context)).code == .e601)
        #expect(decide(evidence, in: context).code == nil)
    }
}
