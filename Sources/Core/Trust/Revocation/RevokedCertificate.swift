public import Basis

/// One entry of a revocation list.
public struct RevokedCertificate: Sendable, Hashable {
    let number: SerialNumber
    /// When it was revoked.
    public let revokedAt: WallTime
    /// Why, when the issuer says.
    public let reason: RevocationReason?

    /// An entry for a serial number in big-endian bytes; nil for more than 20 bytes.
    public init?(serial: [UInt8], revokedAt: WallTime, reason: RevocationReason? = nil) {
        guard let number = SerialNumber(serial) else { return nil }
        self.init(number: number, revokedAt: revokedAt, reason: reason)
    }

    init(number: SerialNumber, revokedAt: WallTime, reason: RevocationReason?) {
        self.number = number
        self.revokedAt = revokedAt
        self.reason = reason
    }

    /// The serial number, big-endian without leading zeros.
    public var serial: [UInt8] { number.bytes }
}

/// Why a certificate was revoked (RFC 5280 §5.3.1). `removeFromCRL` is left out: only delta lists have it.
public enum RevocationReason: UInt8, Sendable, Hashable, CaseIterable {
    /// No reason given.
    case unspecified = 0
    /// The subject's key is in other hands.
    case keyCompromise = 1
    /// The issuer's key is in other hands.
    case caCompromise = 2
    /// The subject's name or affiliation changed.
    case affiliationChanged = 3
    /// Replaced by another certificate.
    case superseded = 4
    /// No longer needed.
    case cessationOfOperation = 5
    /// On hold; treated as revoked.
    case certificateHold = 6
    /// A right that it stood for was withdrawn.
    case privilegeWithdrawn = 9
    /// The key of an attribute authority is in other hands.
    case aaCompromise = 10
}
