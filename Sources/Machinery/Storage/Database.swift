public import Basis
internal import GRDB
public import Shards
internal import Synchronization

/// The embedded store of one server: `state.sqlite` with its write-ahead log.
///
/// Everything that is not per message goes through the tables here: they block the calling thread for a disk write, which
/// is right for commands and wrong on an event loop (`LinkRecorder` is for those). Bindings go through `journal`.
public final class Database: Sendable {
    /// What to do when there is no file.
    public enum WhenMissing: Hashable, Sendable {
        /// Make an empty store: for the commands that found a server.
        case create
        /// Throw `StorageError.missing`: for everything else, so that a lost file is noticed.
        case refuse
    }

    /// Where the file lies.
    public let path: String
    /// How it was opened.
    public let settings: StorageSettings
    let gate = WriteGate()
    private let connection: DatabaseQueue

    /// Opens the store at `path`, brings its schema up to date and looks for damage.
    ///
    /// A damaged file, one of another program and one of a later version are left as they are, and the error says what to
    /// do; no file is ever replaced by an empty one. The file and those that SQLite puts beside it have mode 0600.
    public init(
        path: String, whenMissing: WhenMissing, settings: StorageSettings = StorageSettings()
    ) throws(StorageError) {
        self.path = path
        self.settings = settings
        if try !DatabaseFile.isPresent(path) {
            switch whenMissing {
            case .refuse: throw .missing(path: path)
            case .create: try Self.create(path, settings)
            }
        }
        connection = try Self.connect(path, settings)
    }

    /// The users and the sequence of their directory.
    public var users: UserTable { UserTable(database: self) }
    /// What the authority has signed.
    public var ledger: LedgerTable { LedgerTable(database: self) }
    /// The evidence of the links that are up.
    public var links: EvidenceTable { EvidenceTable(database: self) }
    /// The last refusals.
    public var refusals: RefusalTable { RefusalTable(database: self) }
    /// What administrators did.
    public var audit: AuditTable { AuditTable(database: self) }

    /// Starts the journal of bindings. `report` is called on the storage thread when commits begin to fail and when they
    /// work again. One journal at a time; stop it before `close`.
    public func journal(
        mailboxes: [ShardID: Mailbox], report: @escaping @Sendable (JournalFault) -> Void = { _ in }
    ) throws(StorageError) -> JournalStore {
        do throws(SQLiteFailure) {
            return try JournalStore(database: self, mailboxes: mailboxes, report: report)
        } catch {
            throw error.storageError(path: path)
        }
    }

    /// Runs `body` while nothing in this process writes the files: then a copy of the file and its write-ahead log is whole.
    public func whileNothingIsWritten<Value>(_ body: () throws -> Value) rethrows -> Value {
        try gate.withLock(body)
    }

    /// Moves the write-ahead log into the file and closes it. Every later use throws.
    public func close() throws(StorageError) {
        try translate { try connection.close() }
    }

    /// Reads what is committed. Not behind the gate: reads go on while something is written or writing fails.
    func read<Value>(_ body: (GRDB.Database) throws -> Value) throws(StorageError) -> Value {
        try translate { try connection.read(body) }
    }

    /// Runs `body` in one transaction, which is on the disk when this returns; nothing is changed when it throws.
    @discardableResult
    func write<Value>(_ body: (GRDB.Database) throws -> Value) throws(StorageError) -> Value {
        try translate { try gate.withLock { try connection.write(body) } }
    }

    private func translate<Value>(_ body: () throws -> Value) throws(StorageError) -> Value {
        do {
            return try body()
        } catch {
            throw StorageError(error, path: path)
        }
    }

    // MARK: Opening

    /// Builds the new store under another name, so that a crash leaves no half of one.
    private static func create(_ path: String, _ settings: StorageSettings) throws(StorageError) {
        let draft = try DatabaseFile.makeDraft(for: path)
        let connection = try connect(draft, settings)
        do {
            try connection.close()
        } catch {
            throw StorageError(error, path: path)
        }
        try DatabaseFile.publish(draft: draft, as: path)
    }

    private static func connect(_ path: String, _ settings: StorageSettings) throws(StorageError) -> DatabaseQueue {
        do {
            let migrator = Migrations.migrator()
            try inspect(path, settings, migrator)
            let connection = try DatabaseQueue(path: path, configuration: configuration(settings))
            try migrator.migrate(connection)
            try connection.writeWithoutTransaction { database in
                try forceWrites(database)
                try database.execute(sql: "PRAGMA user_version = \(migrator.migrations.count)")
                // Last of all: opening takes a page and gives it back, and a store that is full must open.
                try database.execute(sql: "PRAGMA max_page_count = \(settings.pagesMax)")
            }
            return connection
        } catch {
            throw StorageError(error, path: path)
        }
    }

    /// Looks through a connection that cannot write: opening one that can makes SQLite write to the file at once.
    private static func inspect(_ path: String, _ settings: StorageSettings, _ migrator: DatabaseMigrator) throws {
        var configuration = Configuration()
        configuration.label = "entente.state.inspection"
        configuration.readonly = true
        configuration.busyMode = .timeout(Double(settings.busyMillisecondsMax) / 1_000)
        let connection = try DatabaseQueue(path: path, configuration: configuration)
        try connection.read { database in
            try refuseNewer(database, migrator, path)
            try refuseDamaged(database, path)
        }
        try connection.close()
    }

    private static func configuration(_ settings: StorageSettings) -> Configuration {
        var configuration = Configuration()
        configuration.label = "entente.state"
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(Double(settings.busyMillisecondsMax) / 1_000)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA wal_autocheckpoint = \(settings.checkpointPages)")
        }
        return configuration
    }

    /// The ledger and the users outlive a power cut whatever the setting for bindings says. On the open connection: turning the
    /// write-ahead log on makes it `normal`, also where the preparation before had said `full`.
    private static func forceWrites(_ database: GRDB.Database) throws {
        try database.execute(sql: "PRAGMA synchronous = full")
        guard try Int.fetchOne(database, sql: "PRAGMA synchronous") == synchronousFull else {
            throw StorageError.internalFault(what: "a commit would not wait for the disk")
        }
    }

    /// SQLite's number for `full`.
    private static let synchronousFull = 2

    private static func refuseNewer(
        _ database: GRDB.Database, _ migrator: DatabaseMigrator, _ path: String
    ) throws {
        let known = Set(migrator.migrations)
        let later = try migrator.appliedIdentifiers(database).filter { !known.contains($0) }.sorted()
        guard later.isEmpty else { throw StorageError.newer(path: path, migrations: later) }
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard version <= migrator.migrations.count else {
            throw StorageError.newer(path: path, migrations: ["version \(version)"])
        }
    }

    private static func refuseDamaged(_ database: GRDB.Database, _ path: String) throws {
        let found = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "ok"
        guard found == "ok" else { throw StorageError.damaged(path: path, what: found) }
    }
}

/// Lets one thread of this process write at a time. SQLite would let the others wait too, but by sleeping and asking again.
final class WriteGate: Sendable {
    private let mutex = Mutex(())

    /// Runs `body` alone.
    func withLock<Value>(_ body: () throws -> Value) rethrows -> Value {
        try mutex.withLock { _ in try body() }
    }
}

extension StorageSettings {
    /// `fileBytesMax` in pages of 4 KiB, SQLite's size for new files.
    var pagesMax: Int { max(1, fileBytesMax / 4_096) }
}
