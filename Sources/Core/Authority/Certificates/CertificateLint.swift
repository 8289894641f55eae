internal import Basis
internal import Crypto
internal import SwiftASN1
internal import X509

/// Reads what is about to be signed, as a stranger would, and says what is wrong with it.
///
/// Shares no code with `CertificateEncoder`: it parses the finished bytes with the X.509 library and compares them with
/// the profile's rules written down here a second time. A mistake has to be made twice before it is signed.
public enum CertificateLint {
    /// One thing that is wrong.
    public enum Finding: Sendable, Hashable {
        /// The bytes are not a certificate.
        case unreadable
        /// Not version 3.
        case version
        /// RFC 5280 §4.1.2.2: positive, at most 20 octets; and of 64 bits or more, so that it cannot be guessed.
        case serial
        /// The issuer's name is not the subject of the issuer's certificate.
        case issuer
        /// The subject's key is none that we certify.
        case publicKey
        /// The key inside is not the one that was asked for.
        case otherKey
        /// The end lies before the beginning.
        case validityReversed
        /// The validity is longer than the profile allows.
        case validityTooLong
        /// The validity goes beyond that of the issuer.
        case validityBeyondIssuer
        /// basicConstraints missing, not critical, or wrong for the profile.
        case basicConstraints
        /// keyUsage missing, not critical, or wrong for the profile.
        case keyUsage
        /// extKeyUsage wrong for the profile.
        case extendedKeyUsage
        /// The names are not exactly those that were asked for, or of a kind that the profile does not allow.
        case names
        /// A wildcard, an empty name or a character that no host name has.
        case malformedName(String)
        /// A name outside the domains that the issuer is confined to.
        case nameNotPermitted(String)
        /// Name constraints of another kind than dNSName, or on a certificate of no CA.
        case nameConstraints
        /// The key identifiers are missing or do not match the keys.
        case keyIdentifiers
        /// An extension that the profile does not have.
        case unknownExtension(String)
    }

    /// What was asked for.
    struct Expectation {
        var profile: CertificateProfile
        var names: [String]
        var subjectKey: [UInt8]
        /// Nil for a root.
        var issuer: Certificate?
    }

    /// Everything that is wrong with the signed part of a certificate.
    static func findings(toBeSigned: [UInt8], expected: Expectation) -> [Finding] {
        guard let certificate = parse(toBeSigned), let validity = Validity(toBeSigned: toBeSigned) else {
            return [.unreadable]
        }
        return head(of: certificate, expected) + span(of: validity, expected) + usage(of: certificate, expected)
            + names(of: certificate, expected) + extensions(of: certificate, expected)
    }

    /// The library parses whole certificates only: the signed part is given an Ed25519 signature of zeros.
    private static func parse(_ toBeSigned: [UInt8]) -> Certificate? {
        guard let algorithm = SignedPart(toBeSigned)?.algorithm else { return nil }
        let isEdwards = algorithm == [0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70]
        let placeholder =
            isEdwards ? [UInt8](repeating: 0, count: 64) : [0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]
        var serializer = DER.Serializer()
        do {
            try serializer.appendConstructedNode(identifier: .sequence) {
                $0.serializeRawBytes(toBeSigned)
                $0.serializeRawBytes(algorithm)
                try $0.serialize(ASN1BitString(bytes: placeholder[...]))
            }
            return try Certificate(derEncoded: serializer.serializedBytes)
        } catch {
            return nil
        }
    }

    // MARK: Rules

    private static func head(of certificate: Certificate, _ expected: Expectation) -> [Finding] {
        var found: [Finding] = []
        if certificate.version != .v3 { found.append(.version) }
        let serial = Array(certificate.serialNumber.bytes)
        if !(8...20).contains(serial.count) || !serial.contains(where: { $0 != 0 }) { found.append(.serial) }
        if certificate.issuer != (expected.issuer?.subject ?? certificate.subject) { found.append(.issuer) }
        if !isAcceptable(certificate.publicKey) { found.append(.publicKey) }
        if DERCoding.encode(certificate.publicKey) != expected.subjectKey {
            found.append(.otherKey)
        }
        return found
    }

