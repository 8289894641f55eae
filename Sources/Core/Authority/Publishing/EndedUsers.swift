internal import Trust

/// Users whose account ended, was disabled or has another password now, for an edge: it knows no directory, but keeps the
/// address of each flow, and closes the flows of these.
public struct EndedUsers: Sendable, Hashable {
    /// The most addresses in one delivery. A larger change, such as an import, is told as `everybody`.
    public static let addressesMax = 10_000

    /// The directory sequence that the edge had told; 0 for one that knows none yet.
    public let from: UInt64
    /// The sequence that it has with this.
    public let to: UInt64
    /// The addresses-of-record that ended between the two, sorted.
    public let addresses: [String]
    /// The addresses are too many or not known any more: every flow with a user ends, and its user proves it anew.
    public let everybody: Bool

    /// What ended between two sequences.
    public init(from: UInt64, to: UInt64, addresses: [String], everybody: Bool = false) {
        self.from = from
        self.to = to
        self.addresses = addresses
        self.everybody = everybody
    }

    init?(json: JSONValue) {
        guard let from = json["from"]?.integerValue.flatMap({ UInt64(exactly: $0) }),
            let to = json["to"]?.integerValue.flatMap({ UInt64(exactly: $0) }), from <= to,
            let items = json["addresses"]?.arrayValue, items.count <= Self.addressesMax,
            let everybody = json["everybody"]?.boolValue
        else { return nil }
        let addresses = items.compactMap(\.stringValue)
        guard addresses.count == items.count else { return nil }
        self.init(from: from, to: to, addresses: addresses, everybody: everybody)
    }

    var json: JSONValue {
        .object([
            "from": .integer(Int64(clamping: from)), "to": .integer(Int64(clamping: to)),
            "addresses": .array(addresses.map { .string($0) }), "everybody": .bool(everybody),
        ])
    }
}

/// What the authority remembers of ended users for its edges: the newest `EndedUsers.addressesMax`.
public struct EndedUsersMemory: Sendable {
    private var entries: [(sequence: UInt64, address: String)] = []
    /// What ended up to here is not known.
    private var horizon: UInt64
    /// The sequence that the memory is complete up to.
    public private(set) var sequence: UInt64

    /// Nothing; what ended up to `sequence` is not known.
    public init(sequence: UInt64) {
        self.horizon = sequence
        self.sequence = sequence
    }

    /// These users ended with the change that led to `sequence`.
    public mutating func add(_ addresses: [String], at sequence: UInt64) {
        self.sequence = max(self.sequence, sequence)
        entries += addresses.suffix(EndedUsers.addressesMax + 1).map { (self.sequence, $0) }
        let excess = entries.count - EndedUsers.addressesMax
        guard excess > 0 else { return }
        // A change is remembered as a whole or not at all.
        horizon = entries[excess - 1].sequence
        entries.removeAll { $0.sequence <= horizon }
    }

    /// What an edge that told `known` has to end. One that knows nothing has just started, and has no flow from before the
    /// memory.
    public func ended(since known: UInt64) -> EndedUsers {
        guard known <= sequence else { return EndedUsers(from: sequence, to: sequence, addresses: []) }
        let isKnown = known >= horizon || known == 0
        return EndedUsers(
            from: known, to: sequence,
            addresses: isKnown ? Set(entries.filter { $0.sequence > known }.map(\.address)).sorted() : [],
            everybody: !isKnown)
    }
}
