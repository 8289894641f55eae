import Basis
import Testing
import Trust

@Suite("Certificates that OpenSSL made", .enabled(if: OpenSSLForge.isPresent, "openssl is missing: 4 tables skipped"))
struct OpenSSLTableTests {
    private struct Row {
        let name: String
        let extensions: [String]
        let code: TrustCode?
        var subject = "/CN=test"

        init(_ alternativeName: String, _ code: TrustCode?, subject: String = "/CN=test") {
            name = alternativeName
            extensions = alternativeName.isEmpty ? [] : ["subjectAltName=" + alternativeName]
            self.code = code
            self.subject = subject
        }
    }

    /// Fabrikam with a root of OpenSSL's.
    private func context(_ forge: OpenSSLForge, root: String = "root") throws -> TrustContext {
        var world = try DecisionWorld()
        world.topologyLife = 20_000 * 86_400
        world.topology.roots = [NamedRoot(name: "fabrikam", certificate: try forge.bytes(root + ".der"))]
        return try world.context("edge1", now: OpenSSLForge.now)
    }

    @Test(
        "RFC 5922 §7.1, §7.2: wildcard, common name, and every kind of name, dialling fabrikam.example")
    func names() throws {
        let forge = try OpenSSLForge()
        defer { forge.remove() }
        try forge.root("root")
        try forge.key("leaf")
        let context = try context(forge)
        // GeneralNames with one dNSName `fabrikam.example`, NUL, `.x`.
        let withNUL =
            "DER:30:15:82:13:" + "fabrikam.example".utf8.map { String($0, radix: 16) }.joined(separator: ":")
            + ":00:2e:78"
        let rows: [Row] = [
            Row("DNS:fabrikam.example", nil), Row("DNS:sip.fabrikam.example", nil), Row("DNS:FABRIKAM.Example", nil),
            Row("URI:sip:fabrikam.example", nil), Row("URI:SIP:Fabrikam.EXAMPLE", nil),
            Row("URI:sip:fabrikam.example:5061", nil), Row("URI:sip:fabrikam.example;transport=tls", nil),
            Row("URI:sip:fabrikam.example,DNS:www.fabrikam.example", nil),
            Row("URI:sip:www.fabrikam.example,DNS:fabrikam.example", .e402),
            Row("URI:sips:fabrikam.example", .e301), Row("URI:sips:fabrikam.example,DNS:fabrikam.example", nil),
            Row("URI:sip:alice@fabrikam.example", .e302),
            Row("URI:sip:alice@fabrikam.example,DNS:fabrikam.example", nil),
            Row("URI:https://fabrikam.example", .e301), Row("URI:https://fabrikam.example,DNS:fabrikam.example", nil),
            Row("URI:tel:+49301234", .e301), Row("URI:sip:", .e301), Row("URI:sip:fabrikam%2Eexample", .e105),
            Row("DNS:*.fabrikam.example", .e304), Row("DNS:*.fabrikam.example,DNS:fabrikam.example", nil),
            Row("DNS:*.fabrikam.example,DNS:www.fabrikam.example", .e304),
            Row("DNS:s*.fabrikam.example", .e304), Row("URI:sip:*.fabrikam.example", .e304), Row("DNS:*", .e304),
            Row("", .e301, subject: "/CN=fabrikam.example"),
            Row("DNS:www.fabrikam.example", .e402, subject: "/CN=fabrikam.example"),
            Row("IP:127.0.2.1", .e301), Row("email:admin@fabrikam.example", .e301),
            Row("email:admin@fabrikam.example,DNS:fabrikam.example", nil), Row("RID:1.2.3.4", .e301),
            Row("otherName:1.3.6.1.5.5.7.8.7;IA5STRING:_sips.fabrikam.example", .e301),
            Row("DNS:fabrikam.example.", .e301), Row("DNS:fabrikam.exampl", .e105), Row("DNS:xfabrikam.example", .e105),
            Row("DNS:fabrikam.example.evil.example", .e105), Row("DNS:xn--fabrikm-9za.example", .e105),
            Row(withNUL, .e301),
        ]
        var results: [DecisionRow] = []
        for (number, row) in rows.enumerated() {
            let der = try forge.issue(
                "leaf\(number)", by: "root", subject: row.subject,
                extensions: row.extensions + ["basicConstraints=CA:FALSE"],
                key: "leaf")
            results.append(DecisionRow(row.name, .dialled(.partner("fabrikam.example"), [der]), row.code))
        }
        expect(results, in: context)
        print("RFC 5922 §7: \(rows.count) certificates by OpenSSL judged")
    }

