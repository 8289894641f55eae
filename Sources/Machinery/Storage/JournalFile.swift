internal import Server

/// The journal and the folded bindings in the file, through prepared statements. One thread at a time uses it.
///
/// The journal is an insert into an ordered table: the cheapest durable write that SQLite has. Folding moves the oldest
/// rows into `bindings`, those that no later row of their key follows; a step is one transaction, so a crash leaves it done
/// or not begun.
final class JournalFile {
    private let connection: RawConnection
    private let begin: Statement
    private let commit: Statement
    private let rollback: Statement
    private let insert: Statement
    private let foldValue: Statement
    private let foldEnd: Statement
    private let foldDelete: Statement
    private let select: Statement

    private var unfolded = UnfoldedRows()

    /// Opens the migrated database at `path`.
    init(path: String, settings: StorageSettings) throws(SQLiteFailure) {
        connection = try RawConnection(path: path, busyMilliseconds: Int32(clamping: settings.busyMillisecondsMax))
        try Self.configure(connection, settings)
        begin = try Statement("BEGIN IMMEDIATE", on: connection)
        commit = try Statement("COMMIT", on: connection)
        rollback = try Statement("ROLLBACK", on: connection)
        insert = try Statement("INSERT INTO journal (id, key, value) VALUES (?1, ?2, ?3)", on: connection)
        foldValue = try Statement(
            """
            INSERT INTO bindings (key, value) SELECT key, value FROM journal WHERE id = ?1 AND value IS NOT NULL
            ON CONFLICT (key) DO UPDATE SET value = excluded.value
            """, on: connection)
        foldEnd = try Statement(
            "DELETE FROM bindings WHERE key = (SELECT key FROM journal WHERE id = ?1 AND value IS NULL)", on: connection
        )
        foldDelete = try Statement("DELETE FROM journal WHERE id BETWEEN ?1 AND ?2", on: connection)
        select = try Statement(
            """
            SELECT key, value FROM journal WHERE id IN (SELECT max(id) FROM journal GROUP BY key) AND value IS NOT NULL
            UNION ALL
            SELECT key, value FROM bindings WHERE key NOT IN (SELECT key FROM journal)
            ORDER BY key
            """, on: connection)
        try Statement("SELECT id, key FROM journal ORDER BY id", on: connection).forEachRow { row in
            unfolded.append(row.bytes(1), as: row.integer(0))
        }
    }

    /// How many rows wait to be folded.
    var rowsToFold: Int { unfolded.count }

    /// Commits `records`, whose values are whole, in one transaction: all of them or, when it throws, none.
    func append(_ records: ArraySlice<QueuedRecord>) throws(SQLiteFailure) {
        try transaction { () throws(SQLiteFailure) in
            var row = unfolded.nextRow
            for queued in records {
                try insert.run(row, queued.record.key, queued.record.value)
                row += 1
            }
        }
        for queued in records { unfolded.append(queued.record.key, as: unfolded.nextRow) }
    }

    /// Folds at most `rowsMax` of the oldest rows into the bindings, in one transaction.
    func fold(rowsMax: Int) throws(SQLiteFailure) {
        let rows = unfolded.oldest(rowsMax)
        try transaction { () throws(SQLiteFailure) in
            for row in rows where unfolded.isLastOfItsKey(row) {
                try foldValue.run(row)
                try foldEnd.run(row)
            }
            try foldDelete.run(rows.lowerBound, rows.upperBound - 1)
        }
        unfolded.removeOldest(rows.count)
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
