import Storage
import Testing
import Trust

@Suite("The table of users")
struct UserTableTests {
    private func user(_ name: String, aliases: [String] = []) -> UserRecord {
        UserRecord(
            aor: "\(name)@contoso.example", homePool: "fe.contoso.example",
            verifiers: UserVerifiers(sha256: [UInt8](repeating: 1, count: 32), md5: [UInt8](repeating: 2, count: 16)),
            algorithm: .md5, aliases: aliases.map { "\($0)@contoso.example" })
    }

    @Test(
        "A user is read back as it was written, with the sequence of the change, also by an alias")
    func roundTrip() throws {
        let folder = try StorageFolder()
        let users = try folder.open().users
        let alice = user("alice", aliases: ["a.smith", "+4930123"])
        let changes = try users.add(alice)
        #expect(changes.from == 0 && changes.to == 1)
        let stored = try #require(try users.record(for: alice.aor))
        #expect(changes.records == [stored])
        #expect(stored.sequence == 1)
        #expect(stored.homePool == alice.homePool && stored.verifiers == alice.verifiers)
        #expect(stored.algorithm == .md5 && stored.state == .enabled)
        #expect(stored.aliases.sorted() == alice.aliases.sorted())
        #expect(try users.record(for: "+4930123@contoso.example") == stored)
        #expect(try users.record(for: "bob@contoso.example") == nil)
        #expect(try users.directory().all == [stored])
    }

    @Test("Each change raises the sequence by one and says what it changed")
    func changes() throws {
        let folder = try StorageFolder()
        let database = try folder.open()
        let users = database.users
        _ = try users.add(user("alice"))
        _ = try users.add(user("bob"))
        let disabled = try users.setState(.disabled, of: "alice@contoso.example")
        #expect(disabled.from == 2 && disabled.to == 3)
        #expect(disabled.records.map(\.state) == [.disabled])
        let password = try users.setPassword(
            UserVerifiers(sha256: [UInt8](repeating: 9, count: 32)), challengedWith: .sha256, of: "bob@contoso.example")
        #expect(password.records.first?.verifiers.md5 == nil && password.records.first?.algorithm == .sha256)
        let removed = try users.remove("alice@contoso.example")
        #expect(removed.from == 4 && removed.to == 5 && removed.removed == ["alice@contoso.example"])
        #expect(try users.sequence() == 5)
        try database.close()

        let again = try folder.open().users
        #expect(try again.sequence() == 5)
        #expect(try again.list().map(\.aor) == ["bob@contoso.example"])
    }

    @Test("What cannot be is refused and changes nothing")
    func refusals() throws {
        let folder = try StorageFolder()
        let users = try folder.open().users
        _ = try users.add(user("alice", aliases: ["boss"]))
        _ = try users.add(user("bob"))
        #expect(throws: StorageError.conflict(what: "the user alice@contoso.example exists")) {
            _ = try users.add(user("alice"))
        }
        #expect(throws: StorageError.self) { _ = try users.add(user("boss")) }
        #expect(throws: StorageError.self) { _ = try users.add(user("carol", aliases: ["boss"])) }
        #expect(throws: StorageError.self) {
            _ = try users.setAliases(["alice@contoso.example"], of: "bob@contoso.example")
        }
        #expect(throws: StorageError.absent(what: "user carol@contoso.example")) {
            _ = try users.remove("carol@contoso.example")
        }
        #expect(try users.sequence() == 2)
        #expect(try users.list(after: "alice@contoso.example", limit: 5).map(\.aor) == ["bob@contoso.example"])
    }

    @Test("An import reports its progress, and can be run again")
    func importing() throws {
        let folder = try StorageFolder()
        let users = try folder.open().users
        _ = try users.add(user("u0005"))
        let all = (0..<1_201).map { user("u" + String(10_000 + $0).dropFirst()) }
        var reported: [Int] = []
        let result = try users.add(contentsOf: all, existing: .keep) { reported.append($0) }
        #expect(reported == [500, 1_000, 1_201])
        #expect(result.counts.added == 1_200 && result.counts.kept == 1)
        #expect(result.changes.from == 1 && result.changes.to == 1_201 && result.changes.records.count == 1_200)
        let second = try users.add(contentsOf: all, existing: .replace)
        #expect(second.counts.replaced == 1_201 && second.counts.added == 0)
        #expect(try users.list().count == 1_201)
        #expect(throws: StorageError.self) { _ = try users.add(contentsOf: [all[0], all[0]], existing: .replace) }
    }

    @Test("A copy takes in what the authority told, and refuses a gap")
    func copies() throws {
        let (origin, copy) = (try StorageFolder(), try StorageFolder())
        let (authority, frontEnd) = (try origin.open().users, try copy.open().users)
        try frontEnd.apply(try authority.add(user("alice", aliases: ["boss"])))
        try frontEnd.apply(try authority.add(user("bob")))
        let missed = try authority.setAliases([], of: "alice@contoso.example")
        let later = try authority.setAliases(["boss@contoso.example"], of: "bob@contoso.example")
        #expect(throws: StorageError.self) { try frontEnd.apply(later) }
        #expect(try frontEnd.sequence() == 2)
        try frontEnd.apply(missed)
        try frontEnd.apply(later)
        #expect(try frontEnd.directory() == authority.directory())

        let whole = DirectoryChanges(from: 0, to: 9, records: [user("carol")])
        try frontEnd.apply(whole)
        #expect(try frontEnd.list().map(\.aor) == ["carol@contoso.example"])
        #expect(try frontEnd.sequence() == 9)
    }
}