    @Test("RFC 5280 §4.2.1.10: a sip: URI outside a DNS constraint, which OpenSSL itself lets through")
    func constrainedURI() throws {
        let forge = try OpenSSLForge()
        defer { forge.remove() }
        try forge.root("root", extensions: ["nameConstraints=critical,permitted;DNS:fabrikam.example"])
        try forge.key("leaf")
        func leaf(_ name: String, _ names: String) throws -> LinkEvidence {
            let der = try forge.issue(name, by: "root", extensions: ["subjectAltName=" + names], key: "leaf")
            try forge.run(["x509", "-inform", "DER", "-in", name + ".der", "-out", name + ".pem"])
            let verified = try forge.run(["verify", "-CAfile", "root.pem", name + ".pem"], mayFail: true)
            #expect((verified.status == 0) == (name != "dns"), "\(verified.output)")
            return .dialled(.partner("fabrikam.example"), [der])
        }
        expect(
            [
                .init("inside", try leaf("good", "URI:sip:fabrikam.example"), nil),
                .init("URI outside", try leaf("uri", "URI:sip:fabrikam.example,URI:sip:contoso.example"), .e105),
                .init("DNS outside", try leaf("dns", "URI:sip:fabrikam.example,DNS:contoso.example"), .e105),
            ], in: try context(forge))
    }

    @Test("RFC 9325 §4.3: keys and hashes")
    func algorithms() throws {
        let forge = try OpenSSLForge()
        defer { forge.remove() }
        try forge.root("root", key: ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        let context = try context(forge)
        let rows: [(String, [String], [String], TrustCode?)] = [
            ("p256", ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["-sha256"], nil),
            ("p384", ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"], ["-sha384"], nil),
            ("p521", ["EC", "-pkeyopt", "ec_paramgen_curve:P-521"], ["-sha512"], .e107),
            ("ed25519", ["ED25519"], ["-sha256"], nil),
            ("rsa2048", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], ["-sha512"], nil),
            ("rsa1024", ["RSA", "-pkeyopt", "rsa_keygen_bits:1024"], ["-sha256"], .e107),
            ("sha1", ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["-sha1"], .e107),
            ("md5", ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["-md5"], .e107),
            (
                "pss", ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["-sha256", "-sigopt", "rsa_padding_mode:pss"],
                .e107
            ),
            ("secp256k1", ["EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"], ["-sha256"], .e107),
        ]
        var results: [DecisionRow] = []
        for (name, key, options, code) in rows {
            try forge.key(name, key)
            let der = try forge.issue(
                name, by: "root", extensions: ["subjectAltName=DNS:fabrikam.example"], key: name, options: options)
            results.append(DecisionRow(name, .dialled(.partner("fabrikam.example"), [der]), code))
        }
        expect(results, in: context)
    }

    @Test("RFC 5280 §6.1: a root with a weak key is no root")
    func weakRoot() throws {
        let forge = try OpenSSLForge()
        defer { forge.remove() }
        try forge.root("root")
        try forge.root("weak", key: ["RSA", "-pkeyopt", "rsa_keygen_bits:1024"])
        try forge.key("leaf")
        let names = ["subjectAltName=DNS:fabrikam.example"]
        let good = try forge.issue("good", by: "root", extensions: names, key: "leaf")
        let bad = try forge.issue("bad", by: "weak", extensions: names, key: "leaf")
        let target = Dialled.partner("fabrikam.example")
        #expect(decide(.dialled(target, [good]), in: try context(forge)).code == nil)
        #expect(decide(.dialled(target, [bad]), in: try context(forge, root: "weak")).code == .e103)
    }
}
