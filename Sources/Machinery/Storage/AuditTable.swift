public import Basis
internal import GRDB

/// Something that an administrator did.
public struct AuditEntry: Hashable, Sendable {
    /// When.
    public var time: WallTime
    /// Who: `uid 1000 on admin.sock`, or the address-of-record of a certificate.
    public var actor: String
    /// What, as the command is written: `cert revoke`.
    public var action: String
    /// To what: an FQDN, an address-of-record, a serial number.
    public var subject: String
    /// What else is worth knowing; never a secret.
    public var detail: String

    /// An entry with these fields.
    public init(time: WallTime, actor: String, action: String, subject: String, detail: String = "") {
        self.time = time
        self.actor = actor
        self.action = action
        self.subject = subject
        self.detail = detail
    }
}

/// What administrators did: only ever added to, the schema refuses anything else.
public struct AuditTable: Sendable {
    let database: Database

    /// Adds an entry and returns its number, which only grows.
    @discardableResult
    public func add(_ entry: AuditEntry) throws(StorageError) -> Int64 {
        for text in [entry.actor, entry.action, entry.subject, entry.detail]
        where text.utf8.count > StorageLimits.auditTextBytesMax {
            throw .tooLarge(what: "a text of the audit", limit: StorageLimits.auditTextBytesMax)
        }
        return try database.write { database in
            try database.execute(
                sql: "INSERT INTO audit (time, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)",
                arguments: [entry.time.milliseconds, entry.actor, entry.action, entry.subject, entry.detail])
            return database.lastInsertedRowID
        }
    }

    /// The entries before the one numbered `before` (nil: the newest), newest first and at most `limit`.
    public func list(before: Int64? = nil, limit: Int) throws(StorageError) -> [(number: Int64, entry: AuditEntry)] {
        try database.read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?",
                arguments: [before ?? .max, max(0, limit)]
            ).map { row in
                let entry = AuditEntry(
                    time: WallTime(milliseconds: try Column.integer(row, "time")), actor: try Column.text(row, "actor"),
                    action: try Column.text(row, "action"), subject: try Column.text(row, "subject"),
                    detail: try Column.text(row, "detail"))
                return (try Column.integer(row, "id"), entry)
            }
        }
    }
}
