import Authority
import Basis
import Testing
import Trust

@Suite struct IssuingTests {
    private let now = ContosoNetwork.start

    private func make(
        _ algorithm: CertificateKey.Algorithm, domains: [String] = ["contoso.example"]
    ) throws -> (authority: CertificateAuthority, chance: Chance) {
        var chance = Chance(seed: [7])
        let rootKey: CertificateKey = algorithm == .p256 ? .generate(.p256) : try .deterministic(from: &chance)
        let issuingKey: CertificateKey = algorithm == .p256 ? .generate(.p256) : try .deterministic(from: &chance)
        let made = try CertificateAuthority.create(
            network: "contoso.example", domains: domains, rootKey: rootKey, issuingKey: issuingKey, now: now,
            chance: &chance)
        return (made.authority, chance)
    }

    @Test(
        "RFC 5280 §6: OpenSSL verifies a server's and a user's certificate up to the root",
        arguments: [CertificateKey.Algorithm.p256, .ed25519])
    func verify(algorithm: CertificateKey.Algorithm) throws {
        guard let openssl = try OpenSSL() else { return }
        defer { openssl.remove() }
        var (authority, chance) = try make(algorithm)
        let key = CertificateKey.generate(algorithm)
        let server = try authority.issueServer(
            names: ["fe1.contoso.example", "contoso.example", "sip.contoso.example"],
            subjectPublicKeyInfo: key.subjectPublicKeyInfo, now: now, chance: &chance)
        let user = try authority.issueUser(
            aor: "alice@contoso.example", subjectPublicKeyInfo: key.subjectPublicKeyInfo, now: now, chance: &chance)
        let root = try openssl.pem(authority.rootCertificate, "CERTIFICATE", as: "root.pem")
        let issuing = try openssl.pem(authority.issuingCertificate, "CERTIFICATE", as: "issuing.pem")
        let leaf = try openssl.pem(server.der, "CERTIFICATE", as: "server.pem")
        let userLeaf = try openssl.pem(user.der, "CERTIFICATE", as: "user.pem")
        let moment = String(now.seconds)
        for (purpose, file) in [("sslserver", leaf), ("sslclient", leaf), ("sslclient", userLeaf)] {
            let result = try openssl.run(
                "verify", "-x509_strict", "-attime", moment, "-purpose", purpose, "-CAfile", root, "-untrusted",
                issuing,
                file)
            #expect(result.status == 0, "\(purpose): \(result.output)")
        }
        let hosts = try openssl.run(
            "verify", "-attime", moment, "-verify_hostname", "sip.contoso.example", "-CAfile", root, "-untrusted",
            issuing, leaf)
        #expect(hosts.status == 0, "\(hosts.output)")
        let late = try openssl.run(
            "verify", "-attime", String(now.plus(days: 8).seconds), "-CAfile", root, "-untrusted", issuing, leaf)
        #expect(late.output.contains("certificate has expired"))
        let asServer = try openssl.run(
            "verify", "-attime", moment, "-purpose", "sslserver", "-CAfile", root, "-untrusted", issuing, userLeaf)
        #expect(asServer.status != 0)
    }

    @Test("RFC 5924 §4: what OpenSSL reads in a server's certificate is the server profile") func text() throws {
        guard let openssl = try OpenSSL() else { return }
        defer { openssl.remove() }
        var (authority, chance) = try make(.p256)
        let record = try authority.issueServer(
            names: ["fe1.contoso.example", "fe.contoso.example"],
            subjectPublicKeyInfo: CertificateKey.generate(.p256).subjectPublicKeyInfo, now: now, chance: &chance)
        let file = try openssl.pem(record.der, "CERTIFICATE", as: "server.pem")
        let text = try openssl.run("x509", "-in", file, "-noout", "-text").output
        #expect(text.contains("Version: 3 (0x2)"))
        #expect(text.contains(record.serial.description))
        #expect(text.contains("Not Before: Nov 24 11:55:00 2026 GMT"))
        #expect(text.contains("Not After : Dec  1 12:00:00 2026 GMT"))
        #expect(text.contains("DNS:fe1.contoso.example, DNS:fe.contoso.example"))
        #expect(text.contains("TLS Web Server Authentication, TLS Web Client Authentication, 1.3.6.1.5.5.7.3.20"))
        #expect(text.contains("X509v3 Key Usage: critical\n                Digital Signature\n"))
        #expect(text.contains("X509v3 Basic Constraints: critical\n                CA:FALSE"))
        #expect(record.serial.bytes.count == 16)
        let issuing = try openssl.pem(authority.issuingCertificate, "CERTIFICATE", as: "issuing.pem")
        let above = try openssl.run("x509", "-in", issuing, "-noout", "-text").output
        #expect(above.contains("CA:TRUE, pathlen:0"))
        #expect(above.contains("Certificate Sign, CRL Sign"))
        #expect(above.contains("DNS:contoso.example"))
    }

