import SwiftASN1
import X509

/// What the extensions of a certificate say, read once.
struct ExtensionFacts: Sendable {
    private(set) var basicConstraints: BasicConstraints?
    private(set) var keyUsage: KeyUsage?
    /// Identifiers of purposes; nil when the extension is absent.
    private(set) var extendedKeyUsage: [ASN1ObjectIdentifier]?
    private(set) var names = CertificateNames()
    private(set) var nameConstraints: NameConstraintFacts?
    private(set) var subjectKeyIdentifier: [UInt8]?
    private(set) var authorityKeyIdentifier: [UInt8]?
    /// URIs of distribution points of revocation lists.
    private(set) var distributionPoints: [String] = []
    /// RFC 9608 §2: its issuer will never publish revocation data about it.
    private(set) var hasNoRevocationData = false
    /// Identifiers of critical extensions that no rule of ours reads.
    private(set) var unknownCritical: [String] = []

    init(_ extensions: Certificate.Extensions) throws(CertificateProblem) {
        for item in extensions {
            do {
                try read(item)
            } catch let problem as CertificateProblem {
                throw problem
            } catch {
                throw .malformed("extension \(item.oid)")
            }
        }
    }

    private mutating func read(_ item: Certificate.Extension) throws {
        switch item.oid {
        case .X509ExtensionID.basicConstraints: basicConstraints = try BasicConstraints(item)
        case .X509ExtensionID.keyUsage: keyUsage = try KeyUsage(item)
        case .X509ExtensionID.extendedKeyUsage: extendedKeyUsage = try Self.purposes(item.value)
        case .X509ExtensionID.subjectAlternativeName: names = CertificateNames(try SubjectAlternativeNames(item))
        case .X509ExtensionID.nameConstraints: nameConstraints = try NameConstraintFacts(NameConstraints(item))
        case .X509ExtensionID.subjectKeyIdentifier:
            subjectKeyIdentifier = Array(try SubjectKeyIdentifier(item).keyIdentifier)
            // RFC 5280 §4.2.1.1, §4.2.1.2: conforming CAs mark neither of the key identifiers critical.
            if item.critical { unknownCritical.append("critical subject key identifier") }
        case .X509ExtensionID.authorityKeyIdentifier:
            authorityKeyIdentifier = try AuthorityKeyIdentifier(item).keyIdentifier.map(Array.init)
            if item.critical { unknownCritical.append("critical authority key identifier") }
        case Self.distributionPointsIdentifier:
            distributionPoints = try Self.distributionPoints(item.value)
            if item.critical { unknownCritical.append(item.oid.description) }
        case Self.noRevocationIdentifier: hasNoRevocationData = true
        default:
            if item.critical { unknownCritical.append(item.oid.description) }
        }
    }

    private static let distributionPointsIdentifier: ASN1ObjectIdentifier = [2, 5, 29, 31]
    private static let noRevocationIdentifier: ASN1ObjectIdentifier = [2, 5, 29, 56]

    /// RFC 5280 §4.2.1.12: at least one purpose.
    private static func purposes(_ value: ArraySlice<UInt8>) throws -> [ASN1ObjectIdentifier] {
        guard let nodes = try DER.parse(value).children, !nodes.isEmpty else {
            throw CertificateProblem.malformed("extended key usage")
        }
        return try nodes.map { try ASN1ObjectIdentifier(derEncoded: $0) }
    }

    /// RFC 5280 §4.2.1.13: the URIs among the full names of each point.
    private static func distributionPoints(_ value: ArraySlice<UInt8>) throws -> [String] {
        guard let points = try DER.parse(value).children else {
            throw CertificateProblem.malformed("distribution points")
        }
        return points.flatMap { point in
            (point.children ?? []).filter { $0.isTagged(0) }.flatMap { fullNameURIs(of: $0) }
        }
    }

    /// The URIs of a DistributionPointName that is a full name; none for a name relative to the issuer.
    static func fullNameURIs(of distributionPoint: ASN1Node) -> [String] {
        (distributionPoint.children ?? []).filter { $0.isTagged(0) }.flatMap { fullName in
            (fullName.children ?? []).compactMap { name in
                name.isTagged(6) ? name.primitive.map { String(decoding: $0, as: UTF8.self) } : nil
            }
        }
    }
}
