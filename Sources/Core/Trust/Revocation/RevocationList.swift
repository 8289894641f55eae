public import Basis
import SwiftASN1
public import X509

/// A full certificate revocation list (RFC 5280 §5), read, and indexed by serial number.
///
/// Delta lists, indirect lists, lists for some reasons only and lists with critical extensions that are not known are
/// refused when they are read. A value of this type says nothing about its signature: ask `isSigned(by:)`.
public struct RevocationList: Sendable {
    /// The bytes as published.
    public let der: [UInt8]
    /// The issuer's name in DER.
    public let issuer: [UInt8]
    /// The list's number, big-endian without leading zeros (RFC 5280 §5.2.3).
    public let number: [UInt8]
    /// When it was issued.
    public let thisUpdate: WallTime
    /// When the next one is promised.
    public let nextUpdate: WallTime
    /// Its entries, sorted by serial number.
    public let entries: [RevokedCertificate]
    /// URIs of the distribution point that it was issued for; empty for a list that covers the whole issuer.
    public let distributionPoints: [String]
    /// Whether it covers certificates of end entities, of authorities, or both.
    public let scope: Scope
    private let signature: Certificate.Signature
    private let algorithm: Certificate.SignatureAlgorithm
    private let signed: ArraySlice<UInt8>

    /// Which certificates a list speaks about (RFC 5280 §5.2.5).
    public enum Scope: Sendable, Hashable {
        /// All of its issuer's.
        case all
        /// Those of end entities.
        case endEntities
        /// Those of authorities.
        case authorities
    }

    /// Bytes of the largest list that is read.
    public static let bytesMax = 16_777_216
    /// Entries of the longest list that is read.
    public static let entriesMax = 250_000

    /// Reads DER.
    public init(der: [UInt8]) throws(RevocationListError) {
        let fields = try RevocationListFields(der)
        self.der = der
        self.issuer = fields.issuer
        self.number = fields.number
        self.thisUpdate = fields.thisUpdate
        self.nextUpdate = fields.nextUpdate
        self.entries = fields.entries
        self.distributionPoints = fields.distributionPoints
        self.scope = fields.scope
        self.signature = fields.signature
        self.algorithm = fields.algorithm
        self.signed = fields.signed
    }

    /// Whether the key of this certificate signed the list, and the certificate may sign lists.
    ///
    /// RFC 5280 §6.3.3 (f), (g): where the issuer has a key usage, it allows cRLSign.
    public func isSigned(by issuer: CertificateFacts) -> Bool {
        guard issuer.subject == self.issuer, issuer.extensions.keyUsage?.cRLSign ?? true
        else {
            return false
        }
        return issuer.certificate.publicKey.isValidSignature(
            signature.rawRepresentation, for: signed, signatureAlgorithm: algorithm)
    }

    /// The same for a certificate of the X.509 package.
    public func isSigned(by issuer: Certificate) -> Bool {
        guard let facts = try? CertificateFacts(issuer) else { return false }
        return isSigned(by: facts)
    }

    /// Whether the list names this serial number (big-endian).
    public func contains(serial: [UInt8]) -> Bool {
        entry(serial: serial) != nil
    }

    /// The entry for this serial number (big-endian).
    public func entry(serial: [UInt8]) -> RevokedCertificate? {
        guard let wanted = SerialNumber(serial) else { return nil }
        var range = entries.startIndex..<entries.endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            let found = entries[middle]
            if found.number == wanted { return found }
            range = found.number < wanted ? (middle + 1)..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

    /// Whether the list speaks about this certificate.
    ///
    /// RFC 5280 §6.3.3 (b): its scope fits, and a distribution point, where it has one, is one of the certificate's.
    public func covers(_ certificate: CertificateFacts) -> Bool {
        switch scope {
        case .all: break
        case .endEntities: if certificate.isAuthority { return false }
        case .authorities: if !certificate.isAuthority { return false }
        }
        return distributionPoints.isEmpty || distributionPoints.contains(where: certificate.distributionPoints.contains)
    }
}

/// Why bytes are not a revocation list that can be used.
public enum RevocationListError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Not a list in DER; the text says what was wrong.
    case malformed(String)
    /// A kind of list that is not read: delta, indirect, for some reasons, with an unknown critical extension.
    case unsupported(String)
    /// Signed with an algorithm that is not accepted.
    case weak(String)
    /// Over a named limit.
    case tooLarge(String)

    public var description: String {
        switch self {
        case .malformed(let what): "malformed revocation list: \(what)"
        case .unsupported(let what): "revocation list of a kind that is not accepted: \(what)"
        case .weak(let what): "revocation list with an algorithm that is not accepted: \(what)"
        case .tooLarge(let what): "revocation list over its limits: \(what)"
        }
    }
}
