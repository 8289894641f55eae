internal import GRDB
public import Trust

/// The users with the sequence of their directory: on the authority the original, on a front end what it was told.
///
/// The sequence grows by one for each user that is added, changed or removed. What a change returns goes into the
/// `UserDirectory` in memory (`apply`), which then says whose connections have to end.
public struct UserTable: Sendable {
    let database: Database

    // MARK: Reading

    /// The sequence of the directory; 0 before the first user.
    public func sequence() throws(StorageError) -> UInt64 {
        try database.read(Self.sequence)
    }

    /// The whole directory, for the start.
    public func directory() throws(StorageError) -> UserDirectory {
        try database.read { database in
            UserDirectory(
                sequence: try Self.sequence(database), records: try UserRows.fetch(database, where: "true", []))
        }
    }

    /// The user with this address-of-record, or with it as an alias; nil when there is none.
    public func record(for address: String) throws(StorageError) -> UserRecord? {
        try database.read { database in
            let owner = try Self.owner(ofAlias: address, database)
            return try Self.user(owner ?? address, database)
        }
    }

    /// The users in the order of their addresses, from the one behind `after` (nil: the first) and at most `limit`.
    public func list(after: String? = nil, limit: Int = .max) throws(StorageError) -> [UserRecord] {
        try database.read { database in
            try UserRows.fetch(database, where: "aor > ?1", [after ?? ""], suffix: "LIMIT \(max(0, limit))")
        }
    }

    // MARK: Changing

    /// Adds a user. Throws `conflict` when the address or one of the aliases is taken. The record's own sequence is not read.
    public func add(_ record: UserRecord) throws(StorageError) -> DirectoryChanges {
        try change { database, changes in
            guard try !Self.isUser(record.aor, database) else {
                throw StorageError.conflict(what: "the user \(record.aor) exists")
            }
            try Self.put(record, database, &changes)
        }
    }

    /// Removes a user. Throws `absent` when there is none.
    public func remove(_ aor: String) throws(StorageError) -> DirectoryChanges {
        try change { database, changes in
            guard try Self.isUser(aor, database) else { throw StorageError.absent(what: "user \(aor)") }
            try Self.delete(aor, database)
            changes.to += 1
            changes.removed.append(aor)
        }
    }

    /// Lets a user sign in or not. Throws `absent` when there is none.
    public func setState(_ state: UserRecord.State, of aor: String) throws(StorageError) -> DirectoryChanges {
        try update(aor) { $0.state = state }
    }

    /// Sets what a new password left behind, and the algorithm to challenge with. Throws `absent` when there is no such user.
    public func setPassword(
        _ verifiers: UserVerifiers, challengedWith algorithm: DigestAlgorithm, of aor: String
    ) throws(StorageError) -> DirectoryChanges {
        try update(aor) { record in
            record.verifiers = verifiers
            record.algorithm = algorithm
        }
    }

    /// Sets the other addresses that lead to this user. Throws `absent`, or `conflict` when one is taken.
    public func setAliases(_ aliases: [String], of aor: String) throws(StorageError) -> DirectoryChanges {
        try update(aor) { $0.aliases = aliases }
    }

    /// What an import does with an address that exists.
    public enum Existing: Hashable, Sendable {
        /// Leaves it as it is.
        case keep
        /// Gives it the new record.
        case replace
    }

    /// Adds many users, `StorageLimits.importRowsPerCommit` in one transaction. `progress` hears how many of them are done.
    ///
    /// When it throws, what was reported as done is in the store, and to run it again is safe; the directory in memory is
    /// brought up to date with `directory()` then. An address that stands there twice is a `conflict` before anything is done.
    public func add(
        contentsOf records: [UserRecord], existing: Existing, progress: (Int) -> Void = { _ in }
    ) throws(StorageError) -> UserImportResult {
        guard Set(records.map(\.aor)).count == records.count else {
            throw .conflict(what: "one of the users stands there twice")
        }
        let sequence = try sequence()
        var result = UserImportResult(changes: DirectoryChanges(from: sequence, to: sequence, records: []))
        var start = 0
        while start < records.count {
            let end = min(start + StorageLimits.importRowsPerCommit, records.count)
            let (part, changes) = try add(records[start..<end], existing)
            result.merge(part, changes)
            start = end
            progress(end)
        }
        return result
    }

    /// Takes in what the authority told: on servers that hold a copy. Throws `conflict` when something between is missing,
    /// and changes nothing then.
    public func apply(_ changes: DirectoryChanges) throws(StorageError) {
        try database.write { database in
            let known = try Self.sequence(database)
            guard changes.from <= known, changes.to >= known || changes.from == 0 else {
                throw StorageError.conflict(
                    what:
                        "the changes lead from \(changes.from) to \(changes.to), and the directory here is at \(known)")
            }
            if changes.from == 0 { try database.execute(sql: "DELETE FROM users; DELETE FROM aliases") }
            // Everybody leaves before anybody comes: an address may have become an alias of another user.
            for aor in changes.removed + changes.records.map(\.aor) { try Self.delete(aor, database) }
            for record in changes.records { try Self.insert(record, database) }
            try Self.setSequence(changes.to, database)
        }
    }

