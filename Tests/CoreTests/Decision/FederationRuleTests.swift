import Basis
import Testing
import Trust

@Suite("E105, E401 to E405: partners")
struct FederationRuleTests {
    @Test(
        "RFC 5922 §7.2: the certificate proves an identity of the record, by a root of the record")
    func identities() throws {
        let world = try DecisionWorld()
        func inbound(_ names: String...) throws -> LinkEvidence {
            .outside(try world.fabrikam.chain(.init(dns: names)))
        }
        func outbound(_ names: String...) throws -> LinkEvidence {
            .dialled(.partner("fabrikam.example"), try world.fabrikam.chain(.init(dns: names)))
        }
        let context = try world.context("edge1")
        expect(
            [
                .init("the domain", try inbound("fabrikam.example"), nil),
                .init("the edge's name", try inbound("sip.fabrikam.example"), nil),
                .init("dialled", try outbound("sip.fabrikam.example"), nil),
                .init("another name of theirs", try outbound("edge2.fabrikam.example"), .e402),
                .init("wildcard", try outbound("*.fabrikam.example"), .e304),
                .init("their CA signing our name", try inbound("sip.fabrikam.example", "fe1.contoso.example"), .e105),
                .init(
                    "their CA signing our name alone, where no server of ours may come in",
                    try inbound("fe1.contoso.example"), .e603),
                .init(
                    "their CA signing our name alone, inside",
                    .inside(
                        try world.fabrikam.chain(.init(dns: ["fe1.contoso.example"]))), .e103),
                .init("their CA signing our name alone, dialled", try outbound("fe1.contoso.example"), .e105),
                .init("their CA signing our domain", try outbound("fabrikam.example", "contoso.example"), .e105),
                .init(
                    "their CA signing another partner's host", try inbound("fabrikam.example", "x.tailspin.example"),
                    .e105),
                .init(
                    "their private CA signing a stranger's", try inbound("fabrikam.example", "stranger.example"), .e105),
                .init(
                    "their name by a public CA", .outside(try world.publicRoot.chain(DecisionWorld.fabrikamEdge)), .e103
                ),
                .init("their name by our CA", .outside(try world.issuing.chain(DecisionWorld.fabrikamEdge)), .e103),
            ], in: context)
        let peer = try #require(decide(try inbound("sip.fabrikam.example"), in: context).peer)
        #expect(peer.domains == ["fabrikam.example"])
        #expect(peer.identity == "fabrikam.example")
    }

    @Test("names outside the record are ignored under a public root, but ours and other partners' are not")
    func publicRoots() throws {
        let world = try DecisionWorld()
        func tailspin(_ names: String...) throws -> LinkEvidence {
            .outside(try world.publicRoot.chain(.init(dns: names, usages: [CertificateRequest.serverAuth])))
        }
        expect(
            [
                .init("its own", try tailspin("tailspin.example"), nil),
                .init("and a stranger's", try tailspin("tailspin.example", "shop.stranger.example"), nil),
                .init("and ours", try tailspin("tailspin.example", "sip.contoso.example"), .e105),
                .init("and another partner's", try tailspin("tailspin.example", "www.fabrikam.example"), .e105),
            ], in: try world.context("edge1"))
    }

    @Test("E401, E404, E405: not federated, blocked, discovery off")
    func records() throws {
        var world = try DecisionWorld()
        func dialled(_ domain: String) throws -> LinkEvidence {
            .dialled(.partner(domain), try world.fabrikam.chain(.init(dns: [domain])))
        }
        expect(
            [
                .init("federated", try dialled("fabrikam.example"), nil),
                .init("nobody's domain", try dialled("nobody.example"), .e401),
                .init("switched off", try dialled("litware.example"), .e401),
                .init("blocked", try dialled("woodgrove.example"), .e404),
                .init("blocked, inbound", .outside(try world.fabrikam.chain(.init(dns: ["woodgrove.example"]))), .e404),
            ], in: try world.context("edge1"))
        world.topology.partners.append(PartnerRecord(name: "*", kind: .discovered, enabled: false))
        #expect(decide(try dialled("nobody.example"), in: try world.context("edge1")).code == .e405)
    }

    @Test("a discovered partner proves the very domain that was dialled, whatever DNS said")
    func discovered() throws {
        var world = try DecisionWorld()
        world.topology.partners.append(
            PartnerRecord(name: "*", kind: .discovered, publicRoots: true, revocation: .none))
        func dialled(_ name: String) throws -> LinkEvidence {
            .dialled(.partner("nobody.example"), try world.publicRoot.chain(.init(dns: [name])))
        }
        expect(
            [
                .init("the domain", try dialled("nobody.example"), nil),
                .init("the attacker's own valid name", try dialled("attacker.example"), .e303),
                .init("a host below the domain", try dialled("sip.nobody.example"), .e303),
            ], in: try world.context("edge1"))
    }
}
