/// The %-escapes of RFC 3261 §19.1.2.
enum Escapes {
    /// Whether every octet is allowed by `isAllowed` or part of a `%` with two hexadecimal digits.
    static func areValid(_ bytes: Span<UInt8>, _ isAllowed: (UInt8) -> Bool) -> Bool {
        var offset = 0
        while offset < bytes.count {
            if bytes[offset] == Octet.percent {
                guard octet(in: bytes, at: offset) != nil else { return false }
                offset += 3
            } else {
                guard isAllowed(bytes[offset]) else { return false }
                offset += 1
            }
        }
        return true
    }

    /// The octet that the escape at `offset` stands for; nil when there is no escape.
    private static func octet(in bytes: Span<UInt8>, at offset: Int) -> UInt8? {
        guard bytes[offset] == Octet.percent, bytes.count - offset > 2, let high = bytes[offset + 1].hexValue,
            let low = bytes[offset + 2].hexValue
        else { return nil }
        return high << 4 | low
    }

    /// Whether two stretches are the same once escapes are resolved.
    ///
    /// RFC 3261 §19.1.4: an octet of the reserved set is not equivalent to its escaped form; all others are.
    static func areEquivalent(_ left: Span<UInt8>, _ right: Span<UInt8>, ignoringCase: Bool) -> Bool {
        var first = 0
        var second = 0
        while first < left.count, second < right.count {
            let one = take(left, &first)
            let two = take(right, &second)
            let isSame = ignoringCase ? one.octet.lowercased == two.octet.lowercased : one.octet == two.octet
            guard isSame, one.isEscaped == two.isEscaped || !one.octet.isReserved else { return false }
        }
        return first == left.count && second == right.count
    }

    private static func take(_ bytes: Span<UInt8>, _ offset: inout Int) -> (octet: UInt8, isEscaped: Bool) {
        if let octet = octet(in: bytes, at: offset) {
            offset += 3
            return (octet, true)
        }
        offset += 1
        return (bytes[offset - 1], false)
    }

    /// Appends `bytes` in the one spelling: an escape only where the octet may not stand by itself, in upper case.
    static func appendCanonical(_ bytes: Span<UInt8>, to result: inout [UInt8], isPlain: (UInt8) -> Bool) {
        var offset = 0
        while offset < bytes.count {
            let octet = take(bytes, &offset).octet
            if isPlain(octet) {
                result.append(octet)
            } else {
                result.append(Octet.percent)
                result.append(upperDigit(octet >> 4))
                result.append(upperDigit(octet & 15))
            }
        }
    }

    private static func upperDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }
}