    @Test("RFC 5280 §4.2.1.10: a name outside the CA's domains is not signed") func constraints() throws {
        var (authority, chance) = try make(.ed25519)
        let key = CertificateKey.generate(.p256).subjectPublicKeyInfo
        for name in ["fe1.fabrikam.example", "xcontoso.example", "contoso.example.evil.example"] {
            #expect(throws: AuthorityError.nameNotPermitted(name: name, permitted: ["contoso.example"])) {
                try authority.issueServer(names: [name], subjectPublicKeyInfo: key, now: now, chance: &chance)
            }
        }
        #expect(throws: AuthorityError.self) {
            try authority.issueUser(
                aor: "bob@fabrikam.example", subjectPublicKeyInfo: key, now: now, chance: &chance)
        }
    }

    @Test(
        "RFC 5922 §7.2: no wildcard, no address and no short name is signed",
        arguments: ["*.contoso.example", "10.0.0.1", "fe1", ""])
    func malformed(name: String) throws {
        var (authority, chance) = try make(.ed25519, domains: [])
        #expect(throws: AuthorityError.self) {
            try authority.issueServer(
                names: [name], subjectPublicKeyInfo: CertificateKey.generate(.p256).subjectPublicKeyInfo, now: now,
                chance: &chance)
        }
    }

    @Test("trust.md, Algorithms: keys that are no keys are refused") func keys() throws {
        var (authority, chance) = try make(.ed25519)
        for key in [[], [0x30, 0x00], [UInt8](repeating: 7, count: 91)] as [[UInt8]] {
            #expect(throws: AuthorityError.publicKeyUnusable(name: "fe1.contoso.example")) {
                try authority.issueServer(
                    names: ["fe1.contoso.example"], subjectPublicKeyInfo: key, now: now, chance: &chance)
            }
        }
    }

    @Test("trust.md, Tests: the same seed gives the same certificates, byte for byte") func determinism() throws {
        let (first, second) = (try ContosoNetwork(seed: 3), try ContosoNetwork(seed: 3))
        #expect(first.ledger.entries == second.ledger.entries)
        #expect(
            first.publisher.state.bundle(since: TrustEpoch(0)) == second.publisher.state.bundle(since: TrustEpoch(0)))
        #expect(try ContosoNetwork(seed: 4).ledger.entries != first.ledger.entries)
    }

    @Test("RFC 5280 §4.1.2.5: the root's end after 2049 is read as it was meant") func farTimes() throws {
        guard let openssl = try OpenSSL() else { return }
        defer { openssl.remove() }
        var chance = Chance(seed: [9])
        let later = try #require(WallTime(rfc3339: "2045-03-01T00:00:00Z"))
        let made = try CertificateAuthority.create(
            network: "contoso.example", domains: ["contoso.example"], rootKey: .deterministic(from: &chance),
            issuingKey: .deterministic(from: &chance), now: later, chance: &chance)
        let file = try openssl.pem(made.authority.rootCertificate, "CERTIFICATE", as: "root.pem")
        let text = try openssl.run("x509", "-in", file, "-noout", "-enddate").output
        #expect(text.contains("notAfter=Mar  1 00:00:00 2055 GMT"))
    }

    @Test("RFC 5958 §2: keys survive the way through PKCS#8, and OpenSSL reads them") func pem() throws {
        for algorithm in [CertificateKey.Algorithm.p256, .ed25519] {
            let key = CertificateKey.generate(algorithm)
            let again = try CertificateKey(pem: key.pem)
            #expect(again.subjectPublicKeyInfo == key.subjectPublicKeyInfo && again.algorithm == algorithm)
        }
        #expect(throws: AuthorityError.self) { try CertificateKey(pem: "-----BEGIN PRIVATE KEY-----\nAAAA\n") }
        let signer = try CertificateKey.generate(.ed25519).signer()
        #expect(try CertificateKey(signer).signer().publicKey == signer.publicKey)
        #expect(throws: AuthorityError.self) { try CertificateKey.generate(.p256).signer() }
    }

    @Test("RFC 5280 §4.1.2.2: serial numbers print as OpenSSL prints them and are read back") func serials() throws {
        let serial = try #require(CertificateSerial(bytes: [0, 0x4A, 0x91, 0x0C]))
        #expect(serial.description == "4a:91:0c" && serial.hex == "4a910c")
        #expect(CertificateSerial("4A:91:0c") == serial && CertificateSerial("4a910c") == serial)
        #expect(CertificateSerial("") == nil && CertificateSerial("00") == nil && CertificateSerial("zz") == nil)
        #expect(CertificateSerial(bytes: [UInt8](repeating: 1, count: 21)) == nil)
    }
}
