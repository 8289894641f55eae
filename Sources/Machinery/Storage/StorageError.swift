internal import GRDB

/// Why the store could not be opened, read or written. `next` says what the operator can do.
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
    /// What happened, in one sentence.
    public var description: String {
        switch self {
        case .missing(let path): "there is no store at \(path)"
        case .damaged(let path, let what): "the store at \(path) is damaged: \(what). It was left as it is"
        case .foreign(let path): "\(path) is a database of another program. It was left as it is"
        case .newer(let path, let migrations):
            "the store at \(path) was written by a later version (\(migrations.joined(separator: ", ")))"
        case .full(let what): "no room to write the store: \(what)"
        case .inputOutput(let what): "the disk of the store failed: \(what)"
        case .busy: "another process holds the store"
        case .conflict(let what): what
        case .absent(let what): "there is no \(what)"
        case .unreadable(let what): "the store holds something unreadable: \(what)"
        case .tooLarge(let what, let limit): "\(what) is over its limit of \(limit) bytes"
        case .closed: "the store is closed"
        case .internalFault(let what): "a statement of the store failed: \(what)"
        }
    }

    /// Whether the file is not what was written, or not ours: to try again changes nothing, a person has to bring it back.
    public var isDamage: Bool {
        switch self {
        case .missing, .damaged, .foreign, .newer, .unreadable: true
        case .full, .inputOutput, .busy, .conflict, .absent, .tooLarge, .closed, .internalFault: false
        }
    }

    /// What the operator can do; nil where that is not the store's business.
    public var next: String? {
        switch self {
        case .missing:
            "bring it back from a backup, or name the right folder with --dir; a server that is not the authority can "
                + "begin anew: entente node accept, with its admission"
        case .damaged:
            "bring it back from a backup, or move it away together with its -wal file and look at it with sqlite3"
        case .unreadable: "bring it back from a backup"
        case .foreign: "move it away, or name another folder with --dir"
        case .newer: "run that version, or bring back a backup from before the update"
        case .full: "make room on its disk"
        case .inputOutput: "look at the system's log, and whether the disk can be written"
        case .busy: "end it and try again"
        case .conflict, .absent, .tooLarge, .closed, .internalFault: nil
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
