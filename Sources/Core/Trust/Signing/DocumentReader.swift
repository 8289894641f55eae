import Basis

/// Why a document was not understood: where, and what is wrong there.
public struct DocumentError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Member names and positions from the top of the document down.
    public let path: [String]
    /// What is wrong, in words.
    public let message: String

    /// A fault at a place.
    public init(path: [String], message: String) {
        self.path = path
        self.message = message
    }

    public var description: String {
        path.isEmpty ? message : path.joined(separator: ".") + ": " + message
    }
}

/// Takes the members of an object one by one; what is left in the end is an unknown key.
struct ObjectReader {
    /// Where the object stands.
    let path: [String]
    private var members: [String: JSONValue]
    private var known: [String] = []

    init(_ value: JSONValue, at path: [String]) throws(DocumentError) {
        guard case .object(let members) = value else {
            throw DocumentError(path: path, message: "an object is expected here")
        }
        self.members = members
        self.path = path
    }

    /// The JSON text of a whole document.
    static func parse(_ bytes: [UInt8], limits: JSONLimits = .object) throws(DocumentError) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes, limits: limits)
        } catch {
            throw DocumentError(path: [], message: error.description)
        }
    }

    /// A fault in the member `name`.
    func fault(_ name: String, _ message: String) -> DocumentError {
        DocumentError(path: path + [name], message: message)
    }

    mutating func optional(_ name: String) -> JSONValue? {
        known.append(name)
        guard let value = members.removeValue(forKey: name), value != .null else { return nil }
        return value
    }

    mutating func required(_ name: String) throws(DocumentError) -> JSONValue {
        guard let value = optional(name) else { throw fault(name, "is missing") }
        return value
    }

    mutating func optionalString(_ name: String) throws(DocumentError) -> String? {
        guard let value = optional(name) else { return nil }
        guard let text = value.stringValue else { throw fault(name, "a text is expected here") }
        return text
    }

    mutating func requiredString(_ name: String) throws(DocumentError) -> String {
        guard let text = try optionalString(name) else { throw fault(name, "is missing") }
        return text
    }

    /// A number from 0 to 2^53 - 1.
    mutating func optionalNumber(_ name: String) throws(DocumentError) -> UInt64? {
        guard let value = optional(name) else { return nil }
        guard let number = value.integerValue, number >= 0 else {
            throw fault(name, "a whole number, zero or more, is expected here")
        }
        return UInt64(number)
    }

    mutating func requiredNumber(_ name: String) throws(DocumentError) -> UInt64 {
        guard let number = try optionalNumber(name) else { throw fault(name, "is missing") }
        return number
    }

    mutating func bool(_ name: String, default standard: Bool) throws(DocumentError) -> Bool {
        guard let value = optional(name) else { return standard }
        guard let truth = value.boolValue else { throw fault(name, "true or false is expected here") }
        return truth
    }

    mutating func optionalBytes(_ name: String) throws(DocumentError) -> [UInt8]? {
        guard let text = try optionalString(name) else { return nil }
        guard let bytes = Base64.decode(text) else { throw fault(name, "base 64 is expected here") }
        return bytes
    }

    mutating func requiredBytes(_ name: String) throws(DocumentError) -> [UInt8] {
        guard let bytes = try optionalBytes(name) else { throw fault(name, "is missing") }
        return bytes
    }

    /// The 32 bytes of `sha256:HEX`.
    mutating func optionalHash(_ name: String) throws(DocumentError) -> [UInt8]? {
        guard let text = try optionalString(name) else { return nil }
        guard let hash = KeyPin(text) else { throw fault(name, "sha256: and 64 hexadecimal digits are expected here") }
        return hash.bytes
    }

    mutating func requiredHash(_ name: String) throws(DocumentError) -> [UInt8] {
        guard let hash = try optionalHash(name) else { throw fault(name, "is missing") }
        return hash
    }

    mutating func requiredTime(_ name: String) throws(DocumentError) -> WallTime {
        guard let time = WallTime(rfc3339: try requiredString(name)) else {
            throw fault(name, "a time like 2026-01-31T12:00:00Z is expected here")
        }
        return time
    }

    mutating func optionalArray(_ name: String, max: Int) throws(DocumentError) -> [JSONValue]? {
        guard let value = optional(name) else { return nil }
        guard let list = value.arrayValue else { throw fault(name, "a list is expected here") }
        guard list.count <= max else { throw fault(name, "has more than \(max) entries") }
        return list
    }

    mutating func requiredArray(_ name: String, max: Int) throws(DocumentError) -> [JSONValue] {
        guard let list = try optionalArray(name, max: max) else { throw fault(name, "is missing") }
        return list
    }

    mutating func optionalStrings(_ name: String, max: Int) throws(DocumentError) -> [String]? {
        guard let list = try optionalArray(name, max: max) else { return nil }
        var texts: [String] = []
        for (position, element) in list.enumerated() {
            guard let text = element.stringValue else {
                throw DocumentError(path: path + [name, String(position)], message: "a text is expected here")
            }
            texts.append(text)
        }
        return texts
    }

    /// The members of the object `name`, sorted by their names; none when it is absent.
    mutating func members(_ name: String, max: Int) throws(DocumentError) -> [(key: String, value: JSONValue)] {
        guard let value = optional(name) else { return [] }
        guard let object = value.objectValue else { throw fault(name, "an object is expected here") }
        guard object.count <= max else { throw fault(name, "has more than \(max) entries") }
        return object.sorted { $0.key < $1.key }
    }

    /// A value of a closed set of words; anything else is a fault that names the nearest word.
    mutating func optionalWord<Word: RawRepresentable & CaseIterable>(
        _ name: String, as type: Word.Type = Word.self
    ) throws(DocumentError) -> Word? where Word.RawValue == String {
        guard let text = try optionalString(name) else { return nil }
        return try Self.word(text, as: type, at: path + [name])
    }

    static func word<Word: RawRepresentable & CaseIterable>(
        _ text: String, as type: Word.Type, at path: [String]
    ) throws(DocumentError) -> Word where Word.RawValue == String {
        if let word = Word(rawValue: text) { return word }
        let hint = NearestName.hint(for: text, among: Word.allCases.map(\.rawValue))
        throw DocumentError(path: path, message: "\"\(text)\" is not known here" + hint)
    }

    /// Ends the reading: a member that nobody asked for is a fault.
    func finish() throws(DocumentError) {
        guard let stranger = members.keys.min() else { return }
        throw fault(stranger, "unknown key" + NearestName.hint(for: stranger, among: known))
    }
}