    private static func span(of validity: Validity, _ expected: Expectation) -> [Finding] {
        let (start, end) = (validity.notBefore, validity.notAfter)
        guard start < end else { return [.validityReversed] }
        var found: [Finding] = []
        let days: Int64 =
            switch expected.profile {
            case .root: 3_652
            case .issuing: 1_826
            case .server: 7
            case .user: 90
            }
        // The beginning lies up to five minutes before the moment of issue.
        if end.seconds - start.seconds > days * 86_400 + 300 { found.append(.validityTooLong) }
        if let issuer = expected.issuer {
            let bytes = Array(issuer.tbsCertificateBytes)
            if (Validity(toBeSigned: bytes).map { $0.notAfter < end } ?? true) { found.append(.validityBeyondIssuer) }
        }
        return found
    }

    private static func usage(of certificate: Certificate, _ expected: Expectation) -> [Finding] {
        var found: [Finding] = []
        let constraints = certificate.extensions[oid: .X509ExtensionID.basicConstraints]
        let wanted: BasicConstraints =
            switch expected.profile {
            case .root: .isCertificateAuthority(maxPathLength: nil)
            case .issuing: .isCertificateAuthority(maxPathLength: 0)
            case .server, .user: .notCertificateAuthority
            }
        if constraints?.critical != true || (try? certificate.extensions.basicConstraints) != wanted {
            found.append(.basicConstraints)
        }
        let usage = certificate.extensions[oid: .X509ExtensionID.keyUsage]
        let wantedUsage =
            expected.profile == .root || expected.profile == .issuing
            ? KeyUsage(keyCertSign: true, cRLSign: true) : KeyUsage(digitalSignature: true)
        if usage?.critical != true || (try? certificate.extensions.keyUsage) != wantedUsage { found.append(.keyUsage) }
        let purposes = (try? certificate.extensions.extendedKeyUsage).map(Set.init) ?? []
        let wantedPurposes: Set<ExtendedKeyUsage.Usage> =
            switch expected.profile {
            case .root, .issuing: []
            case .server: [.serverAuth, .clientAuth, .init(oid: [1, 3, 6, 1, 5, 5, 7, 3, 20])]
            case .user: [.clientAuth]
            }
        if purposes != wantedPurposes { found.append(.extendedKeyUsage) }
        return found
    }

    private static func names(of certificate: Certificate, _ expected: Expectation) -> [Finding] {
        guard let names = try? certificate.extensions.subjectAlternativeNames.map(Array.init) ?? [] else {
            return [.names]
        }
        var found: [Finding] = []
        var seen: [String] = []
        let permitted = (try? expected.issuer?.extensions.nameConstraints).flatMap(\.self).map {
            Array($0.permittedDNSDomains)
        }
        for name in names {
            switch expected.profile {
            case .root, .issuing: found.append(.names)
            case .server:
                guard case .dnsName(let host) = name else {
                    found.append(.names)
                    continue
                }
                seen.append(host)
                if !isHostName(host) { found.append(.malformedName(host)) }
                if let permitted, !permitted.contains(where: { covers($0, host) }) {
                    found.append(.nameNotPermitted(host))
                }
            case .user:
                guard case .uniformResourceIdentifier(let uri) = name else {
                    found.append(.names)
                    continue
                }
                seen.append(uri)
                let parts = uri.split(separator: "@", omittingEmptySubsequences: false)
                guard parts.count == 2, parts[0].hasPrefix("sip:"), parts[0].utf8.count > 4,
                    isHostName(String(parts[1]))
                else {
                    found.append(.malformedName(uri))
                    continue
                }
                // Deviation: the host of a `sip:` name is confined by the dNSName constraints, against
                // RFC 5280 §4.2.1.10, because a DNS constraint alone lets every URI through.
                if let permitted, !permitted.contains(where: { covers($0, String(parts[1])) }) {
                    found.append(.nameNotPermitted(uri))
                }
            }
        }
        if seen != expected.names || (expected.profile == .user && seen.count != 1)
            || (expected.profile == .server && seen.isEmpty)
        {
            found.append(.names)
        }
        return found
    }

