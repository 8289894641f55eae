internal import GRDB
internal import Trust

/// User records to rows and back.
enum UserRows {
    /// The users that match `condition`, by address, with their aliases.
    static func fetch(
        _ database: GRDB.Database, where condition: String, _ arguments: StatementArguments, suffix: String = ""
    ) throws -> [UserRecord] {
        // A cursor, because it remembers where a column is: a copied row looks for it by name each time.
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT *, (SELECT group_concat(alias, char(10)) FROM aliases WHERE aliases.aor = users.aor) AS alias_list
                FROM users WHERE \(condition) ORDER BY aor \(suffix)
                """, arguments: arguments)
        var records: [UserRecord] = []
        while let row = try rows.next() { records.append(try record(row)) }
        return records
    }

    /// Writes the row of a user; its aliases have a table of their own.
    static func store(_ record: UserRecord, _ database: GRDB.Database) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO users (aor, sequence, home_pool, algorithm, sha256, md5, state)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                record.aor, Int64(clamping: record.sequence), record.homePool, record.algorithm.rawValue,
                record.verifiers.sha256.map(Column.data), record.verifiers.md5.map(Column.data), record.state.rawValue,
            ])
    }

    private static func record(_ row: Row) throws(StorageError) -> UserRecord {
        let aor = try Column.text(row, "aor")
        guard let algorithm = DigestAlgorithm(rawValue: try Column.text(row, "algorithm")),
            let state = UserRecord.State(rawValue: try Column.text(row, "state"))
        else { throw .unreadable(what: "the user \(aor)") }
        let aliases = try Column.optionalText(row, "alias_list") ?? ""
        return UserRecord(
            aor: aor, homePool: try Column.text(row, "home_pool"),
            verifiers: UserVerifiers(
                sha256: try Column.optionalBytes(row, "sha256"), md5: try Column.optionalBytes(row, "md5")),
            algorithm: algorithm, aliases: aliases.split(separator: "\n").map(String.init).sorted(), state: state,
            sequence: UInt64(clamping: try Column.integer(row, "sequence")))
    }
}
