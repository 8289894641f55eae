import Basis
import Crypto
import SwiftASN1
import Testing
import Trust
import X509

@Suite("E102 to E109: the chain")
struct ChainRuleTests {
    @Test("RFC 5280 §6.1: issuer, signature, form")
    func issuers() throws {
        let world = try DecisionWorld()
        let good = try world.chain(of: "edge1")
        let request = try world.request("edge1")
        let selfSigned = try TestCA(root: request).der
        expect(
            [
                .init("good", .inside(good), nil),
                .init("root sent along", .inside(good + [try world.root.der]), nil),
                .init("self-signed", .inside([selfSigned]), .e103),
                .init("another CA of the same name", .inside(try world.stranger.chain(request)), .e104),
                .init("another CA", .inside(try world.fabrikam.chain(request)), .e103),
                .init("issuing CA not sent", .inside(Array(good.prefix(1))), .e103),
                .init("signed by nobody", .inside(try world.issuing.forgedChain(request)), .e104),
                .init("not DER", .inside([[1, 2, 3]]), .e102),
                .init("cut off", .inside([Array(good[0].dropLast())]), .e102),
                .init("followed by a byte", .inside([good[0] + [0], good[1]]), .e102),
            ], in: try world.chainContext())
    }

    @Test("RFC 5280 §4.2.1.9: CA flag and path length")
    func authorities() throws {
        let world = try DecisionWorld()
        let request = try world.request("edge1")
        let leafAsAuthority = try world.issuing.subordinate(
            request.with {
                $0.subject = "Leaf as CA"; $0.key = .init()
            })
        let tooDeep = try world.issuing.subordinate(.authority("Below path length 0"))
        let deepEnough = try world.root.subordinate(.authority("A")).subordinate(.authority("B"))
        let mute = try world.root.subordinate(
            .authority("No keyCertSign").with { $0.keyUsage = KeyUsage(digitalSignature: true) })
        expect(
            [
                .init("one authority below the root", .inside(try world.chain(of: "edge1")), nil),
                .init("two authorities below the root, no path length", .inside(try deepEnough.chain(request)), nil),
                .init("leaf as CA", .inside(try leafAsAuthority.chain(request)), .e106),
                .init("path length", .inside(try tooDeep.chain(request)), .e106),
                .init(
                    "CA as leaf",
                    .inside(
                        try world.issuing.chain(
                            request.with { $0.basicConstraints = .isCertificateAuthority(maxPathLength: nil) })), .e106),
                .init("issuer without keyCertSign", .inside(try mute.chain(request)), .e302),
            ], in: try world.chainContext())
    }

    @Test("RFC 5280 §4.2.1.10: DNS constraints, which bind the host of a sip: URI too")
    func nameConstraints() throws {
        let world = try DecisionWorld()
        let request = try world.request("edge1")
        func below(_ name: String, _ constraints: NameConstraints) throws -> TestCA {
            try world.root.subordinate(.authority(name, constraints: constraints))
        }
        let own = try below("Own", NameConstraints(permittedDNSDomains: ["contoso.example"]))
        let other = try below("Other", NameConstraints(permittedDNSDomains: ["other.example"]))
        let without = try below("Without", NameConstraints(excludedDNSDomains: ["edge1.contoso.example"]))
        let uri = try below("URI", NameConstraints(permittedURIDomains: ["contoso.example"]))
        let directory = try below(
            "Directory",
            NameConstraints(excludedSubtrees: [.directoryName(try DistinguishedName { CommonName("somebody") })]))
        let sip = request.with { $0.uris = ["sip:edge1.contoso.example"] }
        let strangerURI = request.with { $0.uris = ["sip:other.example"] }
        expect(
            [
                .init("inside", .inside(try own.chain(request)), nil),
                .init("URI inside", .inside(try own.chain(sip)), nil),
                .init("DNS outside", .inside(try other.chain(request)), .e105),
                .init("excluded", .inside(try without.chain(request)), .e105),
                .init("URI:sip: outside a DNS constraint", .inside(try own.chain(strangerURI)), .e105),
                .init(
                    "URI with a user outside",
                    .inside(
                        try own.chain(
                            request.with { $0.uris = ["sip:alice@other.example"] })), .e105),
                .init("sips outside", .inside(try own.chain(request.with { $0.uris = ["sips:other.example"] })), .e105),
                .init("a URI constraint lets no sip: URI through", .inside(try uri.chain(sip)), .e105),
                .init("a URI constraint says nothing about DNS names", .inside(try uri.chain(request)), nil),
                .init("directory names are not supported", .inside(try directory.chain(request)), .e105),
            ], in: try world.chainContext())
    }

