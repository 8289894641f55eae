import Basis
import Crypto
import Testing
import Trust
import X509

@Suite("RFC 5280 §5: revocation lists")
struct RevocationListTests {
    @Test("what is issued is read, sorted, found and verified")
    func issue() throws {
        var world = try DecisionWorld()
        world.revoked = [0xFFFF_FFFF_FFFF_FFFF, 128, 1, 127, 128]
        let list = try RevocationList(der: try world.crl())
        #expect(list.entries.map(\.serial) == [[1], [127], [128], [UInt8](repeating: 0xFF, count: 8)])
        #expect(list.number == [1])
        #expect(list.nextUpdate == world.listUntil)
        #expect(list.entry(serial: [0, 128])?.reason == .keyCompromise)
        #expect(list.contains(serial: [1]) && !list.contains(serial: [2]))
        #expect(list.isSigned(by: world.issuing.certificate))
        #expect(!list.isSigned(by: world.root.certificate))
        #expect(!list.isSigned(by: world.stranger.certificate))
    }

    @Test("a list without entries, and one for 2050 and later")
    func edges() throws {
        let world = try DecisionWorld()
        let late = WallTime(seconds: 2_600_000_000)
        let der = try RevocationList.issue(
            number: 300, thisUpdate: DecisionWorld.start, nextUpdate: late, revoked: [],
            issuer: world.issuing.certificate,
            key: world.issuing.key)
        let list = try RevocationList(der: der)
        #expect(list.entries.isEmpty)
        #expect(list.nextUpdate == late)
        #expect(list.number == [1, 44])
    }

    @Test("an issuer without cRLSign signs no lists (RFC 5280 §6.3.3 (f))")
    func issuerUsage() throws {
        let world = try DecisionWorld()
        let mute = try world.root.subordinate(
            .authority("Mute").with { $0.keyUsage = KeyUsage(keyCertSign: true) })
        let der = try RevocationList.issue(
            number: 1, thisUpdate: DecisionWorld.start, nextUpdate: world.listUntil, revoked: [],
            issuer: mute.certificate,
            key: mute.key)
        #expect(!(try RevocationList(der: der).isSigned(by: mute.certificate)))
    }

    @Test("every truncation and every flipped byte is refused or no longer verifies")
    func damage() throws {
        var world = try DecisionWorld()
        world.revoked = [5]
        let good = try world.crl()
        let issuer = try CertificateFacts(world.issuing.certificate)
        for length in 0..<good.count {
            #expect(throws: RevocationListError.self) { try RevocationList(der: Array(good.prefix(length))) }
        }
        for position in good.indices {
            var bad = good
            bad[position] ^= 0x20
            let accepted = (try? RevocationList(der: bad)).map { $0.isSigned(by: issuer) } ?? false
            #expect(!accepted, "byte \(position)")
        }
    }
}

@Suite("Revocation lists and OpenSSL", .enabled(if: OpenSSLForge.isPresent, "openssl is missing: 2 tables skipped"))
struct OpenSSLRevocationListTests {
    @Test("OpenSSL reads and verifies what we issue")
    func ours() throws {
        let forge = try OpenSSLForge()
        defer { forge.remove() }
        var world = try DecisionWorld()
        world.revoked = [0xABCD]
        try forge.write(try world.crl(), to: "list.der")
        try forge.write(try TestCA.der(world.issuing.certificate), to: "ca.der")
        try forge.run(["x509", "-inform", "DER", "-in", "ca.der", "-out", "ca.pem"])
        let output = try forge.run(
            ["crl", "-inform", "DER", "-in", "list.der", "-CAfile", "ca.pem", "-noout", "-text"]
        ).output
        #expect(output.contains("verify OK"))
        #expect(output.contains("Serial Number: ABCD"))
        #expect(output.contains("Key Compromise"))
        #expect(output.contains("Version 2"))
    }

    @Test("we read and verify what OpenSSL issues; delta, indirect and partial lists are refused (RFC 5280 §5.2)")
    func theirs() throws {
        let forge = try OpenSSLForge()
        defer { forge.remove() }
        try forge.root("ca")
        try forge.write(
            "V\t400101000000Z\t\tAA\tunknown\t/CN=good\nR\t400101000000Z\t260101000000Z,keyCompromise\tBB\tunknown\t/CN=bad\n",
            to: "index.txt")
        try forge.write("01\n", to: "number")
        func list(_ extensions: String) throws -> [UInt8] {
            try forge.write(
                """
                [ca]
                default_ca = this
                [this]
                database = index.txt
                crlnumber = number
                default_md = sha256
                default_crl_days = 1
                crl_extensions = list
                [list]
                authorityKeyIdentifier = keyid
                \(extensions)
                [point]
                fullname = URI:http://crl.example/1
                onlyuser = TRUE
                [indirect]
                fullname = URI:http://crl.example/1
                indirectCRL = TRUE
                [reasons]
                fullname = URI:http://crl.example/1
                onlysomereasons = keyCompromise
                """, to: "ca.conf")
            try forge.run(
                ["ca", "-config", "ca.conf", "-gencrl", "-keyfile", "ca.key", "-cert", "ca.pem", "-out", "list.pem"])
            try forge.run(["crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der"])
            return try forge.bytes("list.der")
        }
        let plain = try RevocationList(der: try list(""))
        #expect(plain.contains(serial: [0xBB]) && !plain.contains(serial: [0xAA]))
        #expect(plain.entries.first?.reason == .keyCompromise)
        let authority = try CertificateFacts(der: try forge.bytes("ca.der"))
        #expect(plain.isSigned(by: authority))
        let partial = try RevocationList(der: try list("issuingDistributionPoint = critical,@point"))
        #expect(partial.distributionPoints == ["http://crl.example/1"])
        #expect(partial.scope == .endEntities)
        try forge.key("leaf")
        for (point, covered) in [("http://crl.example/1", true), ("http://crl.example/2", false)] {
            let leaf = try forge.issue(
                "leaf", by: "ca", extensions: ["crlDistributionPoints=URI:" + point], key: "leaf")
            #expect(partial.covers(try CertificateFacts(der: leaf)) == covered)
            #expect(plain.covers(try CertificateFacts(der: leaf)))
        }
        let refused = [
            "issuingDistributionPoint = critical,@indirect", "issuingDistributionPoint = critical,@reasons",
            "2.5.29.27 = critical,DER:02:01:01", "1.3.6.1.4.1.99999.1 = critical,DER:05:00",
        ]
        for extensions in refused {
            let der = try list(extensions)
            #expect(throws: RevocationListError.self, "\(extensions)") { try RevocationList(der: der) }
        }
        #expect(throws: Never.self) { try RevocationList(der: try list("1.3.6.1.4.1.99999.1 = DER:05:00")) }
    }
}
