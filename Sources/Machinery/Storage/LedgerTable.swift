public import Authority
internal import Basis
internal import GRDB
public import Trust

/// The ledger in SQLite: what the authority has signed, on the disk before it leaves.
public final class LedgerTable: Ledger, Sendable {
    private let database: Database

    init(database: Database) {
        self.database = database
    }

    /// Adds entries in one transaction; they are on the disk (`synchronous = full`) when this returns.
    public func commit(_ entries: [LedgerEntry]) throws(LedgerFailure) {
        try translate { () throws(StorageError) in
            try database.write { connection in
                for entry in entries { try Self.add(entry, connection) }
            }
        }
    }

    /// The certificate with this serial number.
    public func certificate(serial: CertificateSerial) throws(LedgerFailure) -> CertificateRecord? {
        try translate { () throws(StorageError) in
            try database.read { connection in
                try Row.fetchOne(
                    connection, sql: "SELECT * FROM certificates WHERE serial = ?", arguments: [serial.hex]
                ).map(Self.certificate)
            }
        }
    }

    /// The certificates of this profile and subject (nil: of all), newest first and at most `limit`.
    public func certificates(
        profile: CertificateProfile?, subject: String?, limit: Int
    ) throws(LedgerFailure) -> [CertificateRecord] {
        try translate { () throws(StorageError) in
            try database.read { connection in
                // Serial numbers are ordered as numbers: a shorter one is smaller.
                try Row.fetchAll(
                    connection,
                    sql: """
                        SELECT * FROM certificates WHERE profile = coalesce(?1, profile) AND subject = coalesce(?2, subject)
                        ORDER BY not_before DESC, length(serial) DESC, serial DESC LIMIT ?3
                        """,
                    arguments: [profile?.rawValue, subject, max(0, limit)]
                ).map(Self.certificate)
            }
        }
    }

    /// All revocations of certificates of this issuer, by serial number.
    public func revocations(issuer: KeyPin) throws(LedgerFailure) -> [RevocationRecord] {
        try translate { () throws(StorageError) in
            try database.read { connection in
                try Row.fetchAll(
                    connection,
                    sql: "SELECT * FROM revocations WHERE issuer = ? ORDER BY length(serial), serial",
                    arguments: [issuer.hex]
                ).map(Self.revocation)
            }
        }
    }

    /// The numbers that only grow.
    public func counters() throws(LedgerFailure) -> LedgerCounters {
        try translate { () throws(StorageError) in
            try database.read { connection in
                try LedgerCounters(
                    listNumber: Self.counter(.listNumber, connection),
                    epoch: TrustEpoch(Self.counter(.epoch, connection)),
                    directorySequence: Self.counter(.directorySequence, connection))
            }
        }
    }

    private func translate<Value>(_ body: () throws(StorageError) -> Value) throws(LedgerFailure) -> Value {
        do {
            return try body()
        } catch {
            throw LedgerFailure(reason: error.description, isDamage: error.isDamage)
        }
    }

    // MARK: Writing

    /// The rows of the table `counters`.
    private enum CounterName: String {
        case listNumber
        case epoch
        case directorySequence
    }

    private static func add(_ entry: LedgerEntry, _ connection: GRDB.Database) throws {
        switch entry {
        case .certificate(let record): try add(record, connection)
        case .revocation(let record): try add(record, connection)
        case .listNumber(let number): try raise(.listNumber, to: number, connection)
        case .epoch(let epoch): try raise(.epoch, to: epoch.number, connection)
        case .directorySequence(let sequence): try raise(.directorySequence, to: sequence, connection)
        }
    }

    private static func add(_ record: CertificateRecord, _ connection: GRDB.Database) throws {
        try connection.execute(
            sql: """
                INSERT INTO certificates (serial, issuer, subject, profile, key, not_before, not_after, der)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """,
            arguments: [
                record.serial.hex, record.issuer.hex, record.subject, record.profile.rawValue, record.key.hex,
                record.notBefore.milliseconds, record.notAfter.milliseconds, Column.data(record.der),
            ])
        guard connection.changesCount == 1 else { throw StorageError.conflict(what: "serial \(record.serial) exists") }
    }

    private static func add(_ record: RevocationRecord, _ connection: GRDB.Database) throws {
        try connection.execute(
            sql: "INSERT INTO revocations (serial, issuer, reason, time) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [record.serial.hex, record.issuer.hex, record.reason.rawValue, record.time.milliseconds])
        guard connection.changesCount == 1 else {
            throw StorageError.conflict(what: "serial \(record.serial) is revoked already")
        }
    }

    private static func raise(_ name: CounterName, to number: UInt64, _ connection: GRDB.Database) throws {
        guard let number = Int64(exactly: number) else {
            throw StorageError.conflict(what: "\(name.rawValue) \(number) is over 63 bits")
        }
        try connection.execute(
            sql: "UPDATE counters SET number = ?1 WHERE name = ?2 AND number < ?1", arguments: [number, name.rawValue])
        guard connection.changesCount == 1 else {
            throw StorageError.conflict(what: "\(name.rawValue) \(number) was used")
        }
    }

    // MARK: Reading

    private static func counter(_ name: CounterName, _ connection: GRDB.Database) throws -> UInt64 {
        let number = try Int64.fetchOne(
            connection, sql: "SELECT number FROM counters WHERE name = ?", arguments: [name.rawValue])
        return UInt64(clamping: number ?? 0)
    }

    private static func certificate(_ row: Row) throws(StorageError) -> CertificateRecord {
        let profile = try Column.text(row, "profile")
        guard let profile = CertificateProfile(rawValue: profile) else {
            throw .unreadable(what: "profile \(profile) in the ledger")
        }
        return CertificateRecord(
            serial: try serial(row), issuer: try pin(row, "issuer"), subject: try Column.text(row, "subject"),
            profile: profile, key: try pin(row, "key"),
            notBefore: WallTime(milliseconds: try Column.integer(row, "not_before")),
            notAfter: WallTime(milliseconds: try Column.integer(row, "not_after")), der: try Column.bytes(row, "der"))
    }

    private static func revocation(_ row: Row) throws(StorageError) -> RevocationRecord {
        let number = try Column.integer(row, "reason")
        guard let reason = UInt8(exactly: number).flatMap(RevocationReason.init(rawValue:)) else {
            throw .unreadable(what: "reason \(number) in the ledger")
        }
        return RevocationRecord(
            serial: try serial(row), issuer: try pin(row, "issuer"), reason: reason,
            time: WallTime(milliseconds: try Column.integer(row, "time")))
    }

    private static func serial(_ row: Row) throws(StorageError) -> CertificateSerial {
        let text = try Column.text(row, "serial")
        guard let serial = CertificateSerial(text) else { throw .unreadable(what: "serial \(text) in the ledger") }
        return serial
    }

    private static func pin(_ row: Row, _ name: String) throws(StorageError) -> KeyPin {
        let text = try Column.text(row, name)
        guard let bytes = Hex.decode(text.utf8), let pin = KeyPin(bytes: bytes) else {
            throw .unreadable(what: "key hash \(text) in the ledger")
        }
        return pin
    }
}