    private static func extensions(of certificate: Certificate, _ expected: Expectation) -> [Finding] {
        var found: [Finding] = []
        for item in certificate.extensions where !knownExtensions.contains(item.oid) {
            found.append(.unknownExtension(item.oid.description))
        }
        if let constraints = try? certificate.extensions.nameConstraints {
            let kinds = constraints.permittedSubtrees + constraints.excludedSubtrees
            let isSound = kinds.allSatisfy { if case .dnsName(let name) = $0 { isHostName(name) } else { false } }
            if expected.profile != .issuing || !isSound || kinds.isEmpty { found.append(.nameConstraints) }
        } else if certificate.extensions[oid: .X509ExtensionID.nameConstraints] != nil {
            found.append(.nameConstraints)
        }
        let own = (try? certificate.extensions.subjectKeyIdentifier)?.keyIdentifier
        let above = (try? certificate.extensions.authorityKeyIdentifier)?.keyIdentifier
        let issuers = (try? expected.issuer?.extensions.subjectKeyIdentifier)?.keyIdentifier
        if own.map(Array.init) != Array(SHA256.hash(data: expected.subjectKey).prefix(20))
            || above.map(Array.init) != issuers.map(Array.init) || (expected.issuer != nil && issuers == nil)
        {
            found.append(.keyIdentifiers)
        }
        return found
    }

    // MARK: Parts

    private static let knownExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.basicConstraints, .X509ExtensionID.keyUsage, .X509ExtensionID.extendedKeyUsage,
        .X509ExtensionID.subjectAlternativeName, .X509ExtensionID.nameConstraints,
        .X509ExtensionID.subjectKeyIdentifier, .X509ExtensionID.authorityKeyIdentifier,
    ]

    /// Whether this is a key that we certify: P-256, P-384, Ed25519, RSA of 2048 bits or more.
    static func isAcceptable(_ key: Certificate.PublicKey) -> Bool {
        if P256.Signing.PublicKey(key) != nil || P384.Signing.PublicKey(key) != nil { return true }
        if Curve25519.Signing.PublicKey(key) != nil { return true }
        // The key's BIT STRING holds modulus and exponent; 2048 bits of modulus come to 270 octets.
        return String(describing: key).hasPrefix("RSA") && key.subjectPublicKeyInfoBytes.count >= 270
    }

    // RFC 5280 §4.2.1.10: a name is below a constraint when labels were added on its left, or none.
    private static func covers(_ constraint: String, _ host: String) -> Bool {
        let (suffix, name) = (constraint.lowercased(), host.lowercased())
        return name == suffix || name.hasSuffix("." + suffix)
    }

    /// Letters, digits, hyphens; at least two labels of 1 to 63 octets; 253 in all; no wildcard.
    ///
    /// RFC 1123 §2.1: the last label is no number, so that no address passes for a name.
    static func isHostName(_ name: String) -> Bool {
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isNumber = labels.last?.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? true
        return name.utf8.count <= 253 && labels.count > 1 && !isNumber
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                    && label.allSatisfy {
                        switch $0 {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                            UInt8(ascii: "-"):
                            true
                        default: false
                        }
                    }
            }
    }
}

extension CertificateLint.Finding: CustomStringConvertible {
    /// What is wrong, in words.
    public var description: String {
        switch self {
        case .unreadable: "not a certificate"
        case .version: "not version 3"
        case .serial: "serial number is not positive, too short or too long"
        case .issuer: "issuer is not the issuing CA"
        case .publicKey: "public key is of a kind that is not certified"
        case .otherKey: "public key is not the one of the request"
        case .validityReversed: "notAfter is not later than notBefore"
        case .validityTooLong: "validity is longer than the profile allows"
        case .validityBeyondIssuer: "validity goes beyond the issuer's"
        case .basicConstraints: "basicConstraints does not fit the profile"
        case .keyUsage: "keyUsage does not fit the profile"
        case .extendedKeyUsage: "extKeyUsage does not fit the profile"
        case .names: "names are not exactly those that were asked for"
        case .malformedName(let name): "\(name) is not a name of the profile"
        case .nameNotPermitted(let name): "\(name) is outside the issuer's domains"
        case .nameConstraints: "name constraints are not of dNSName alone"
        case .keyIdentifiers: "key identifiers do not match the keys"
        case .unknownExtension(let identifier): "extension \(identifier) is not of the profile"
        }
    }
}