@Suite("Files of users")
struct UserCSVTests {
    @Test("RFC 4180 §2: quoted fields, doubled quotes, CRLF, line breaks inside quotes")
    func quoting() throws {
        let text = "name,password\r\nalice,\"a,\"\"b\"\"\"\r\n\r\nbob,\"two\nlines\"\ncarol,plain"
        let rows = try UserCSV.parse(Array(text.utf8))
        #expect(rows.map(\.name) == ["alice", "bob", "carol"])
        #expect(rows.map(\.password) == ["a,\"b\"", "two\nlines", "plain"])
        #expect(rows.map(\.line) == [2, 4, 6])
    }

    @Test("Verifiers in place of a password, columns in any order, behind a byte order mark")
    func verifiers() throws {
        let sha256 = String(repeating: "0f", count: 32)
        let md5 = String(repeating: "A0", count: 16)
        let rows = try UserCSV.parse(
            [0xEF, 0xBB, 0xBF] + Array("md5,name,sha256\n\(md5),alice,\(sha256)\n,bob,\(sha256)\n".utf8))
        #expect(
            rows[0].md5 == [UInt8](repeating: 0xA0, count: 16) && rows[0].sha256 == [UInt8](repeating: 0x0F, count: 32))
        #expect(rows[1].md5 == nil && rows[1].password == nil)
    }

    @Test(
        "What cannot be read is refused with its line",
        arguments: [
            ("", 1), ("name\nalice\n", 1), ("name,passwort\n", 1), ("name,name\n", 1), ("name,password\nalice\n", 2),
            ("name,password\nalice,x,y\n", 2), ("name,password\n,x\n", 2), ("name,password\nalice,\n", 2),
            ("name,password\nalice,x\nbob,y\nalice,z\n", 4), ("name,md5\nalice,00\n", 2),
            ("name,password,md5\nalice,x,00000000000000000000000000000000\n", 2), ("name,password\nalice,\"x\n", 2),
            ("name,password\nalice,\"x\"y\n", 2), ("name,password\nalice,x\"y\n", 2),
        ])
    func faults(_ text: String, _ line: Int) {
        let error = #expect(throws: UserCSVError.self) { _ = try UserCSV.parse(Array(text.utf8)) }
        #expect(error?.line == line, "\(String(describing: error))")
    }

    @Test("An error never shows a password")
    func secrecy() {
        let error = #expect(throws: UserCSVError.self) {
            _ = try UserCSV.parse(Array("name,password\nalice,hunter2\"\n".utf8))
        }
        #expect(error?.description.contains("hunter2") == false)
    }
}
