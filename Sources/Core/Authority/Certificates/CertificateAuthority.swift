public import Basis
internal import SwiftASN1
internal import Trust
internal import X509

/// The CA of one network: a root that can be kept offline, an issuing CA below it, and the rules for what that one signs.
///
/// A value without state: serial numbers come from the chance that is passed in, what was signed is for the caller to
/// write into the ledger before it leaves.
public struct CertificateAuthority: Sendable {
    /// The root certificate in DER.
    public let rootCertificate: [UInt8]
    /// The certificate of the issuing CA in DER.
    public let issuingCertificate: [UInt8]
    /// The key of the issuing CA.
    public let issuingKey: CertificateKey

    private let root: Certificate
    private let issuing: Certificate

    /// Takes a CA that exists.
    /// - Throws: `certificateUnusable` when the issuing CA's certificate is not for the key, or not signed by the root.
    public init(
        rootCertificate: [UInt8], issuingCertificate: [UInt8], issuingKey: CertificateKey
    ) throws(AuthorityError) {
        guard let root = try? Certificate(derEncoded: rootCertificate) else {
            throw .certificateUnusable(what: "the root certificate")
        }
        guard let issuing = try? Certificate(derEncoded: issuingCertificate) else {
            throw .certificateUnusable(what: "the certificate of the issuing CA")
        }
        guard DERCoding.encode(issuing.publicKey) == issuingKey.subjectPublicKeyInfo else {
            throw .certificateUnusable(what: "the certificate of the issuing CA, which is for another key,")
        }
        guard issuing.issuer == root.subject, root.publicKey.isValidSignature(issuing.signature, for: issuing) else {
            throw .certificateUnusable(what: "the certificate of the issuing CA, which the root has not signed,")
        }
        self.rootCertificate = rootCertificate
        self.issuingCertificate = issuingCertificate
        self.issuingKey = issuingKey
        self.root = root
        self.issuing = issuing
    }

    /// A new CA: root and issuing CA with their records for the ledger. `domains` confine the issuing CA; every name
    /// that it will ever sign is one of them or lies below one.
    public static func create(
        network: String, domains: [String], rootKey: CertificateKey, issuingKey: CertificateKey, now: WallTime,
        chance: inout Chance
    ) throws(AuthorityError) -> (authority: CertificateAuthority, records: [CertificateRecord]) {
        let subject = try name(network + " Root CA", organisation: network)
        let root = try sign(
            CertificateContents(
                profile: .root, serial: CertificateSerial(from: &chance), issuer: subject,
                issuerKey: rootKey.subjectPublicKeyInfo, subject: subject, subjectKey: rootKey.subjectPublicKeyInfo,
                notBefore: now - AuthorityTimes.backDate, notAfter: now + CertificateProfile.root.lifetime),
            called: network + " Root CA", with: rootKey, below: nil)
        return try create(
            network: network, domains: domains, root: root, rootKey: rootKey, issuingKey: issuingKey, now: now,
            chance: &chance)
    }

    /// A new issuing CA below a root that exists: when the old one nears its end, or for a domain more.
    public func renewingIssuing(
        network: String, domains: [String], rootKey: CertificateKey, issuingKey: CertificateKey, now: WallTime,
        chance: inout Chance
    ) throws(AuthorityError) -> (authority: CertificateAuthority, record: CertificateRecord) {
        guard DERCoding.encode(root.publicKey) == rootKey.subjectPublicKeyInfo else {
            throw .keyUnusable(what: "a key that is not the root's")
        }
        let record = try Self.issuingRecord(
            network: network, domains: domains, root: rootCertificate, rootKey: rootKey, issuingKey: issuingKey,
            now: now, chance: &chance)
        let authority = try CertificateAuthority(
            rootCertificate: rootCertificate, issuingCertificate: record.der, issuingKey: issuingKey)
        return (authority, record)
    }

    /// The end of the issuing CA's own certificate.
    public var issuingNotAfter: WallTime {
        Validity(toBeSigned: Array(issuing.tbsCertificateBytes))?.notAfter ?? WallTime(milliseconds: 0)
    }

    /// Whether the issuing CA's own certificate is past half of its life: time to make the next one with the root key.
    public func isIssuingPastHalf(at now: WallTime) -> Bool {
        guard let validity = Validity(toBeSigned: Array(issuing.tbsCertificateBytes)) else { return true }
        return now - validity.notBefore
            > Interval(nanoseconds: (validity.notAfter - validity.notBefore).nanoseconds / 2)
    }

    /// The domains that the issuing CA is confined to; empty when it is not confined.
    public var permittedDomains: [String] {
        ((try? issuing.extensions.nameConstraints).flatMap(\.self)?.permittedDNSDomains).map(Array.init) ?? []
    }

    /// What a server shows in its handshakes: its certificate and that of the issuing CA.
    public func chain(for record: CertificateRecord) -> [[UInt8]] { [record.der, issuingCertificate] }

    // MARK: Issuing

    /// Signs a server certificate for `names` (the server's own FQDN first) and a public key.
    /// - Throws: `publicKeyUnusable`, `nameNotPermitted`, `issuerExpired`, and `lint` when something else is wrong.
    public func issueServer(
        names: [String], subjectPublicKeyInfo: [UInt8], now: WallTime, chance: inout Chance
    ) throws(AuthorityError) -> CertificateRecord {
        guard let server = names.first else { throw .unknownServer(name: "") }
        // RFC 5280 §A.1: a common name has at most 64 characters. It is for people; no identity is read from it.
        let subject = server.utf8.count <= 64 ? try Self.name(server, organisation: nil) : DistinguishedName()
        return try issue(
            .server, called: server, subject: subject, names: names.map { .dnsName($0) }, hosts: names,
            key: subjectPublicKeyInfo, now: now, chance: &chance)
    }

