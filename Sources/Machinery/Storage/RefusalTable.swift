internal import GRDB

/// The last refusals, for explaining them: `StorageLimits.refusalsMax`, of each peer and code the last 20.
public struct RefusalTable: Sendable {
    let database: Database

    /// Keeps a refusal and drops what is over the limits, the oldest first.
    public func add(_ verdict: LinkVerdict) throws(StorageError) {
        try verdict.checkLimits()
        try database.write { try Self.add(verdict, $0) }
    }

    /// The refusals, or those of one peer or one code, newest first and at most `limit`.
    public func list(peer: String? = nil, code: String? = nil, limit: Int) throws(StorageError) -> [LinkVerdict] {
        try database.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM refusals WHERE peer = coalesce(?1, peer) AND outcome = coalesce(?2, outcome)
                    ORDER BY id DESC LIMIT ?3
                    """, arguments: [peer, code, max(0, limit)]
            ).map(VerdictColumns.verdict)
        }
    }

    static func add(_ verdict: LinkVerdict, _ database: GRDB.Database) throws {
        try database.execute(
            sql: """
                INSERT INTO refusals (connection, time, peer, outcome, epoch, evidence, trace) VALUES (?, ?, ?, ?, ?, ?, ?)
                """, arguments: VerdictColumns.arguments(verdict))
        try database.execute(
            sql: """
                DELETE FROM refusals WHERE peer = ?1 AND outcome = ?2 AND id NOT IN
                (SELECT id FROM refusals WHERE peer = ?1 AND outcome = ?2 ORDER BY id DESC LIMIT ?3)
                """, arguments: [verdict.peer, verdict.outcome, StorageLimits.refusalsPerPeerAndCodeMax])
        try database.execute(
            sql: "DELETE FROM refusals WHERE id <= (SELECT id FROM refusals ORDER BY id DESC LIMIT 1 OFFSET ?)",
            arguments: [StorageLimits.refusalsMax])
    }
}
