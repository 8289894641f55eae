import Basis
import Crypto
import Foundation
import SwiftASN1
import Testing
import Trust
import X509

/// A certificate to be made: everything that a row of a table changes.
struct CertificateRequest {
    var subject = "test"
    var dns: [String] = []
    var uris: [String] = []
    var addresses: [[UInt8]] = []
    var usages: [ASN1ObjectIdentifier]? = CertificateRequest.serverProfile
    var keyUsage: KeyUsage? = KeyUsage(digitalSignature: true)
    var from = DecisionWorld.start - .seconds(3_600)
    var until = DecisionWorld.start + .seconds(7 * 86_400)
    var key = P256.Signing.PrivateKey()
    var serial: UInt64 = 4_711
    var basicConstraints: BasicConstraints? = .notCertificateAuthority
    var constraints: NameConstraints?
    var more: [Certificate.Extension] = []

    static let serverAuth: ASN1ObjectIdentifier = [1, 3, 6, 1, 5, 5, 7, 3, 1]
    static let clientAuth: ASN1ObjectIdentifier = [1, 3, 6, 1, 5, 5, 7, 3, 2]
    static let codeSigning: ASN1ObjectIdentifier = [1, 3, 6, 1, 5, 5, 7, 3, 3]
    static let sipDomain: ASN1ObjectIdentifier = [1, 3, 6, 1, 5, 5, 7, 3, 20]
    static let anyPurpose: ASN1ObjectIdentifier = [2, 5, 29, 37, 0]
    static let serverProfile = [serverAuth, clientAuth, sipDomain]

    static func authority(
        _ subject: String, pathLength: Int? = nil, constraints: NameConstraints? = nil
    ) -> CertificateRequest {
        var request = CertificateRequest(subject: subject, usages: nil)
        request.keyUsage = KeyUsage(keyCertSign: true, cRLSign: true)
        request.basicConstraints = .isCertificateAuthority(maxPathLength: pathLength)
        request.constraints = constraints
        request.until = DecisionWorld.start + .seconds(3_650 * 86_400)
        request.serial = 1
        return request
    }

    func with(_ change: (inout CertificateRequest) -> Void) -> CertificateRequest {
        var copy = self
        change(&copy)
        return copy
    }

    fileprivate var extensions: Certificate.Extensions {
        get throws {
            var result = Certificate.Extensions()
            if let basicConstraints { try result.append(Certificate.Extension(basicConstraints, critical: true)) }
            if let keyUsage { try result.append(Certificate.Extension(keyUsage, critical: true)) }
            if let usages {
                let purposes = try ExtendedKeyUsage(usages.map(ExtendedKeyUsage.Usage.init(oid:)))
                try result.append(Certificate.Extension(purposes, critical: false))
            }
            let names =
                dns.map(GeneralName.dnsName) + uris.map(GeneralName.uniformResourceIdentifier)
                + addresses.map { GeneralName.ipAddress(ASN1OctetString(contentBytes: $0[...])) }
            if !names.isEmpty {
                try result.append(Certificate.Extension(SubjectAlternativeNames(names), critical: false))
            }
            if let constraints { try result.append(Certificate.Extension(constraints, critical: true)) }
            for item in more { try result.append(item) }
            return result
        }
    }

    fileprivate func certificate(issuer: DistinguishedName, signer: Certificate.PrivateKey) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: .init(serial), publicKey: .init(key.publicKey), notValidBefore: from.date,
            notValidAfter: until.date, issuer: issuer, subject: DistinguishedName { CommonName(subject) },
            extensions: extensions, issuerPrivateKey: signer)
    }
}

extension WallTime {
    fileprivate var date: Date { Date(timeIntervalSince1970: TimeInterval(seconds)) }
}

/// A CA that signs whatever a test asks for, right or wrong.
struct TestCA {
    let key: Certificate.PrivateKey
    let certificate: Certificate
    /// What it sends along below the root: itself and those above, but for the root.
    let sent: [Certificate]

    /// A root of its own.
    init(root request: CertificateRequest) throws {
        key = Certificate.PrivateKey(request.key)
        certificate = try request.certificate(
            issuer: DistinguishedName { CommonName(request.subject) }, signer: key)
        sent = []
    }

    private init(key: Certificate.PrivateKey, certificate: Certificate, sent: [Certificate]) {
        self.key = key
        self.certificate = certificate
        self.sent = sent
    }

    /// A CA below this one.
    func subordinate(_ request: CertificateRequest) throws -> TestCA {
        let below = try request.certificate(issuer: certificate.subject, signer: key)
        return TestCA(key: Certificate.PrivateKey(request.key), certificate: below, sent: [below] + sent)
    }

    /// A chain as a peer would present it: the certificate, and the CAs below the root.
    func chain(_ request: CertificateRequest) throws -> [[UInt8]] {
        let leaf = try request.certificate(issuer: certificate.subject, signer: key)
        return try ([leaf] + sent).map(TestCA.der)
    }

    /// A chain whose leaf names this CA as its issuer, but was signed by somebody else.
    func forgedChain(_ request: CertificateRequest) throws -> [[UInt8]] {
        let signer = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let leaf = try request.certificate(issuer: certificate.subject, signer: signer)
        return try ([leaf] + sent).map(TestCA.der)
    }

    var der: [UInt8] { get throws { try TestCA.der(certificate) } }

    static func der(_ certificate: Certificate) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }
}
