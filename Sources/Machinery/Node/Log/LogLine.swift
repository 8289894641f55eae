public import Basis

/// JSON lines on standard error: RFC 3339 time, level, event, and what belongs to it.
///
/// Every value that a peer could choose is written through the JSON encoder, which escapes control characters; bytes that
/// are not UTF-8 become replacement characters, and what a terminal or a reader of right-to-left text would act on is
/// escaped as well.
public struct LogLine: Sendable {
    /// How much it matters.
    public enum Level: String, Sendable, CaseIterable, Comparable {
        case debug, info, warning, error

        public static func < (left: Level, right: Level) -> Bool {
            (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
        }
    }

    private var text: String

    /// Starts a line.
    public init(_ level: Level, _ event: String, at time: WallTime) {
        text = "{\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\",\"event\":\"\(event)\""
    }

    /// Adds a text.
    public mutating func add(_ name: String, _ value: String) {
        text += ",\"\(name)\":\"" + Self.escaped(value) + "\""
    }

    /// Adds a number.
    public mutating func add(_ name: String, _ value: some BinaryInteger) {
        text += ",\"\(name)\":\(value)"
    }

    /// Adds a yes or no.
    public mutating func add(_ name: String, _ value: Bool) {
        text += ",\"\(name)\":\(value)"
    }

    /// The line with its end.
    public var bytes: [UInt8] { Array((text + "}\n").utf8) }

    /// The longest value that is written; the rest is cut.
    public static let valueCharactersMax = 1_024

    static func escaped(_ value: String) -> String {
        if value.utf8.count <= valueCharactersMax, value.utf8.allSatisfy(isPlain) { return value }
        var result = ""
        for scalar in value.unicodeScalars.prefix(valueCharactersMax) {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                result += unit(scalar.value)
            // Bidirectional controls and line separators: inert in JSON, not on a terminal.
            case _
            where (0x200B...0x200F).contains(scalar.value) || (0x2028...0x202E).contains(scalar.value)
                || (0x2066...0x2069).contains(scalar.value) || scalar.value == 0xFEFF:
                result += unit(scalar.value)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Printable ASCII without quote and backslash, which is what nearly every value consists of.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private static func unit(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
