/// What changed in a user directory between two sequences. Goes only over the trust channel.
public struct DirectoryChanges: Sendable, Hashable {
    /// The sequence that the reader has; 0: these are all records, whatever the reader had.
    public var from: UInt64
    /// The sequence after the changes.
    public var to: UInt64
    /// The records that are new or changed, sorted by address.
    public var records: [UserRecord]
    /// The addresses-of-record that are no longer the reader's, sorted.
    public var removed: [String]

    /// Changes.
    public init(from: UInt64, to: UInt64, records: [UserRecord], removed: [String] = []) {
        self.from = from
        self.to = to
        self.records = records
        self.removed = removed
    }

    /// Reads changes from their JSON text.
    public init(parsing bytes: [UInt8]) throws(DocumentError) {
        try self.init(json: try ObjectReader.parse(bytes, limits: .bundle))
    }

    /// Reads changes that stand inside another document.
    public init(json: JSONValue) throws(DocumentError) {
        var reader = try ObjectReader(json, at: [])
        self.from = try reader.requiredNumber("from")
        self.to = try reader.requiredNumber("to")
        guard from <= to else { throw reader.fault("to", "is less than from") }
        self.records = []
        for (position, value) in (try reader.optionalArray("records", max: UserDirectory.usersMax) ?? []).enumerated() {
            records.append(try UserRecord(json: value, at: ["records", String(position)]))
        }
        self.removed = try reader.optionalStrings("removed", max: UserDirectory.usersMax) ?? []
        try reader.finish()
    }

    /// The changes as JSON.
    public var json: JSONValue {
        .members([
            ("from", .number(from)),
            ("to", .number(to)),
            ("records", records.isEmpty ? nil : .array(records.map(\.json))),
            ("removed", .stringsIfAny(removed)),
        ])
    }

    /// The JSON text.
    public var bytes: [UInt8] { json.canonicalBytes }
}

/// Why changes were not taken into a user directory.
public enum DirectoryError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The changes start behind our sequence: something between is missing. Ask for what came after `known`.
    case gap(from: UInt64, known: UInt64)
    /// The changes end before our sequence.
    case older(to: UInt64, known: UInt64)
    /// An address would lead to two users.
    case addressTaken(String)
    /// The text is not an address-of-record.
    case notAnAddress(String)

    public var description: String {
        switch self {
        case .gap(let from, let known): "the changes start at \(from), and the directory here is at \(known)"
        case .older(let to, let known): "the changes end at \(to), and the directory here is at \(known) already"
        case .addressTaken(let address): "\(address) belongs to another user already"
        case .notAnAddress(let text): "\"\(text)\" is not an address like alice@contoso.example"
        }
    }
}
