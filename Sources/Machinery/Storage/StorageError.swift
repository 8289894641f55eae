internal import GRDB

/// Why the store could not be opened, read or written. Every case says what the operator can do next.
public enum StorageError: Error, Hashable, Sendable {
    /// There is no file at `path`, and the caller did not ask for a new one.
    case missing(path: String)
    /// The file at `path` is there and cannot be trusted: truncated, not a database, or SQLite found damage in it.
    case damaged(path: String, what: String)
    /// The file at `path` is a sound SQLite database that was made by another program.
    case foreign(path: String)
    /// The file at `path` was written by a later version of this program, which applied `migrations`.
    case newer(path: String, migrations: [String])
    /// The disk, or the limit `StorageSettings.fileBytesMax`, is full.
    case full(what: String)
    /// The operating system could not read or write; `what` is SQLite's text.
    case inputOutput(what: String)
    /// Another process held the file for longer than `StorageSettings.busyMillisecondsMax`.
    case busy
    /// The change contradicts what is stored: a name that exists already, a serial number used twice.
    case conflict(what: String)
    /// The row that should be changed does not exist.
    case absent(what: String)
    /// A stored row cannot be read back as what it should be.
    case unreadable(what: String)
    /// A value is over its named limit.
    case tooLarge(what: String, limit: Int)
    /// The store was closed before.
    case closed
    /// A mistake of ours: SQLite refused a statement that is written down in this room.
    case internalFault(what: String)
}

extension StorageError: CustomStringConvertible {
    /// One sentence for the operator, with the next step where there is one.
    public var description: String {
        switch self {
        case .missing(let path):
            "there is no store at \(path); make one with `entente init` or `entente node request`, or name the right folder "
                + "with --dir"
        case .damaged(let path, let what):
            "the store at \(path) is damaged: \(what). It is not replaced by an empty one. Bring it back "
                + "from a backup, or move it away together with its -wal file and look at it with sqlite3"
        case .foreign(let path):
            "\(path) is a database of another program and was left alone; move it away or name another folder with --dir"
        case .newer(let path, let migrations):
            "the store at \(path) was written by a later version (\(migrations.joined(separator: ", "))); "
                + "run that version, or bring back a backup from before the update"
        case .full(let what): "no room to write the store: \(what); free space on its disk"
        case .inputOutput(let what): "the disk of the store failed: \(what); look at the system's log"
        case .busy: "another process holds the store; end it and try again"
        case .conflict(let what): what
        case .absent(let what): "there is no \(what)"
        case .unreadable(let what):
            "the store holds something unreadable: \(what); bring it back from a backup"
        case .tooLarge(let what, let limit): "\(what) is over its limit of \(limit) bytes"
        case .closed: "the store is closed"
        case .internalFault(let what): "a statement of the store failed: \(what)"
        }
    }
}

extension StorageError {
    /// Sorts an error of GRDB by who is at fault.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as StorageError: self = error
        case let error as SQLiteFailure: self = error.storageError(path: path)
        case let error as DatabaseError:
            let what = error.message ?? error.resultCode.description
            self = SQLiteFailure(code: error.extendedResultCode.rawValue, message: what).storageError(path: path)
        default: self = .internalFault(what: String(describing: error))
        }
    }
}
