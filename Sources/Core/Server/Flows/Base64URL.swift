/// RFC 4648 §5 without padding: tokens that stand in the user part of a SIP URI and in a branch.
enum Base64URL {
    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        append(bytes.span, to: &text)
        return text
    }

    static func append(_ bytes: Span<UInt8>, to text: inout [UInt8]) {
        var accumulator: UInt32 = 0
        var bits: UInt32 = 0
        for offset in bytes.indices {
            accumulator = accumulator << 8 | UInt32(bytes[offset])
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(character(of: accumulator >> bits & 63))
            }
        }
        if bits > 0 { text.append(character(of: accumulator << (6 - bits) & 63)) }
    }

    private static func character(of value: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: value)
        switch value {
        case 0..<26: return UInt8(ascii: "A") + value
        case 26..<52: return UInt8(ascii: "a") + value - 26
        case 52..<62: return UInt8(ascii: "0") + value - 52
        case 62: return UInt8(ascii: "-")
        default: return UInt8(ascii: "_")
        }
    }

    /// The bytes; nil for a character outside the alphabet, an impossible length, or bits that an encoder leaves zero.
    static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        return decode(text.span, { bytes.append($0) }) ? bytes : nil
    }

    /// The bytes of a text that has exactly as many; false for the same reasons as `decode`, and `bytes` are then anything.
    static func decode<let count: Int>(_ text: Span<UInt8>, into bytes: inout InlineArray<count, UInt8>) -> Bool {
        guard text.count * 3 / 4 == count else { return false }
        var next = 0
        return decode(text) { byte in
            bytes[next] = byte
            next += 1
        }
    }

    private static func decode(_ text: Span<UInt8>, _ take: (UInt8) -> Void) -> Bool {
        guard text.count % 4 != 1 else { return false }
        var accumulator: UInt32 = 0
        var bits: UInt32 = 0
        for offset in text.indices {
            guard let value = value(of: text[offset]) else { return false }
            accumulator = accumulator << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                take(UInt8(truncatingIfNeeded: accumulator >> bits))
            }
        }
        return accumulator & ((1 << bits) - 1) == 0
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