    /// Signs a user certificate for `aor` (`user@domain`) and a public key: the one name is `sip:` and the
    /// address-of-record.
    public func issueUser(
        aor: String, subjectPublicKeyInfo: [UInt8], now: WallTime, chance: inout Chance
    ) throws(AuthorityError) -> CertificateRecord {
        let parts = aor.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, DomainName.isFQDN(String(parts[1])) else {
            throw .foreignUser(aor: aor)
        }
        let subject = aor.utf8.count <= 64 ? try Self.name(aor, organisation: nil) : DistinguishedName()
        return try issue(
            .user, called: aor, subject: subject, names: [.uniformResourceIdentifier("sip:" + aor)],
            hosts: [String(parts[1])], key: subjectPublicKeyInfo, now: now, chance: &chance)
    }

    private func issue(
        _ profile: CertificateProfile, called: String, subject: DistinguishedName, names: [GeneralName],
        hosts: [String], key: [UInt8], now: WallTime, chance: inout Chance
    ) throws(AuthorityError) -> CertificateRecord {
        guard let parsed = try? Certificate.PublicKey(derEncoded: key), CertificateLint.isAcceptable(parsed) else {
            throw .publicKeyUnusable(name: called)
        }
        let permitted = permittedDomains
        if !permitted.isEmpty {
            for host in hosts where !permitted.contains(where: { host == $0 || host.hasSuffix("." + $0) }) {
                throw .nameNotPermitted(name: host, permitted: permitted)
            }
        }
        guard issuingNotAfter > now else { throw .issuerExpired(notAfter: issuingNotAfter) }
        return try Self.sign(
            CertificateContents(
                profile: profile, serial: CertificateSerial(from: &chance), issuer: issuing.subject,
                issuerKey: issuingKey.subjectPublicKeyInfo, subject: subject, subjectKey: key,
                notBefore: now - AuthorityTimes.backDate, notAfter: min(now + profile.lifetime, issuingNotAfter),
                names: names),
            called: called, with: issuingKey, below: issuing)
    }

    // MARK: Making

    private static func create(
        network: String, domains: [String], root: CertificateRecord, rootKey: CertificateKey,
        issuingKey: CertificateKey,
        now: WallTime, chance: inout Chance
    ) throws(AuthorityError) -> (authority: CertificateAuthority, records: [CertificateRecord]) {
        let issuing = try issuingRecord(
            network: network, domains: domains, root: root.der, rootKey: rootKey, issuingKey: issuingKey, now: now,
            chance: &chance)
        let authority = try CertificateAuthority(
            rootCertificate: root.der, issuingCertificate: issuing.der, issuingKey: issuingKey)
        return (authority, [root, issuing])
    }

    private static func issuingRecord(
        network: String, domains: [String], root: [UInt8], rootKey: CertificateKey, issuingKey: CertificateKey,
        now: WallTime, chance: inout Chance
    ) throws(AuthorityError) -> CertificateRecord {
        guard let rootCertificate = try? Certificate(derEncoded: root),
            let validity = Validity(toBeSigned: Array(rootCertificate.tbsCertificateBytes))
        else { throw .certificateUnusable(what: "the root certificate") }
        // A name that says which of several it is: each has its own key, and CRLs are found by issuer.
        let called = "\(network) Issuing CA \(issuingKey.pin.hex.prefix(8))"
        return try sign(
            CertificateContents(
                profile: .issuing, serial: CertificateSerial(from: &chance), issuer: rootCertificate.subject,
                issuerKey: rootKey.subjectPublicKeyInfo, subject: try name(called, organisation: network),
                subjectKey: issuingKey.subjectPublicKeyInfo, notBefore: now - AuthorityTimes.backDate,
                notAfter: min(now + CertificateProfile.issuing.lifetime, validity.notAfter),
                permittedDomains: domains),
            called: called, with: rootKey, below: rootCertificate)
    }

    private static func name(
        _ commonName: String, organisation: String?
    ) throws(AuthorityError) -> DistinguishedName {
        do {
            return try DistinguishedName {
                if let organisation, organisation.utf8.count <= 64 { OrganizationName(organisation) }
                CommonName(commonName)
            }
        } catch {
            throw .encodingFailed
        }
    }

    private static func sign(
        _ contents: CertificateContents, called: String, with key: CertificateKey, below issuer: Certificate?
    ) throws(AuthorityError) -> CertificateRecord {
        guard let toBeSigned = try? CertificateEncoder.toBeSigned(contents, algorithm: key.algorithm) else {
            throw .encodingFailed
        }
        let findings = CertificateLint.findings(
            toBeSigned: toBeSigned,
            expected: .init(
                profile: contents.profile, names: contents.names.map(text), subjectKey: contents.subjectKey,
                issuer: issuer))
        guard findings.isEmpty else { throw .lint(findings) }
        let signature = try key.signature(over: toBeSigned)
        guard
            let der = try? CertificateEncoder.certificate(
                toBeSigned: toBeSigned, algorithm: key.algorithm, signature: signature)
        else { throw .encodingFailed }
        return CertificateRecord(
            serial: contents.serial, issuer: key.pin, subject: called, profile: contents.profile,
            key: KeyPin(subjectPublicKeyInfo: contents.subjectKey),
            notBefore: WallTime(seconds: contents.notBefore.seconds),
            notAfter: WallTime(seconds: contents.notAfter.seconds), der: der)
    }

    private static func text(_ name: GeneralName) -> String {
        switch name {
        case .dnsName(let text), .uniformResourceIdentifier(let text): text
        default: String(describing: name)
        }
    }
}
