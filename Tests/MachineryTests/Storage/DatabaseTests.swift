import Basis
import Foundation
import Storage
import Testing

@Suite("The file of the store")
struct DatabaseTests {
    @Test("A missing file is made only when that is asked for")
    func missing() throws {
        let folder = try StorageFolder()
        #expect(throws: StorageError.missing(path: folder.path)) {
            _ = try Database(path: folder.path, whenMissing: .refuse)
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path))
        try folder.open().close()
        try Database(path: folder.path, whenMissing: .refuse).close()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.folder) == ["state.sqlite"])
    }

    @Test("The file and those beside it have mode 0600, also when it had another")
    func mode() throws {
        let folder = try StorageFolder()
        try folder.open().close()
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder.path)
        let database = try folder.open()
        try database.audit.add(AuditEntry(time: WallTime(seconds: 1), actor: "a", action: "b", subject: "c"))
        for suffix in ["", "-wal", "-shm"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.path + suffix)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(suffix)")
        }
        try database.close()
    }

    @Test(
        "A damaged file is refused with what to do, and left as it is",
        arguments: Damage.allCases)
    func damaged(_ damage: Damage) throws {
        let folder = try StorageFolder()
        let database = try folder.open()
        for number in 0..<200 {
            try database.audit.add(
                AuditEntry(
                    time: WallTime(seconds: Int64(number)), actor: "root", action: "test", subject: "s",
                    detail: String(repeating: "x", count: 2_000)))
        }
        try database.close()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: folder.path))
        damage.apply(to: &bytes)
        try bytes.write(to: URL(fileURLWithPath: folder.path))

        let error = #expect(throws: StorageError.self) {
            _ = try Database(path: folder.path, whenMissing: .create)
        }
        guard case .damaged(let path, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(path == folder.path)
        #expect(error?.next?.contains("backup") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path)) == bytes)
    }

    enum Damage: CaseIterable {
        case empty, headless, noise, shortened, pagesOverwritten

        func apply(to bytes: inout Data) {
            switch self {
            case .empty: bytes = Data()
            case .headless: bytes = bytes.prefix(60)
            case .noise: bytes.replaceSubrange(0..<16, with: Data(repeating: 0x55, count: 16))
            case .shortened: bytes = bytes.prefix(bytes.count / 8_192 * 4_096)
            case .pagesOverwritten:
                bytes.replaceSubrange(
                    40_960..<(bytes.count - 40_960), with: Data(repeating: 0xA5, count: bytes.count - 81_920))
            }
        }
    }

    @Test("A file that has gone while its log is there is damage, not a new store")
    func goneButForTheLog() throws {
        let folder = try StorageFolder()
        let database = try folder.open()
        try database.audit.add(AuditEntry(time: WallTime(seconds: 1), actor: "a", action: "b", subject: "c"))
        let copy = try folder.copyAsAfterKill()
        try database.close()
        try FileManager.default.removeItem(atPath: copy.path)
        let error = #expect(throws: StorageError.self) { _ = try Database(path: copy.path, whenMissing: .create) }
        guard case .damaged? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("A crash while a store is made leaves none, and the next attempt succeeds")
    func halfMade() throws {
        let folder = try StorageFolder()
        try Data("half".utf8).write(to: URL(fileURLWithPath: folder.path + ".new"))
        try Data("half".utf8).write(to: URL(fileURLWithPath: folder.path + ".new-wal"))
        try folder.open().close()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.folder) == ["state.sqlite"])
    }

    @Test("A database of another program is refused", .enabled(if: StorageFolder.hasCommandLineTool))
    func foreign() throws {
        let folder = try StorageFolder()
        _ = try folder.sqlite("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)")
        #expect(throws: StorageError.foreign(path: folder.path)) { _ = try folder.open() }
        #expect(try folder.sqlite("SELECT a FROM theirs; PRAGMA journal_mode") == "1\ndelete")
    }

    @Test("A store of a later version is refused with its migrations", .enabled(if: StorageFolder.hasCommandLineTool))
    func newer() throws {
        let folder = try StorageFolder()
        try folder.open().close()
        #expect(try folder.sqlite("PRAGMA user_version") == "1")
        _ = try folder.sqlite("INSERT INTO grdb_migrations VALUES ('2 something later')")
        #expect(throws: StorageError.newer(path: folder.path, migrations: ["2 something later"])) {
            _ = try folder.open()
        }
        _ = try folder.sqlite("DELETE FROM grdb_migrations WHERE identifier LIKE '2%'; PRAGMA user_version = 7")
        #expect(throws: StorageError.newer(path: folder.path, migrations: ["version 7"])) { _ = try folder.open() }
    }

    @Test("The schema of version 1 is never changed", .enabled(if: StorageFolder.hasCommandLineTool))
    func schema() throws {
        let folder = try StorageFolder()
        try folder.open().close()
        let tables = try folder.sqlite(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
        #expect(
            tables.split(separator: "\n") == [
                "aliases", "audit", "bindings", "certificates", "counters", "grdb_migrations", "journal", "live_links",
                "refusals", "revocations", "users",
            ])
    }
}
