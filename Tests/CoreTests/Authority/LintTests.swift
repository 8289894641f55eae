import Basis
import Crypto
import SwiftASN1
import Testing
import Trust
import X509

@testable import Authority

@Suite struct LintTests {
    private static let now = ContosoNetwork.start

    /// A server certificate's contents below a real issuing CA, and what was asked for.
    private struct Draft {
        var contents: CertificateContents
        var expected: CertificateLint.Expectation

        init() throws {
            let authority = try ContosoNetwork().publisher.authority
            let issuing = try Certificate(derEncoded: authority.issuingCertificate)
            let key = CertificateKey.generate(.p256).subjectPublicKeyInfo
            var chance = Chance(seed: [1])
            contents = CertificateContents(
                profile: .server, serial: CertificateSerial(from: &chance), issuer: issuing.subject,
                issuerKey: authority.issuingKey.subjectPublicKeyInfo, subject: DistinguishedName(), subjectKey: key,
                notBefore: now, notAfter: now.plus(days: 7), names: [.dnsName("fe1.contoso.example")])
            expected = .init(
                profile: .server, names: ["fe1.contoso.example"], subjectKey: key, issuer: issuing)
        }

        func findings() throws -> [CertificateLint.Finding] {
            CertificateLint.findings(
                toBeSigned: try CertificateEncoder.toBeSigned(contents, algorithm: .ed25519), expected: expected)
        }
    }

    private func findings(_ change: (inout Draft) throws -> Void) throws -> [CertificateLint.Finding] {
        var draft = try Draft()
        try change(&draft)
        return try draft.findings()
    }

    @Test("trust.md, The CA: what is right passes the lint") func clean() throws {
        #expect(try findings { _ in }.isEmpty)
    }

    @Test("RFC 5280 §4.1.2.2: a short serial number is found") func serial() throws {
        #expect(
            try findings { $0.contents.serial = try #require(CertificateSerial(bytes: [1, 2, 3])) } == [.serial])
    }

    @Test("RFC 5280 §4.1.2.5: a validity that is reversed, too long, or beyond the issuer's is found") func validity()
        throws
    {
        #expect(try findings { $0.contents.notAfter = Self.now - .seconds(1) } == [.validityReversed])
        #expect(try findings { $0.contents.notAfter = Self.now.plus(days: 8) } == [.validityTooLong])
        let beyond = try findings {
            $0.contents.notBefore = Self.now.plus(days: 1_825)
            $0.contents.notAfter = Self.now.plus(days: 1_830)
        }
        #expect(beyond == [.validityBeyondIssuer])
    }

    @Test("RFC 5280 §4.1.2.4: another issuer's name or key is found") func issuer() throws {
        #expect(try findings { $0.contents.issuer = DistinguishedName() } == [.issuer])
        #expect(try findings { $0.contents.issuerKey = [1, 2, 3] } == [.keyIdentifiers])
    }

    @Test("RFC 5280 §4.2.1.3, §4.2.1.9, §4.2.1.12: a certificate of another profile is found") func profile() throws {
        #expect(try findings { $0.contents.profile = .user } == [.extendedKeyUsage])
        let authority = try findings { $0.contents.profile = .issuing }
        #expect(Set(authority) == [.basicConstraints, .keyUsage, .extendedKeyUsage])
    }

    @Test("trust.md, Names that we write: names that were not asked for, wildcards and foreign names are found")
    func names() throws {
        #expect(try findings { $0.contents.names.append(.dnsName("fe2.contoso.example")) } == [.names])
        #expect(try findings { $0.contents.names = [] } == [.names])
        let wildcard = try findings {
            $0.contents.names = [.dnsName("*.contoso.example")]
            $0.expected.names = ["*.contoso.example"]
        }
        #expect(wildcard == [.malformedName("*.contoso.example")])
        let foreign = try findings {
            $0.contents.names = [.dnsName("fe1.fabrikam.example")]
            $0.expected.names = ["fe1.fabrikam.example"]
        }
        #expect(foreign == [.nameNotPermitted("fe1.fabrikam.example")])
        let uri = try findings { $0.contents.names.append(.uniformResourceIdentifier("sip:contoso.example")) }
        #expect(uri == [.names])
        #expect(try findings { $0.contents.permittedDomains = ["contoso.example"] } == [.nameConstraints])
    }

    @Test("RFC 5280 §4.1.2.7: another key than the one asked for, and a kind that is not certified, are found")
    func key() throws {
        #expect(
            try findings { $0.expected.subjectKey = CertificateKey.generate(.p256).subjectPublicKeyInfo }
                == [.otherKey, .keyIdentifiers])
        let weak = try findings {
            $0.contents.subjectKey = Array(P521.Signing.PrivateKey().publicKey.derRepresentation)
            $0.expected.subjectKey = $0.contents.subjectKey
        }
        #expect(weak == [.publicKey])
    }

    @Test(
        "trust.md, The CA: bytes that are no certificate are found",
        arguments: [[], [0x30, 0x00], [0x30, 0x80], [0xFF]])
    func unreadable(bytes: [UInt8]) throws {
        let draft = try Draft()
        #expect(CertificateLint.findings(toBeSigned: bytes, expected: draft.expected) == [.unreadable])
    }
}
