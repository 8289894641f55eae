import Basis
import Testing
import Trust

struct CanonicalJSONTests {
    @Test("RFC 8785 §3.2.2: strings and literals get their one form")
    func stringsAndLiterals() throws {
        let text = #"{ "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false] }"#
        let value = try JSONValue(parsing: Array(text.utf8))
        let expected = #"{"literals":[null,true,false],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
        #expect(String(decoding: value.canonicalBytes, as: UTF8.self) == expected)
    }

    @Test("RFC 8785 §3.2.3: members are sorted by UTF-16 code units")
    func sorting() throws {
        let text = #"""
            {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
             "\ud83d\ude00": "Emoji: Grinning Face",
             "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}
            """#
        let canonical = try JSONValue(parsing: Array(text.utf8)).canonicalBytes
        let words = String(decoding: canonical, as: UTF8.self).split(separator: "\"").map(String.init)
        let values = words.filter { $0.count > 2 }
        #expect(
            values == [
                "Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign",
                "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh",
            ])
    }

    @Test("RFC 7493 §2.2: integers up to 53 bits are kept exactly")
    func integers() throws {
        for text in ["0", "-1", "9007199254740991", "-9007199254740991"] {
            #expect(try JSONValue(parsing: Array(text.utf8)).canonicalBytes == Array(text.utf8))
        }
    }

    @Test("Whatever is read and written is read as the same")
    func roundTrip() throws {
        let value = JSONValue.object([
            "a": .array([.integer(-5), .string("\u{1}\u{7F}😀\""), .null]), "": .bool(true),
        ])
        #expect(try JSONValue(parsing: value.canonicalBytes) == value)
    }
}

struct HostileJSONTests {
    static let refused: [(String, JSONError.Kind)] = [
        ("", .unexpectedEnd), ("{", .unexpectedEnd), ("[1,", .unexpectedEnd), ("\"abc", .unexpectedEnd),
        ("[1,]", .unexpectedByte), ("{\"a\":1,}", .unexpectedByte), ("{a:1}", .unexpectedByte),
        ("tru", .unexpectedEnd), ("trux", .unexpectedByte), ("nul1", .unexpectedByte), ("NaN", .unexpectedByte),
        ("1 2", .trailingBytes), ("{}x", .trailingBytes), ("01", .badNumber), ("-", .badNumber), ("-0", .badNumber),
        ("1.0", .badNumber), ("1e3", .badNumber), ("9007199254740992", .badNumber), ("+1", .unexpectedByte),
        ("123456789012345678901234567890", .badNumber), ("{\"a\":1,\"a\":2}", .duplicateMember),
        ("{\"a\":1,\"\\u0061\":2}", .duplicateMember), ("\"\\ud800\"", .badEscape), ("\"\\udc00\\ud800\"", .badEscape),
        ("\"\\ud800\\u0041\"", .badEscape), ("\"\\x41\"", .badEscape), ("\"\\u00g0\"", .badEscape),
        ("\"\\u00", .unexpectedEnd), ("\"\\", .unexpectedEnd), ("\"a\nb\"", .unexpectedByte),
        ("\"\u{0}\"", .unexpectedByte),
        ("\u{FEFF}{}", .unexpectedByte), ("'a'", .unexpectedByte), ("[1 2]", .unexpectedByte),
        ("{\"a\" 1}", .unexpectedByte),
    ]

    @Test("RFC 8259 §2: what is not strict JSON is refused with its violation", arguments: refused)
    func violations(text: String, kind: JSONError.Kind) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
        do throws(JSONError) {
            _ = try JSONValue(parsing: Array(text.utf8))
        } catch {
            #expect(error.kind == kind, "\(text)")
        }
    }

    @Test("RFC 8259 §8.1: bytes that are not UTF-8 are refused")
    func notUTF8() {
        for bytes: [UInt8] in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] {
            #expect(throws: JSONError(.notUTF8, at: 1)) { try JSONValue(parsing: bytes) }
        }
    }

    @Test("Depth, size and number of values have limits, at them and one above")
    func limits() throws {
        let limits = JSONLimits(bytesMax: 64, depthMax: 4, valuesMax: 6)
        func read(_ text: String) throws(JSONError) { _ = try JSONValue(parsing: Array(text.utf8), limits: limits) }
        try read("[[[[]]]]")
        #expect(throws: JSONError(.tooDeep, at: 4)) { try read("[[[[[]]]]]") }
        try read("[1,2,3,4,5]")
        #expect(throws: JSONError(.tooMany, at: 11)) { try read("[1,2,3,4,5,6]") }
        try read("\"" + String(repeating: "a", count: 62) + "\"")
        #expect(throws: JSONError(.tooLong, at: 64)) { try read("\"" + String(repeating: "a", count: 63) + "\"") }
        let deep = String(repeating: "[", count: 1_000_000)
        #expect(throws: JSONError(.tooDeep, at: 16)) { try JSONValue(parsing: Array(deep.utf8)) }
    }

    @Test("RFC 4648 §10: the test vectors of base 64, and nothing else is read")
    func base64() {
        let vectors = [
            "": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE=",
            "foobar": "Zm9vYmFy",
        ]
        for (text, encoded) in vectors {
            #expect(Base64.encode(Array(text.utf8)) == encoded)
            #expect(Base64.decode(encoded) == Array(text.utf8))
        }
        for text in ["Zg=", "Zg", "Zh==", "Z===", "====", "Zm9v\n", "Zm 9v", "Zm-v", "Zg==Zg=="] {
            #expect(Base64.decode(text) == nil, "\(text)")
        }
    }
}
