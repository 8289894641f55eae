import Basis
import SwiftASN1
import Testing
import Trust
import X509

@Suite("E201 to E304: time, identity, usage")
struct IdentityRuleTests {
    @Test("RFC 5280 §4.1.2.5: every certificate of the path is inside its validity")
    func time() throws {
        let world = try DecisionWorld()
        let until = DecisionWorld.start + .seconds(60)
        let short = LinkEvidence.inside(try world.chain(of: "edge1") { $0.until = until })
        let early = LinkEvidence.inside(try world.chain(of: "edge1") { $0.from = until })
        let oldIssuer = try world.root.subordinate(
            .authority("Old").with { $0.until = DecisionWorld.start - .seconds(1) })
        expect(
            [
                .init("valid", short, nil),
                .init("not yet valid", early, .e202),
                .init("issuer expired", .inside(try oldIssuer.chain(world.request("edge1"))), .e201),
            ], in: try world.context())
        expect(
            [
                .init("its last second", short, nil), .init("its first second", early, nil),
                .init("without name", .inside(try world.chain(of: "edge1") { $0.dns = [] }), .e301),
            ], in: try world.context(now: until))
        #expect(decide(short, in: try world.context(now: until + .seconds(1))).code == .e201)
    }

    @Test("E203: a doubtful clock keeps who is pinned and refuses new partners")
    func clock() throws {
        let world = try DecisionWorld()
        var context = try world.context("edge1")
        context.isClockDoubtful = true
        let partner = LinkEvidence.outside(try world.fabrikam.chain(DecisionWorld.fabrikamEdge))
        let server = LinkEvidence.inside(try world.chain(of: "fe1"))
        expect(
            [
                .init("pinned server", server, nil), .init("new partner", partner, .e203),
                .init("partner already linked", partner.with { $0.isLive = true }, nil),
            ], in: context)
        #expect(decide(server, in: context).trace.alarms.contains { $0.rule == "time.clock" })
    }

    @Test("RFC 5922 §7.1, §7.2, §7.3: what is an identity, and the name that was asked for")
    func names() throws {
        let world = try DecisionWorld()
        func dialled(_ change: (inout CertificateRequest) -> Void) throws -> LinkEvidence {
            .dialled(.server("fe1.contoso.example"), try world.chain(of: "fe1", change))
        }
        expect(
            [
                .init("exact", try dialled { _ in }, nil),
                .init("upper case", try dialled { $0.dns = ["FE1.Contoso.EXAMPLE"] }, nil),
                .init(
                    "sip: URI",
                    try dialled {
                        $0.dns = []; $0.uris = ["sip:fe1.contoso.example"]
                    }, nil),
                .init(
                    "sip: URI with a port",
                    try dialled {
                        $0.dns = []; $0.uris = ["SIP:fe1.contoso.example:5061"]
                    }, nil),
                .init("sip: URI hides the DNS name", try dialled { $0.uris = ["sip:fe.contoso.example"] }, .e303),
                .init("name of its pool", try dialled { $0.dns = ["fe.contoso.example"] }, .e303),
                .init("name of another server", try dialled { $0.dns = ["fe2.contoso.example"] }, .e303),
                .init("off by a letter", try dialled { $0.dns = ["fe1.contoso.exampl"] }, .e303),
                .init("suffix", try dialled { $0.dns = ["fe1.contoso.example.evil.example"] }, .e303),
                .init("prefix", try dialled { $0.dns = ["x.fe1.contoso.example"] }, .e303),
                .init("dot at the end", try dialled { $0.dns = ["fe1.contoso.example."] }, .e301),
                .init("embedded NUL", try dialled { $0.dns = ["fe1.contoso.example\0.evil.example"] }, .e301),
                .init("wildcard", try dialled { $0.dns = ["*.contoso.example"] }, .e304),
                .init(
                    "wildcard URI",
                    try dialled {
                        $0.dns = []; $0.uris = ["sip:*.contoso.example"]
                    }, .e304),
                .init("wildcard beside the name", try dialled { $0.dns.append("*.contoso.example") }, .e304),
                .init("common name only", try dialled { $0.dns = [] }, .e301),
                .init(
                    "sips: URI only",
                    try dialled {
                        $0.dns = []; $0.uris = ["sips:fe1.contoso.example"]
                    }, .e301),
                .init(
                    "address only",
                    try dialled {
                        $0.dns = []; $0.addresses = [[127, 0, 1, 1]]
                    }, .e301),
                .init(
                    "a user's certificate",
                    try dialled {
                        $0.dns = []; $0.uris = ["sip:alice@contoso.example"]
                    }, .e302),
            ], in: try world.context("edge1"))
    }

