import Basis
import SwiftASN1
import Testing
import Trust
import X509

@Suite("E501, E502: revocation")
struct RevocationRuleTests {
    @Test("RFC 5280 §6.3.3: a serial number on the issuer's list is refused, live or new, server or user")
    func revoked() throws {
        var world = try DecisionWorld()
        world.revoked = [666]
        let bad = LinkEvidence.inside(try world.chain(of: "edge1") { $0.serial = 666 })
        expect(
            [
                .init("not on the list", .inside(try world.chain(of: "edge1")), nil),
                .init("on the list", bad, .e501),
                .init("on the list, while it is linked", bad.with { $0.isLive = true }, .e501),
                .init("outbound", .dialled(.server("edge1.contoso.example"), bad.chain), .e501),
                .init("a user's", .inside(try world.issuing.chain(DecisionWorld.user.with { $0.serial = 666 })), .e501),
                .init(
                    "the same serial of another CA",
                    .inside(
                        try world.fabrikam.chain(world.request("edge1").with { $0.serial = 666 })), .e103),
            ], in: try world.context())
    }

    @Test("A user's machine that is handed a list believes it")
    func handedList() throws {
        var world = try DecisionWorld()
        world.revoked = [666]
        let chain = try world.chain(of: "edge1") { $0.serial = 666 }
        let target = Dialled.registrar("edge1.contoso.example")
        let roots = [try world.root.der]
        expect(
            [
                .init("not on the list", .dialled(target, try world.chain(of: "edge1")), nil),
                .init("on the list", .dialled(target, chain), .e501),
            ],
            in: try TrustContext(
                roots: roots, lists: [try world.crl()], issuers: Array(chain.dropFirst()), now: DecisionWorld.start))
        let without = TrustContext(roots: roots, now: DecisionWorld.start)
        #expect(decide(.dialled(target, chain), in: without).code == nil)
    }

    @Test("the condition table: fresh, grace, closed, missing")
    func conditions() throws {
        var world = try DecisionWorld()
        let server = LinkEvidence.inside(try world.chain(of: "edge1"))
        let user = LinkEvidence.inside(try world.issuing.chain(DecisionWorld.user))
        func at(_ age: UInt64) throws -> TrustContext {
            world.listUntil = DecisionWorld.start - .seconds(age)
            return try world.context()
        }
        let grace = try at(3_600)
        #expect(decide(server, in: grace).code == nil)
        #expect(decide(server, in: grace).trace.alarms.map(\.rule) == ["revocation"])
        #expect(decide(user, in: grace).peer?.userAOR == "alice@contoso.example")
        let closed = try at(25 * 3_600)
        #expect(decide(server, in: closed).code == .e502)
        #expect(decide(server.with { $0.isLive = true }, in: closed).code == nil)
        #expect(decide(user, in: closed).peer?.peerClass == .client)
        #expect(decide(user, in: closed).peer?.userAOR == nil)
        world.hasList = false
        #expect(decide(server, in: try world.context()).code == .e502)
    }

    @Test("RFC 9608 §3: a partner's issuer may publish nothing, when its certificates say so or live short")
    func partners() throws {
        let world = try DecisionWorld()
        let long = DecisionWorld.start + .seconds(300 * 86_400)
        func tailspin(_ change: (inout CertificateRequest) -> Void) throws -> LinkEvidence {
            let request = CertificateRequest(dns: ["tailspin.example"], usages: [CertificateRequest.serverAuth])
            return .outside(try world.publicRoot.chain(request.with(change)))
        }
        func fabrikam(_ change: (inout CertificateRequest) -> Void) throws -> LinkEvidence {
            .outside(try world.fabrikam.chain(DecisionWorld.fabrikamEdge.with(change)))
        }
        let noRevocation = Certificate.Extension(oid: [2, 5, 29, 56], critical: false, value: [5, 0])
        let published = Certificate.Extension(
            oid: [2, 5, 29, 31], critical: false,
            value: ([0x30, 0x18, 0x30, 0x16, 0xA0, 0x14, 0xA0, 0x12, 0x86, 0x10] + Array("http://f.test/cr".utf8))[...])
        expect(
            [
                .init("required, short-lived", try tailspin { _ in }, nil),
                .init("required, long-lived", try tailspin { $0.until = long }, .e502),
                .init(
                    "required, noRevAvail",
                    try tailspin {
                        $0.until = long; $0.more = [noRevocation]
                    }, nil),
                .init("when published, not published", try fabrikam { $0.until = long }, nil),
                .init(
                    "when published, published, and no list here",
                    try fabrikam {
                        $0.until = long
                        $0.more = [published]
                    }, .e502),
            ], in: try world.context("edge1"))
    }
}