    // MARK: Steps

    private func add(
        _ records: ArraySlice<UserRecord>, _ existing: Existing
    ) throws(StorageError) -> (UserImportResult.Counts, DirectoryChanges) {
        var counts = UserImportResult.Counts()
        let changes = try change { database, changes in
            for record in records {
                let isThere = try Self.isUser(record.aor, database)
                if isThere, existing == .keep {
                    counts.kept += 1
                } else {
                    try Self.put(record, database, &changes)
                    if isThere { counts.replaced += 1 } else { counts.added += 1 }
                }
            }
        }
        return (counts, changes)
    }

    private func update(
        _ aor: String, _ body: (inout UserRecord) -> Void
    ) throws(StorageError) -> DirectoryChanges {
        try change { database, changes in
            guard var record = try Self.user(aor, database) else { throw StorageError.absent(what: "user \(aor)") }
            body(&record)
            try Self.put(record, database, &changes)
        }
    }

    private func change(
        _ body: (GRDB.Database, inout DirectoryChanges) throws -> Void
    ) throws(StorageError) -> DirectoryChanges {
        try database.write { database in
            let sequence = try Self.sequence(database)
            var changes = DirectoryChanges(from: sequence, to: sequence, records: [])
            try body(database, &changes)
            try Self.setSequence(changes.to, database)
            return changes
        }
    }

    private static func put(
        _ record: UserRecord, _ database: GRDB.Database, _ changes: inout DirectoryChanges
    ) throws {
        changes.to += 1
        let numbered = UserRecord(
            aor: record.aor, homePool: record.homePool, verifiers: record.verifiers, algorithm: record.algorithm,
            // A set: in the order in which it is read back.
            aliases: record.aliases.sorted(), state: record.state, sequence: changes.to)
        try delete(numbered.aor, database)
        try insert(numbered, database)
        changes.records.append(numbered)
    }

    private static func insert(_ record: UserRecord, _ database: GRDB.Database) throws {
        if let owner = try owner(ofAlias: record.aor, database) {
            throw StorageError.conflict(what: "\(record.aor) is an alias of \(owner)")
        }
        try UserRows.store(record, database)
        for alias in record.aliases {
            guard try !isUser(alias, database) else {
                throw StorageError.conflict(what: "the alias \(alias) is a user")
            }
            if let owner = try owner(ofAlias: alias, database) {
                throw StorageError.conflict(what: "\(alias) is an alias of \(owner) already")
            }
            try database.execute(sql: "INSERT INTO aliases VALUES (?, ?)", arguments: [alias, record.aor])
        }
    }

    private static func delete(_ aor: String, _ database: GRDB.Database) throws {
        try database.execute(sql: "DELETE FROM aliases WHERE aor = ?", arguments: [aor])
        try database.execute(sql: "DELETE FROM users WHERE aor = ?", arguments: [aor])
    }

    private static func sequence(_ database: GRDB.Database) throws -> UInt64 {
        UInt64(clamping: try Int64.fetchOne(database, sql: "SELECT number FROM counters WHERE name = 'users'") ?? 0)
    }

    private static func setSequence(_ sequence: UInt64, _ database: GRDB.Database) throws {
        try database.execute(
            sql: "UPDATE counters SET number = ? WHERE name = 'users'", arguments: [Int64(clamping: sequence)])
    }

    private static func user(_ aor: String, _ database: GRDB.Database) throws -> UserRecord? {
        try UserRows.fetch(database, where: "aor = ?1", [aor]).first
    }

    private static func isUser(_ aor: String, _ database: GRDB.Database) throws -> Bool {
        try Bool.fetchOne(database, sql: "SELECT 1 FROM users WHERE aor = ?", arguments: [aor]) ?? false
    }

    private static func owner(ofAlias alias: String, _ database: GRDB.Database) throws -> String? {
        try String.fetchOne(database, sql: "SELECT aor FROM aliases WHERE alias = ?", arguments: [alias])
    }
}

/// What an import did.
public struct UserImportResult: Hashable, Sendable {
    /// How many rows had which fate.
    public struct Counts: Hashable, Sendable {
        /// Users that are new.
        public internal(set) var added = 0
        /// Users that existed and have the new record.
        public internal(set) var replaced = 0
        /// Users that existed and were left alone.
        public internal(set) var kept = 0
    }

    /// How many rows had which fate.
    public private(set) var counts = Counts()
    /// What changed, for the directory in memory.
    public private(set) var changes: DirectoryChanges

    init(changes: DirectoryChanges) {
        self.changes = changes
    }

    mutating func merge(_ part: Counts, _ partChanges: DirectoryChanges) {
        counts.added += part.added
        counts.replaced += part.replaced
        counts.kept += part.kept
        changes.to = partChanges.to
        changes.records += partChanges.records
    }
}
