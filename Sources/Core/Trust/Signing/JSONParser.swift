extension JSONValue {
    /// Reads one JSON text (RFC 8259 §2), strictly: UTF-8 without a byte-order mark, no member twice, integers only.
    public init(parsing bytes: [UInt8], limits: JSONLimits = .object) throws(JSONError) {
        guard bytes.count <= limits.bytesMax else { throw JSONError(.tooLong, at: limits.bytesMax) }
        var parser = JSONParser(bytes: bytes, limits: limits)
        self = try parser.parseText()
    }
}

/// A recursive descent whose recursion ends at `JSONLimits.depthMax`.
private struct JSONParser {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var position = 0
    private var valueCount = 0

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func parseText() throws(JSONError) -> JSONValue {
        skipSpace()
        let value = try parseValue(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw JSONError(.trailingBytes, at: position) }
        return value
    }

    private mutating func parseValue(depth: Int) throws(JSONError) -> JSONValue {
        valueCount += 1
        guard valueCount <= limits.valuesMax else { throw JSONError(.tooMany, at: position) }
        switch try peek() {
        case UInt8(ascii: "{"): return try parseObject(depth: depth + 1)
        case UInt8(ascii: "["): return try parseArray(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseLiteral("true", .bool(true))
        case UInt8(ascii: "f"): return try parseLiteral("false", .bool(false))
        case UInt8(ascii: "n"): return try parseLiteral("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseInteger()
        default: throw JSONError(.unexpectedByte, at: position)
        }
    }

    private mutating func parseObject(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= limits.depthMax else { throw JSONError(.tooDeep, at: position) }
        position += 1
        var members: [String: JSONValue] = [:]
        skipSpace()
        if try take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipSpace()
            let start = position
            guard try peek() == UInt8(ascii: "\"") else { throw JSONError(.unexpectedByte, at: position) }
            let name = try parseString()
            skipSpace()
            try expect(UInt8(ascii: ":"))
            skipSpace()
            let value = try parseValue(depth: depth)
            guard members.updateValue(value, forKey: name) == nil else { throw JSONError(.duplicateMember, at: start) }
            skipSpace()
            if try take(UInt8(ascii: "}")) { return .object(members) }
            try expect(UInt8(ascii: ","))
        }
    }

    private mutating func parseArray(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= limits.depthMax else { throw JSONError(.tooDeep, at: position) }
        position += 1
        var elements: [JSONValue] = []
        skipSpace()
        if try take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            skipSpace()
            elements.append(try parseValue(depth: depth))
            skipSpace()
            if try take(UInt8(ascii: "]")) { return .array(elements) }
            try expect(UInt8(ascii: ","))
        }
    }

    private mutating func parseLiteral(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for byte in String(describing: text).utf8 { try expect(byte) }
        return value
    }

    /// RFC 8259 §6 without fraction and exponent; RFC 7493 §2.2 for the range. `-0` has no canonical form of its own.
    private mutating func parseInteger() throws(JSONError) -> JSONValue {
        let start = position
        let negative = try take(UInt8(ascii: "-"))
        let digits = position
        var magnitude: Int64 = 0
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            magnitude = magnitude * 10 + Int64(bytes[position] - UInt8(ascii: "0"))
            guard magnitude <= JSONValue.integerMax else { throw JSONError(.badNumber, at: start) }
            position += 1
        }
        guard position > digits else { throw JSONError(.badNumber, at: start) }
        if bytes[digits] == UInt8(ascii: "0"), position > digits + 1 || negative {
            throw JSONError(.badNumber, at: start)
        }
        if position < bytes.count, [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(bytes[position]) {
            throw JSONError(.badNumber, at: start)
        }
        return .integer(negative ? -magnitude : magnitude)
    }

    private mutating func parseString() throws(JSONError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let text = try decode(bytes[start..<position], at: start)
                position += 1
                return text
            case UInt8(ascii: "\\"): return try parseEscapedString(from: start)
            case 0..<0x20: throw JSONError(.unexpectedByte, at: position)
            default: position += 1
            }
        }
        throw JSONError(.unexpectedEnd, at: position)
    }

    /// The slower way for a text with escapes: its bytes are put together one by one.
    private mutating func parseEscapedString(from start: Int) throws(JSONError) -> String {
        var text = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return try decode(text[...], at: start)
            case UInt8(ascii: "\\"):
                let scalar = try parseEscape()
                text.append(contentsOf: String(Character(scalar)).utf8)
            case 0..<0x20: throw JSONError(.unexpectedByte, at: position)
            default:
                text.append(byte)
                position += 1
            }
        }
        throw JSONError(.unexpectedEnd, at: position)
    }

    private mutating func parseEscape() throws(JSONError) -> Unicode.Scalar {
        let start = position
        position += 1
        let kind = try peek()
        position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(kind)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw JSONError(.badEscape, at: start)
        }
        let first = try parseHexUnit(start)
        guard (0xD800..<0xE000).contains(first) else {
            guard let scalar = Unicode.Scalar(first) else { throw JSONError(.badEscape, at: start) }
            return scalar
        }
        // RFC 8259 §7: beyond the basic plane a pair of surrogates; half of one is not a character.
        guard first < 0xDC00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { throw JSONError(.badEscape, at: start) }
        position += 2
        let second = try parseHexUnit(start)
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw JSONError(.badEscape, at: start) }
        return scalar
    }

    private mutating func parseHexUnit(_ start: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            let digit = try peek()
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): unit = unit << 4 | UInt32(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): unit = unit << 4 | UInt32(digit - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): unit = unit << 4 | UInt32(digit - UInt8(ascii: "A") + 10)
            default: throw JSONError(.badEscape, at: start)
            }
            position += 1
        }
        return unit
    }

    private func decode(_ text: ArraySlice<UInt8>, at offset: Int) throws(JSONError) -> String {
        guard let string = String(validating: text, as: UTF8.self) else { throw JSONError(.notUTF8, at: offset) }
        return string
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard position < bytes.count else { throw JSONError(.unexpectedEnd, at: position) }
        return bytes[position]
    }

    private mutating func take(_ byte: UInt8) throws(JSONError) -> Bool {
        guard try peek() == byte else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard try take(byte) else { throw JSONError(.unexpectedByte, at: position) }
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }
}
