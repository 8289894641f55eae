internal import GRDBSQLite

// The only file of this room that touches SQLite's C interface, and so the only one with the word `unsafe`.
//
// What keeps it safe: a pointer to a connection or statement never leaves the class that made it; a statement holds its
// connection, so the connection is closed last; bytes that are bound are borrowed for the one step that reads them and
// unbound before the borrow ends; bytes that are read are copied before the next step. Neither class is Sendable: one
// thread at a time uses a connection and its statements (SQLITE_OPEN_NOMUTEX relies on it).

/// What SQLite answered instead of success.
struct SQLiteFailure: Error {
    /// The extended result code.
    let code: Int32
    /// SQLite's text.
    let message: String

    /// Sorts the failure by who is at fault.
    func storageError(path: String) -> StorageError {
        // The primary result code is the low byte of an extended one.
        switch code & 0xFF {
        case SQLITE_FULL: .full(what: message)
        case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged(path: path, what: message)
        case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH: .inputOutput(what: message)
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_CONSTRAINT: .conflict(what: message)
        default: .internalFault(what: "\(message) (code \(code))")
        }
    }
}

/// One connection to the database file, for prepared statements on one thread at a time.
@safe
final class RawConnection {
    fileprivate let handle: OpaquePointer

    /// Opens the existing file at `path` for reading and writing; waits for other writers up to `busyMilliseconds`.
    init(path: String, busyMilliseconds: Int32) throws(SQLiteFailure) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let handle = unsafe opened else {
            unsafe sqlite3_close_v2(opened)
            throw SQLiteFailure(code: code, message: unsafe String(cString: sqlite3_errstr(code)))
        }
        unsafe self.handle = handle
        unsafe sqlite3_busy_timeout(handle, busyMilliseconds)
    }

    deinit {
        unsafe sqlite3_close_v2(handle)
    }

    /// Runs statements without parameters; their rows are dropped.
    func execute(_ sql: String) throws(SQLiteFailure) {
        try check(unsafe sqlite3_exec(handle, sql, nil, nil, nil))
    }

    /// Whether a transaction is open. SQLite ends one by itself after some failures.
    var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

    fileprivate func check(_ code: Int32) throws(SQLiteFailure) {
        guard code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW else {
            throw SQLiteFailure(code: code, message: unsafe String(cString: sqlite3_errmsg(handle)))
        }
    }
}

/// One prepared statement of a connection.
@safe
final class Statement {
    private let connection: RawConnection
    private let handle: OpaquePointer

    /// Compiles `sql`, which is one statement, for frequent use.
    init(_ sql: String, on connection: RawConnection) throws(SQLiteFailure) {
        var prepared: OpaquePointer?
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        try connection.check(unsafe sqlite3_prepare_v3(connection.handle, sql, -1, flags, &prepared, nil))
        guard let handle = unsafe prepared else {
            throw SQLiteFailure(code: SQLITE_MISUSE, message: "an empty statement")
        }
        self.connection = connection
        unsafe self.handle = handle
    }

    deinit {
        unsafe sqlite3_finalize(handle)
    }

    /// Runs the statement with integers for its parameters, in their order.
    func run(_ first: Int64? = nil, _ second: Int64? = nil) throws(SQLiteFailure) {
        if let first { try connection.check(unsafe sqlite3_bind_int64(handle, 1, first)) }
        if let second { try connection.check(unsafe sqlite3_bind_int64(handle, 2, second)) }
        try finish(unsafe sqlite3_step(handle))
    }

    /// Runs the statement with an integer, bytes, and bytes or NULL for its three parameters. Copies nothing.
    func run(_ number: Int64, _ key: [UInt8], _ value: [UInt8]?) throws(SQLiteFailure) {
        try connection.check(unsafe sqlite3_bind_int64(handle, 1, number))
        let code = unsafe key.withUnsafeBytes { key in
            let bound = unsafe bind(key, at: 2)
            guard bound == SQLITE_OK else { return bound }
            guard let value else {
                let boundNull = unsafe sqlite3_bind_null(handle, 3)
                return unsafe boundNull == SQLITE_OK ? sqlite3_step(handle) : boundNull
            }
            return unsafe value.withUnsafeBytes { value in
                let bound = unsafe bind(value, at: 3)
                return unsafe bound == SQLITE_OK ? sqlite3_step(handle) : bound
            }
        }
        try finish(code)
    }

    /// Calls `body` with this statement, standing on each row, until there are no more.
    func forEachRow(_ body: (Statement) -> Void) throws(SQLiteFailure) {
        var code = unsafe sqlite3_step(handle)
        while code == SQLITE_ROW {
            body(self)
            code = unsafe sqlite3_step(handle)
        }
        try finish(code)
    }

    /// A copy of the bytes of a column of the current row, counted from zero; empty for NULL and when there is no row.
    func bytes(_ column: Int32) -> [UInt8] {
        // The length is asked for after the pointer: a conversion by the first call could change it.
        guard let start = unsafe sqlite3_column_blob(handle, column) else { return [] }
        let count = unsafe Int(sqlite3_column_bytes(handle, column))
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    /// The integer of a column of the current row, counted from zero; zero for NULL and when there is no row.
    func integer(_ column: Int32) -> Int64 {
        unsafe sqlite3_column_int64(handle, column)
    }

    /// Without a destructor SQLite reads the bytes in place: `finish` unbinds them while they are still borrowed or unread.
    private func bind(_ bytes: UnsafeRawBufferPointer, at index: Int32) -> Int32 {
        // A nil pointer would bind NULL, which means something else than no bytes.
        guard let start = bytes.baseAddress else { return unsafe sqlite3_bind_zeroblob(handle, index, 0) }
        return unsafe sqlite3_bind_blob64(handle, index, start, UInt64(bytes.count), nil)
    }

    /// Reads the message before the reset, which would overwrite it, and makes the statement ready for its next run.
    private func finish(_ code: Int32) throws(SQLiteFailure) {
        defer {
            unsafe sqlite3_reset(handle)
            unsafe sqlite3_clear_bindings(handle)
        }
        try connection.check(code)
    }
}
