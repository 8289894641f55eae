public import Basis

/// A certificate's serial number: a positive integer of at most 20 octets (RFC 5280 §4.1.2.2), here without leading zeros.
///
/// Prints in pairs, `4a:91:0c`, as OpenSSL does.
public struct CertificateSerial: Sendable, Hashable {
    /// The most octets that a serial number may have.
    public static let octetsMax = 20

    /// The number, big-endian, without leading zeros.
    public let bytes: [UInt8]

    /// The number with these octets, big-endian; nil when it is zero or longer than allowed.
    public init?(bytes: some Sequence<UInt8>) {
        let significant = Array(bytes.drop { $0 == 0 })
        guard (1...Self.octetsMax).contains(significant.count) else { return nil }
        self.bytes = significant
    }

    /// 128 fresh bits; the first octet is never zero, so that all have one length.
    public init(from chance: inout Chance) {
        var bytes = chance.bytes(16)
        if bytes.first == 0 { bytes[0] = 1 }
        self.bytes = bytes
    }

    /// Reads hexadecimal digits, either case, with or without colons; nil for anything else.
    public init?(_ text: String) {
        let digits = text.utf8.filter { $0 != UInt8(ascii: ":") }
        let padded = digits.count % 2 == 0 ? digits : [UInt8(ascii: "0")] + digits
        guard let bytes = Hex.decode(padded) else { return nil }
        self.init(bytes: bytes)
    }

    /// The digits alone, lower case: for files, tables and JSON.
    public var hex: String { Hex.encode(bytes) }
}

extension CertificateSerial: Comparable, CustomStringConvertible {
    public static func < (left: CertificateSerial, right: CertificateSerial) -> Bool {
        left.bytes.count == right.bytes.count
            ? left.bytes.lexicographicallyPrecedes(right.bytes) : left.bytes.count < right.bytes.count
    }

    public var description: String { bytes.map { Hex.encode([$0]) }.joined(separator: ":") }
}
