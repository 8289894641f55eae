internal import Foundation

/// What must be so before SQLite may touch the file: it would take an empty one for a new database, and throw away the
/// write-ahead log beside it.
enum DatabaseFile {
    /// Whether the file is there. Throws when it is there and must not be opened, or is gone and should not be.
    static func isPresent(_ path: String) throws(StorageError) -> Bool {
        let files = FileManager.default
        guard files.fileExists(atPath: path) else {
            if size(of: path + "-wal") > 0 {
                throw .damaged(path: path, what: "its write-ahead log is there, the file itself has gone")
            }
            return false
        }
        try check(header(of: path), path)
        do {
            try files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        } catch {
            throw .inputOutput(what: "cannot set the mode of \(path) to 0600: \(error.localizedDescription)")
        }
        return true
    }

    /// An empty file beside `path` that only its owner may read, in which the new store is built.
    static func makeDraft(for path: String) throws(StorageError) -> String {
        let draft = path + ".new"
        let files = FileManager.default
        for leftover in [draft, draft + "-wal", draft + "-shm"] where files.fileExists(atPath: leftover) {
            do {
                try files.removeItem(atPath: leftover)
            } catch {
                throw .inputOutput(what: "cannot remove \(leftover): \(error.localizedDescription)")
            }
        }
        guard files.createFile(atPath: draft, contents: nil, attributes: [.posixPermissions: 0o600]) else {
            throw .inputOutput(what: "cannot make \(draft)")
        }
        return draft
    }

    /// Gives the finished draft its name: the file appears whole or not at all.
    static func publish(draft: String, as path: String) throws(StorageError) {
        do {
            try FileManager.default.moveItem(atPath: draft, toPath: path)
        } catch {
            throw .inputOutput(what: "cannot rename \(draft) to \(path): \(error.localizedDescription)")
        }
    }

    private static func size(of path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }

    private static func header(of path: String) throws(StorageError) -> [UInt8] {
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? handle.close() }
            return [UInt8](try handle.read(upToCount: headerBytes) ?? Data())
        } catch {
            throw .inputOutput(what: "cannot read \(path): \(error.localizedDescription)")
        }
    }

    private static func check(_ header: [UInt8], _ path: String) throws(StorageError) {
        guard header.count == headerBytes else {
            throw .damaged(path: path, what: "it ends after \(header.count) bytes")
        }
        guard header.starts(with: Array("SQLite format 3\0".utf8)) else {
            throw .damaged(path: path, what: "it does not begin like a database of SQLite")
        }
        let id = header[applicationIDBytes].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard id == Migrations.applicationID else { throw .foreign(path: path) }
    }

    /// The database header and the application's number in it, as SQLite's file format defines them (§1.3).
    private static let headerBytes = 100
    private static let applicationIDBytes = 68..<72
}
