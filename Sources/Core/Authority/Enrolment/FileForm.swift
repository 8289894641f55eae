internal import Basis
internal import Trust

/// The frame of the JSON files that people carry between machines: `type` and `version`, then members of their own.
struct FileForm {
    private let type: String
    private let members: [String: JSONValue]

    /// Reads a file of this type and one of these versions.
    /// - Throws: `fileUnreadable` when it is not JSON, of another type, of a newer version, or has unknown members.
    init(
        parsing bytes: [UInt8], type: String, versions: ClosedRange<Int64>, known: [String],
        limits: JSONLimits = .object
    ) throws(AuthorityError) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes, limits: limits)
        } catch {
            throw .fileUnreadable(what: "the \(type) file", reason: error.description)
        }
        try self.init(value, type: type, versions: versions, known: known)
    }

    /// Takes a value of this type and one of these versions that was read already.
    init(_ value: JSONValue, type: String, versions: ClosedRange<Int64>, known: [String]) throws(AuthorityError) {
        guard let members = value.objectValue, members["type"]?.stringValue == type else {
            throw .fileUnreadable(what: "the \(type) file", reason: "its type is not `\(type)`")
        }
        guard let version = members["version"]?.integerValue, versions.contains(version) else {
            let expected = Set([versions.lowerBound, versions.upperBound]).sorted().map(String.init)
            throw .fileUnreadable(
                what: "the \(type) file", reason: "its version is not \(expected.joined(separator: " or "))")
        }
        if let unknown = members.keys.sorted().first(where: { !known.contains($0) && $0 != "type" && $0 != "version" })
        {
            throw .fileUnreadable(what: "the \(type) file", reason: "unknown member `\(unknown)`")
        }
        self.type = type
        self.members = members
    }

    /// A value of this type and version; members that are nil are left out.
    static func json(type: String, version: Int64, _ members: [String: JSONValue?]) -> JSONValue {
        .object(members.compactMapValues(\.self).merging(["type": .string(type), "version": .integer(version)]) { $1 })
    }

    /// The error for a member that is missing or of the wrong kind.
    func fault(_ name: String, _ reason: String = "is missing or malformed") -> AuthorityError {
        .fileUnreadable(what: "the \(type) file", reason: "`\(name)` \(reason)")
    }

    func optional(_ name: String) -> JSONValue? { members[name].flatMap { $0 == .null ? nil : $0 } }

    func value(_ name: String) throws(AuthorityError) -> JSONValue {
        guard let value = optional(name) else { throw fault(name) }
        return value
    }

    func string(_ name: String) throws(AuthorityError) -> String {
        guard let text = optional(name)?.stringValue else { throw fault(name) }
        return text
    }

    func number(_ name: String) throws(AuthorityError) -> UInt64 {
        guard let number = optional(name)?.integerValue.flatMap({ UInt64(exactly: $0) }) else { throw fault(name) }
        return number
    }

    func flag(_ name: String) throws(AuthorityError) -> Bool {
        guard let flag = optional(name)?.boolValue else { throw fault(name) }
        return flag
    }

    func bytes(_ name: String) throws(AuthorityError) -> [UInt8] {
        guard let bytes = optional(name)?.stringValue.flatMap(Base64.decode) else { throw fault(name) }
        return bytes
    }

    func host(_ name: String) throws(AuthorityError) -> String {
        let text = try string(name).lowercased()
        guard DomainName.isFQDN(text) else { throw fault(name, "is not a full host name") }
        return text
    }

    func address(_ name: String) throws(AuthorityError) -> NetworkAddress? {
        guard let value = optional(name) else { return nil }
        guard let address = value.stringValue.flatMap({ NetworkAddress($0) }) else {
            throw fault(name, "is not an IP address with a port")
        }
        return address
    }

    func array(_ name: String) throws(AuthorityError) -> [JSONValue] {
        guard let items = optional(name)?.arrayValue else { throw fault(name) }
        return items
    }
}
