/// A user as a directory keeps it. An object, so that asking for one counts one reference, not one for each of its texts.
public final class DirectoryUser: Sendable {
    /// The user.
    public let record: UserRecord
    /// The octets of the address-of-record.
    public let aor: [UInt8]

    init(_ record: UserRecord) {
        self.record = record
        aor = Array(record.aor.utf8)
    }

    /// Whether the user may do anything.
    public var isEnabled: Bool { record.state == .enabled }
}

/// The users of a network, or of the pools that one server serves, with a sequence that grows with each change.
///
/// The authority keeps the whole and hands out `changes`; front ends and directors `apply` them. Looking up an address
/// is one step in a dictionary.
public struct UserDirectory: Sendable, Equatable {
    /// Users in one directory.
    public static let usersMax = 5_000_000
    /// Aliases of one user.
    public static let aliasesMax = 64

    /// Grows by one with each change.
    public private(set) var sequence: UInt64
    private var users: [[UInt8]: DirectoryUser] = [:]
    private var aorByAlias: [[UInt8]: [UInt8]] = [:]
    /// At which sequence each address-of-record was removed, as far back as `horizon`.
    private var removed: [String: UInt64] = [:]
    /// Removals up to here are not known any more: a reader that is further behind gets everything.
    private var horizon: UInt64
    private var md5Count = 0

    /// A directory of these records, for example as a store kept them; of two records for one address the first counts.
    public init(sequence: UInt64 = 0, records: [UserRecord] = []) {
        self.sequence = sequence
        self.horizon = sequence
        users.reserveCapacity(records.count)
        for record in records where self[record.aor] == nil { insert(record) }
    }

    /// How many users there are.
    public var count: Int { users.count }

    /// How many users are challenged with MD5: `check` counts them.
    public var md5AccountCount: Int { md5Count }

    /// The algorithm of most accounts: what a stranger is challenged with, so that the challenge tells nothing.
    public var usualAlgorithm: DigestAlgorithm { md5Count > users.count - md5Count ? .md5 : .sha256 }

    /// The user with exactly this address-of-record (domain in lower case, no scheme); aliases do not count.
    public subscript(aor: String) -> UserRecord? { users[Array(aor.utf8)]?.record }

    /// The user whom an address leads to: its own, or one of its aliases. Domain in lower case, no scheme.
    public func record(for address: String) -> UserRecord? { user(at: Array(address.utf8))?.record }

    /// The same for an address in octets, as a message has it.
    public func user(at address: [UInt8]) -> DirectoryUser? {
        if let user = users[address] { return user }
        guard !aorByAlias.isEmpty, let aor = aorByAlias[address] else { return nil }
        return users[aor]
    }

    /// All users, sorted by address.
    public var all: [UserRecord] { users.values.map(\.record).sorted { $0.aor < $1.aor } }

    /// Adds a user or replaces the one with this address-of-record. The sequence grows by one.
    public mutating func put(_ record: UserRecord) throws(DirectoryError) {
        for address in [record.aor] + record.aliases {
            guard Self.isAddress(address) else { throw .notAnAddress(address) }
            if let owner = self.record(for: address), owner.aor != record.aor { throw .addressTaken(address) }
        }
        sequence += 1
        var changed = record
        changed.sequence = sequence
        delete(record.aor)
        removed[record.aor] = nil
        insert(changed)
    }

    /// Takes a user out; false when there is none. The sequence grows by one.
    public mutating func remove(_ aor: String) -> Bool {
        guard self[aor] != nil else { return false }
        sequence += 1
        delete(aor)
        removed[aor] = sequence
        return true
    }

    /// What a reader at `reader` needs. With `pool`, only users of that home pool count as the reader's: one who moved
    /// away is removed there. A reader that is too far behind, or ahead of us, gets everything.
    public func changes(since reader: UInt64, homePool pool: String? = nil) -> DirectoryChanges {
        func isReaders(_ record: UserRecord) -> Bool { pool == nil || record.homePool == pool }
        guard reader >= horizon, reader <= sequence, reader > 0 else {
            return DirectoryChanges(from: 0, to: sequence, records: all.filter(isReaders))
        }
        let changed = all.filter { $0.sequence > reader }
        let gone = removed.filter { $0.value > reader }.map(\.key) + changed.filter { !isReaders($0) }.map(\.aor)
        return DirectoryChanges(
            from: reader, to: sequence, records: changed.filter(isReaders), removed: gone.sorted())
    }

    /// Takes changes in, all or nothing, and answers with the addresses-of-record whose user ended, was disabled, or
    /// has other verifiers now: their connections and bindings have to go.
    public mutating func apply(_ changes: DirectoryChanges) throws(DirectoryError) -> [String] {
        guard changes.from <= sequence else { throw .gap(from: changes.from, known: sequence) }
        guard changes.to >= sequence || changes.from == 0 else { throw .older(to: changes.to, known: sequence) }
        var next = changes.from == 0 ? UserDirectory() : self
        for aor in changes.removed {
            next.delete(aor)
            next.removed[aor] = changes.to
        }
        // A record may take over an alias that another one of the same changes gives up: all leave before any comes.
        for record in changes.records { next.delete(record.aor) }
        for record in changes.records {
            for address in [record.aor] + record.aliases where next.record(for: address) != nil {
                throw .addressTaken(address)
            }
            next.removed[record.aor] = nil
            next.insert(record)
        }
        next.sequence = changes.to
        if changes.from == 0 { next.horizon = changes.to }
        let touched = changes.from == 0 ? users.values.map(\.record.aor) : changes.removed + changes.records.map(\.aor)
        let ended = touched.filter { aor in
            guard let old = self[aor] else { return false }
            guard let new = next[aor] else { return true }
            return old.state == .enabled && new.state == .disabled || old.verifiers != new.verifiers
        }
        self = next
        return ended.sorted()
    }

    private mutating func insert(_ record: UserRecord) {
        let user = DirectoryUser(record)
        users[user.aor] = user
        for alias in record.aliases { aorByAlias[Array(alias.utf8)] = user.aor }
        if record.algorithm == .md5 { md5Count += 1 }
    }

    private mutating func delete(_ aor: String) {
        guard let old = users.removeValue(forKey: Array(aor.utf8)) else { return }
        for alias in old.record.aliases where aorByAlias[Array(alias.utf8)] == old.aor {
            aorByAlias[Array(alias.utf8)] = nil
        }
        if old.record.algorithm == .md5 { md5Count -= 1 }
    }

    /// The same sequence, users and removals.
    public static func == (left: UserDirectory, right: UserDirectory) -> Bool {
        left.sequence == right.sequence && left.horizon == right.horizon && left.removed == right.removed
            && left.users.count == right.users.count
            && left.users.allSatisfy { right.users[$0.key]?.record == $0.value.record }
    }

    /// A user, `@` and a full domain name, without spaces and controls. The grammar of the user part is SIP's own.
    private static func isAddress(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count <= 512, let at = bytes.lastIndex(of: UInt8(ascii: "@")), at > 0,
            bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { return false }
        return DomainName.isFQDN(String(decoding: bytes[(at + 1)...], as: UTF8.self))
    }
}
