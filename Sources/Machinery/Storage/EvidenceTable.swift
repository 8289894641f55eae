public import Basis
internal import GRDB

/// The verdicts on the links that are up, so that `explain` can show them and decide again.
public struct EvidenceTable: Sendable {
    let database: Database

    /// Keeps the verdict on an admitted link; replaces an earlier one of the same connection.
    public func put(_ verdict: LinkVerdict) throws(StorageError) {
        try verdict.checkLimits()
        try database.write { try Self.put(verdict, $0) }
    }

    /// Forgets a link that has gone. Nothing happens when it is not there.
    public func remove(_ connection: ConnectionID) throws(StorageError) {
        try database.write { try Self.remove(connection, $0) }
    }

    /// Forgets every link: at the start, because those of the process before are gone.
    public func removeAll() throws(StorageError) {
        try database.write { try $0.execute(sql: "DELETE FROM live_links") }
    }

    /// The verdict on one link; nil when it is not up.
    public func verdict(on connection: ConnectionID) throws(StorageError) -> LinkVerdict? {
        try database.read { database in
            try Row.fetchOne(
                database, sql: "SELECT * FROM live_links WHERE connection = ?",
                arguments: [Int64(bitPattern: connection.rawValue)]
            ).map(VerdictColumns.verdict)
        }
    }

    /// The verdicts on all links, or on those of one peer, by connection and at most `limit`.
    public func list(peer: String? = nil, limit: Int) throws(StorageError) -> [LinkVerdict] {
        try database.read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM live_links WHERE peer = coalesce(?1, peer) ORDER BY connection LIMIT ?2",
                arguments: [peer, max(0, limit)]
            ).map(VerdictColumns.verdict)
        }
    }

    static func put(_ verdict: LinkVerdict, _ database: GRDB.Database) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO live_links (connection, time, peer, outcome, epoch, evidence, trace)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """, arguments: VerdictColumns.arguments(verdict))
    }

    static func remove(_ connection: ConnectionID, _ database: GRDB.Database) throws {
        try database.execute(
            sql: "DELETE FROM live_links WHERE connection = ?", arguments: [Int64(bitPattern: connection.rawValue)])
    }
}

/// A verdict as the columns that both tables of verdicts have.
enum VerdictColumns {
    /// The values for: connection, time, peer, outcome, epoch, evidence, trace.
    static func arguments(_ verdict: LinkVerdict) -> StatementArguments {
        [
            Int64(bitPattern: verdict.connection.rawValue), verdict.time.milliseconds, verdict.peer, verdict.outcome,
            Int64(bitPattern: verdict.epoch.number), Column.data(verdict.evidence), Column.data(verdict.trace),
        ]
    }

    /// The verdict in a row.
    static func verdict(_ row: Row) throws(StorageError) -> LinkVerdict {
        LinkVerdict(
            connection: ConnectionID(rawValue: UInt64(bitPattern: try Column.integer(row, "connection"))),
            time: WallTime(milliseconds: try Column.integer(row, "time")), peer: try Column.text(row, "peer"),
            outcome: try Column.text(row, "outcome"),
            epoch: TrustEpoch(UInt64(bitPattern: try Column.integer(row, "epoch"))),
            evidence: try Column.bytes(row, "evidence"), trace: try Column.bytes(row, "trace"))
    }
}
