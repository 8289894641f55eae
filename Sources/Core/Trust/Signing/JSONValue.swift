/// A JSON text as data, in the part of JSON that signed objects use: numbers are integers that a double holds exactly.
public enum JSONValue: Sendable, Hashable {
    /// The literal `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// An integer between -(2^53 - 1) and 2^53 - 1 (RFC 7493 §2.2).
    case integer(Int64)
    /// A text.
    case string(String)
    /// A list.
    case array([JSONValue])
    /// Members by name; the order of members means nothing.
    case object([String: JSONValue])

    /// The largest integer that is read or written, and with a minus the smallest (RFC 7493 §2.2).
    public static let integerMax: Int64 = 9_007_199_254_740_991

    /// The text, when this is one.
    public var stringValue: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The integer, when this is one.
    public var integerValue: Int64? {
        if case .integer(let number) = self { number } else { nil }
    }

    /// The truth value, when this is one.
    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The list, when this is one.
    public var arrayValue: [JSONValue]? {
        if case .array(let list) = self { list } else { nil }
    }

    /// The members, when this is an object.
    public var objectValue: [String: JSONValue]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// A member of an object; nil when it has none of this name, or when this is no object.
    public subscript(name: String) -> JSONValue? { objectValue?[name] }
}

/// What a JSON text may cost to read.
public struct JSONLimits: Sendable, Hashable {
    /// Bytes of the whole text.
    public var bytesMax: Int
    /// Arrays and objects inside each other.
    public var depthMax: Int
    /// Values in the whole text, members and elements counted one by one.
    public var valuesMax: Int

    /// Limits of one's own.
    public init(bytesMax: Int, depthMax: Int, valuesMax: Int) {
        self.bytesMax = bytesMax
        self.depthMax = depthMax
        self.valuesMax = valuesMax
    }

    /// For one signed object: a topology of 10,000 servers takes about 4 MiB.
    public static let object = JSONLimits(bytesMax: 16 << 20, depthMax: 16, valuesMax: 1_000_000)
    /// For a bundle of objects, and for a directory of a million users.
    public static let bundle = JSONLimits(bytesMax: 512 << 20, depthMax: 20, valuesMax: 20_000_000)
}

/// Why a JSON text was not read.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was wrong, one case for each distinct violation.
    public enum Kind: String, Sendable, Hashable {
        /// The text is longer than `JSONLimits.bytesMax`.
        case tooLong = "the text is too long"
        /// More nesting than `JSONLimits.depthMax`.
        case tooDeep = "arrays and objects are nested too deeply"
        /// More values than `JSONLimits.valuesMax`.
        case tooMany = "there are too many values"
        /// The text ends inside a value.
        case unexpectedEnd = "the text ends too early"
        /// A byte that the grammar does not allow here.
        case unexpectedByte = "this character is not allowed here"
        /// Something follows the value.
        case trailingBytes = "something follows the end of the value"
        /// A number with fraction, exponent, leading zero, or out of range.
        case badNumber = "the number is not an integer of at most 53 bits"
        /// An escape that does not exist, or half of a surrogate pair.
        case badEscape = "the escape sequence is not valid"
        /// Bytes that are not UTF-8.
        case notUTF8 = "the text is not UTF-8"
        /// An object names a member twice.
        case duplicateMember = "the member appears twice"
    }

    /// What was wrong.
    public let kind: Kind
    /// The byte at which it was seen, counted from 0.
    public let offset: Int

    /// A violation at an offset.
    public init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    public var description: String { "JSON, byte \(offset): \(kind.rawValue)" }
}