    @Test("RFC 5280 §4.2: unknown critical extensions")
    func criticalExtensions() throws {
        let world = try DecisionWorld()
        func chain(critical: Bool) throws -> [[UInt8]] {
            try world.chain(of: "edge1") {
                $0.more = [.init(oid: [1, 3, 6, 1, 4, 1, 99_999, 1], critical: critical, value: [4, 0])]
            }
        }
        let below = try world.root.subordinate(
            .authority("Odd").with {
                $0.more = [.init(oid: [1, 3, 6, 1, 4, 1, 99_999, 1], critical: true, value: [4, 0])]
            })
        expect(
            [
                .init("unknown, not critical", .inside(try chain(critical: false)), nil),
                .init("unknown and critical", .inside(try chain(critical: true)), .e108),
                .init("in an issuer", .inside(try below.chain(world.request("edge1"))), .e108),
            ], in: try world.chainContext())
    }

    @Test("E109: certificates, bytes, names and work have limits")
    func limits() throws {
        let world = try DecisionWorld()
        let good = try world.chain(of: "edge1")
        func padded(_ count: Int) -> [[UInt8]] { good + Array(repeating: good[1], count: count - good.count) }
        // Five authorities of one name and two keys certify each other: every order of them is a candidate.
        let twins = try (0..<6).map { number in
            try world.stranger.subordinate(.authority("Contoso Root").with { $0.serial = UInt64(number) + 1 })
        }
        let maze = try twins[0].chain(world.request("edge1")).prefix(1) + twins.map { try $0.der }
        let many = (0..<101).map { "n\($0).contoso.example" }
        expect(
            [
                .init("8 certificates", .inside(padded(8)), nil),
                .init("9 certificates", .inside(padded(9)), .e109),
                .init(
                    "more than 64 KiB",
                    .inside(
                        try world.chain(of: "edge1") {
                            $0.more = [
                                .init(
                                    oid: [1, 3, 6, 1, 4, 1, 99_999, 1], critical: false,
                                    value: [UInt8](repeating: 0, count: 65_536)[...])
                            ]
                        }), .e109),
                .init("101 names", .inside(try world.chain(of: "edge1") { $0.dns = many }), .e109),
                .init("a maze", .inside(Array(maze)), .e104),
            ], in: try world.chainContext())
    }

    @Test("a second path is tried when the first one does not hold")
    func secondPath() throws {
        let world = try DecisionWorld()
        let key = P256.Signing.PrivateKey()
        let expired = CertificateRequest.authority("Contoso Cross").with {
            $0.key = key
            $0.until = DecisionWorld.start - .seconds(60)
        }
        let valid = CertificateRequest.authority("Contoso Cross").with {
            $0.key = key
            $0.serial = 2
        }
        let old = try world.root.subordinate(expired)
        let new = try world.root.subordinate(valid)
        let leaf = try old.chain(world.request("edge1"))[0]
        expect(
            [
                .init("both", .inside([leaf, try old.der, try new.der]), nil),
                .init("only the expired one", .inside([leaf, try old.der]), .e201),
            ], in: try world.chainContext())
    }
}

extension DecisionWorld {
    /// A context under a policy that asks for no lists, for CAs below the root that publish none.
    func chainContext() throws -> TrustContext {
        var policy = TrustPolicy.standard
        policy[.listMissing, .ownServer] = .admit
        return TrustContext(
            state: try state(), policy: policy, now: Self.start, ownServer: "fe1.contoso.example")
    }
}
