internal import Server

/// The journal and the folded bindings in the file, through prepared statements. One thread at a time uses it.
///
/// The journal is an insert into an ordered table: the cheapest durable write that SQLite has. Folding moves the oldest
/// rows into `bindings`, the last one of each key; a step is one transaction, so a crash leaves it done or not begun.
final class JournalFile {
    private let connection: RawConnection
    private let begin: Statement
    private let commit: Statement
    private let rollback: Statement
    private let insert: Statement
    private let foldValues: Statement
    private let foldEnds: Statement
    private let foldDelete: Statement
    private let select: Statement

    /// The oldest row that was not folded yet.
    private var firstRow: Int64 = 1
    /// The row that the next record gets.
    private var nextRow: Int64 = 1

    /// Opens the migrated database at `path`.
    init(path: String, settings: StorageSettings) throws(SQLiteFailure) {
        connection = try RawConnection(path: path, busyMilliseconds: Int32(clamping: settings.busyMillisecondsMax))
        try Self.configure(connection, settings)
        begin = try Statement("BEGIN IMMEDIATE", on: connection)
        commit = try Statement("COMMIT", on: connection)
        rollback = try Statement("ROLLBACK", on: connection)
        insert = try Statement("INSERT INTO journal (id, key, value) VALUES (?1, ?2, ?3)", on: connection)
        let lastOfEachKey = "id IN (SELECT max(id) FROM journal WHERE id BETWEEN ?1 AND ?2 GROUP BY key)"
        foldValues = try Statement(
            """
            INSERT INTO bindings (key, value) SELECT key, value FROM journal WHERE \(lastOfEachKey) AND value IS NOT NULL
            ON CONFLICT (key) DO UPDATE SET value = excluded.value
            """, on: connection)
        foldEnds = try Statement(
            "DELETE FROM bindings WHERE key IN (SELECT key FROM journal WHERE \(lastOfEachKey) AND value IS NULL)",
            on: connection)
        foldDelete = try Statement("DELETE FROM journal WHERE id BETWEEN ?1 AND ?2", on: connection)
        select = try Statement(
            """
            SELECT key, value FROM journal WHERE id IN (SELECT max(id) FROM journal GROUP BY key) AND value IS NOT NULL
            UNION ALL
            SELECT key, value FROM bindings WHERE key NOT IN (SELECT key FROM journal)
            ORDER BY key
            """, on: connection)
        try Statement("SELECT coalesce(min(id), 1), coalesce(max(id), 0) + 1 FROM journal", on: connection)
            .forEachRow { row in
                firstRow = row.integer(0)
                nextRow = row.integer(1)
            }
    }

    /// How many rows wait to be folded.
    var rowsToFold: Int { Int(nextRow - firstRow) }

    /// Commits `records`, whose values are whole, in one transaction: all of them or, when it throws, none.
    func append(_ records: ArraySlice<QueuedRecord>) throws(SQLiteFailure) {
        try transaction { () throws(SQLiteFailure) in
            var row = nextRow
            for queued in records {
                try insert.run(row, queued.record.key, queued.record.value)
                row += 1
            }
        }
        nextRow += Int64(records.count)
    }

    /// Folds at most `rowsMax` of the oldest rows into the bindings, in one transaction.
    func fold(rowsMax: Int) throws(SQLiteFailure) {
        let lastRow = min(firstRow + Int64(rowsMax), nextRow) - 1
        try transaction { () throws(SQLiteFailure) in
            try foldValues.run(firstRow, lastRow)
            try foldEnds.run(firstRow, lastRow)
            try foldDelete.run(firstRow, lastRow)
        }
        firstRow = lastRow + 1
    }

    /// Every key that has a value: what was folded, with the journal played over it, in the order of the keys.
    func bindings() throws(SQLiteFailure) -> [(key: [UInt8], value: [UInt8])] {
        var found: [(key: [UInt8], value: [UInt8])] = []
        try select.forEachRow { row in
            found.append((row.bytes(0), row.bytes(1)))
        }
        return found
    }

    private func transaction(_ body: () throws(SQLiteFailure) -> Void) throws(SQLiteFailure) {
        try begin.run()
        do throws(SQLiteFailure) {
            try body()
            try commit.run()
        } catch {
            // After a full disk SQLite may have rolled back by itself; a second failure here has nothing to add to the first.
            if connection.isInTransaction { try? rollback.run() }
            throw error
        }
    }

    private static func configure(_ connection: RawConnection, _ settings: StorageSettings) throws(SQLiteFailure) {
        try connection.execute("PRAGMA synchronous = \(settings.synchronous.rawValue)")
        try connection.execute("PRAGMA wal_autocheckpoint = \(settings.checkpointPages)")
        try connection.execute("PRAGMA max_page_count = \(settings.pagesMax)")
    }
}
