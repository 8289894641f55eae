import Basis
import Crypto
import Testing
import Trust

@Suite("Classification, E101, E305, E603")
struct ClassificationTests {
    @Test("the class follows pin, then names, then profile; what nothing claims is judged as server")
    func classes() throws {
        let world = try DecisionWorld()
        let inside = try world.context()
        let outside = try world.context("edge1")
        let pbx = try world.issuing.chain(world.request("pbx"))
        let rows: [(LinkEvidence, TrustContext, PeerClass?, String?)] = [
            (.inside(try world.chain(of: "edge1")), inside, .server, "edge1.contoso.example"),
            (.inside(pbx), inside, .application, "pbx.contoso.example"),
            (.outside(try world.fabrikam.chain(DecisionWorld.fabrikamEdge)), outside, .partner, "fabrikam.example"),
            (.inside(try world.issuing.chain(DecisionWorld.user)), inside, .client, nil),
            (.inside([]), inside, .client, nil),
            (.inside(try world.stranger.chain(try world.request("edge1").with { $0.key = .init() })), inside, nil, nil),
        ]
        for (evidence, context, expected, identity) in rows {
            let verdict = decide(evidence, in: context)
            #expect(verdict.peer?.peerClass == expected, "\(verdict.refusal?.description ?? "")")
            #expect(verdict.peer?.identity == identity)
        }
    }

    @Test("E101 and E603: the listener's classes, decided before any root is chosen")
    func listeners() throws {
        let world = try DecisionWorld()
        let partner = try world.fabrikam.chain(DecisionWorld.fabrikamEdge)
        let combined = ListenerFacts(kind: .combined, classes: [.server, .partner, .client])
        expect(
            [
                .init("no certificate, clients allowed", .outside([]), nil),
                .init("no certificate, servers only", .outside([], classes: [.server]), .e101),
                .init("partner outside", .outside(partner), nil),
                .init("partner on a combined listener", .init(direction: .inbound(combined), chain: partner), nil),
                .init("partner's CA at an internal listener", .inside(partner), .e603),
                .init("internal listener opened to partners", .inside(partner, classes: [.partner, .server]), .e603),
                .init(
                    "own server where only clients are taken", .outside(try world.chain(of: "fe1"), classes: [.client]),
                    .e603),
                .init("nothing shown by the server we dialled", .dialled(.server("fe1.contoso.example"), []), .e101),
            ], in: try world.context("edge1"))
    }

    @Test("E305: names of two records")
    func twoRecords() throws {
        let world = try DecisionWorld()
        let both = DecisionWorld.fabrikamEdge.with { $0.dns.append("tailspin.example") }
        expect(
            [
                .init("one record", .outside(try world.fabrikam.chain(DecisionWorld.fabrikamEdge)), nil),
                .init("two partners", .outside(try world.fabrikam.chain(both)), .e305),
            ], in: try world.context("edge1"))
    }

    @Test("a maker's root makes a client without rights, and nothing more")
    func factoryCertificates() throws {
        let world = try DecisionWorld()
        var listener = ListenerFacts(kind: .external, classes: [.client], deviceRoots: [try world.vendor.der])
        let phone = try world.vendor.chain(.init(subject: "SEP0011", usages: nil))
        let verdict = decide(LinkEvidence(direction: .inbound(listener), chain: phone), in: try world.context("edge1"))
        #expect(verdict.peer?.peerClass == .client)
        #expect(verdict.peer?.userAOR == nil)
        listener.deviceRoots = []
        let without = decide(LinkEvidence(direction: .inbound(listener), chain: phone), in: try world.context("edge1"))
        #expect(without.code == .e603)
    }
}
