/// A certificate's serial number, at most 20 bytes (RFC 5280 §4.1.2.2), packed so that a list of many stays small.
struct SerialNumber: Sendable, Hashable, Comparable {
    private let high: UInt64
    private let middle: UInt64
    private let low: UInt64

    /// Packs big-endian bytes; nil for more than 20 after leading zeros are left out.
    init?(_ bytes: some Collection<UInt8>) {
        let significant = bytes.drop { $0 == 0 }
        guard significant.count <= 20 else { return nil }
        var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
        for byte in significant {
            words.0 = words.0 << 8 | words.1 >> 56
            words.1 = words.1 << 8 | words.2 >> 56
            words.2 = words.2 << 8 | UInt64(byte)
        }
        (high, middle, low) = words
    }

    /// Big-endian without leading zeros; one zero byte for zero.
    var bytes: [UInt8] {
        let all = [high, middle, low].flatMap { word in
            stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
        }
        let significant = all.drop { $0 == 0 }
        return significant.isEmpty ? [0] : Array(significant)
    }

    static func < (left: SerialNumber, right: SerialNumber) -> Bool {
        (left.high, left.middle, left.low) < (right.high, right.middle, right.low)
    }
}