    @Test("RFC 5924 §4: purposes by class")
    func usages() throws {
        let world = try DecisionWorld()
        let table: [(String, [CertificateRequest.Purpose]?, server: Bool, partner: Bool, user: Bool)] = [
            ("our server profile", [.server, .client, .sip], true, true, true),
            ("serverAuth", [.server], false, true, false),
            ("clientAuth", [.client], false, false, true),
            ("sipDomain", [.sip], false, true, false),
            ("anyExtendedKeyUsage", [.any], false, true, false),
            ("codeSigning", [.code], false, false, false),
            ("codeSigning and serverAuth", [.code, .server], false, true, false),
            ("no extension", nil, false, true, false),
        ]
        let context = try world.context("edge1")
        for (name, purposes, server, partner, user) in table {
            let usages = purposes?.map(\.identifier)
            let results: [(LinkEvidence, Bool)] = [
                (.inside(try world.chain(of: "fe1") { $0.usages = usages }), server),
                (.outside(try world.fabrikam.chain(DecisionWorld.fabrikamEdge.with { $0.usages = usages })), partner),
                (
                    .dialled(
                        .partner("fabrikam.example"),
                        try world.fabrikam.chain(DecisionWorld.fabrikamEdge.with { $0.usages = usages })), partner
                ),
                (.outside(try world.issuing.chain(DecisionWorld.user.with { $0.usages = usages })), user),
            ]
            for (evidence, admitted) in results {
                #expect(decide(evidence, in: context).code == (admitted ? nil : .e302), "\(name)")
            }
        }
    }

    @Test("RFC 5280 §4.2.1.3: key usage, where present, allows digitalSignature")
    func keyUsage() throws {
        let world = try DecisionWorld()
        expect(
            [
                .init("digitalSignature", .inside(try world.chain(of: "edge1")), nil),
                .init("no key usage", .inside(try world.chain(of: "edge1") { $0.keyUsage = nil }), nil),
                .init(
                    "keyAgreement only",
                    .inside(
                        try world.chain(of: "edge1") { $0.keyUsage = KeyUsage(keyAgreement: true) }), .e302),
            ], in: try world.context())
    }

    @Test("a user's certificate is a client's, has no server right, and proves its user")
    func userCertificates() throws {
        let world = try DecisionWorld()
        let chain = try world.issuing.chain(DecisionWorld.user)
        let verdict = decide(.inside(chain), in: try world.context())
        #expect(verdict.peer?.peerClass == .client)
        #expect(verdict.peer?.userAOR == "alice@contoso.example")
        #expect(verdict.peer?.roles == [])
        expect(
            [
                .init("as a client", .inside(chain), nil),
                .init("where a server was dialled", .dialled(.server("edge1.contoso.example"), chain), .e302),
                .init("of another CA", .inside(try world.fabrikam.chain(DecisionWorld.user)), .e103),
                .init("for servers only", .inside(chain, classes: [.server]), .e603),
            ], in: try world.context())
    }

    @Test("RFC 9525 §6.3: a user's machine knows roots and the name that it dialled")
    func registrar() throws {
        let world = try DecisionWorld()
        let context = TrustContext(roots: [try world.root.der], now: DecisionWorld.start)
        let target = Dialled.registrar("SIP.contoso.example")
        func chain(_ change: (inout CertificateRequest) -> Void) throws -> [[UInt8]] {
            try world.chain(of: "edge1") {
                $0.dns.append("sip.contoso.example")
                change(&$0)
            }
        }
        expect(
            [
                .init("good", .dialled(target, try chain { _ in }), nil),
                .init("another name", .dialled(.registrar("sip.fabrikam.example"), try chain { _ in }), .e303),
                .init("another CA", .dialled(target, try world.fabrikam.chain(world.request("edge1"))), .e103),
                .init("wildcard", .dialled(target, try chain { $0.dns = ["*.contoso.example"] }), .e304),
                .init(
                    "no serverAuth", .dialled(target, try chain { $0.usages = [CertificateRequest.clientAuth] }), .e302),
                .init("expired", .dialled(target, try chain { $0.until = DecisionWorld.start - .seconds(1) }), .e201),
            ], in: context)
    }
}

extension CertificateRequest {
    /// Purposes by short names, for tables.
    enum Purpose {
        case server, client, sip, any, code

        var identifier: ASN1ObjectIdentifier {
            switch self {
            case .server: CertificateRequest.serverAuth
            case .client: CertificateRequest.clientAuth
            case .sip: CertificateRequest.sipDomain
            case .any: CertificateRequest.anyPurpose
            case .code: CertificateRequest.codeSigning
            }
        }
    }
}
