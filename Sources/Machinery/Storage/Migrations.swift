internal import GRDB

/// The schema, as the steps that lead to it. Steps are only ever added: a published one is never changed.
enum Migrations {
    /// Written into the header of the file (PRAGMA application_id), so that a foreign database is recognised: "Entt".
    static let applicationID: UInt32 = 0x456E_7474

    /// Every step in its order; `PRAGMA user_version` is the number of those that were applied.
    static func migrator() -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 journal, bindings, users, ledger, links, refusals, audit") { database in
            try database.execute(sql: version1)
        }
        return migrator
    }

    private static let version1 = """
        PRAGMA application_id = \(applicationID);
        CREATE TABLE journal (id INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB);
        CREATE TABLE bindings (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

        CREATE TABLE counters (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO counters VALUES ('listNumber', 0), ('epoch', 0), ('directorySequence', 0), ('users', 0);

        CREATE TABLE users (
            aor TEXT PRIMARY KEY, sequence INTEGER NOT NULL, home_pool TEXT NOT NULL, algorithm TEXT NOT NULL,
            sha256 BLOB, md5 BLOB, state TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE aliases (alias TEXT PRIMARY KEY, aor TEXT NOT NULL) WITHOUT ROWID;
        CREATE INDEX aliases_by_aor ON aliases (aor);

        CREATE TABLE certificates (
            serial TEXT PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL, profile TEXT NOT NULL, key TEXT NOT NULL,
            not_before INTEGER NOT NULL, not_after INTEGER NOT NULL, der BLOB NOT NULL
        );
        CREATE INDEX certificates_by_subject ON certificates (subject, not_before);
        CREATE TABLE revocations (
            serial TEXT PRIMARY KEY, issuer TEXT NOT NULL, reason INTEGER NOT NULL, time INTEGER NOT NULL
        );

        CREATE TABLE live_links (
            connection INTEGER PRIMARY KEY, time INTEGER NOT NULL, peer TEXT NOT NULL, outcome TEXT NOT NULL,
            epoch INTEGER NOT NULL, evidence BLOB NOT NULL, trace BLOB NOT NULL
        );
        CREATE TABLE refusals (
            id INTEGER PRIMARY KEY AUTOINCREMENT, connection INTEGER NOT NULL, time INTEGER NOT NULL, peer TEXT NOT NULL,
            outcome TEXT NOT NULL, epoch INTEGER NOT NULL, evidence BLOB NOT NULL, trace BLOB NOT NULL
        );
        CREATE INDEX refusals_by_peer_and_code ON refusals (peer, outcome, id);

        CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
            subject TEXT NOT NULL, detail TEXT NOT NULL
        );
        CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END;
        CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END;
        """
}
