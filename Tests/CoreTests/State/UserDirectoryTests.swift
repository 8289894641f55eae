import Testing
import Trust

struct UserDirectoryTests {
    private func user(
        _ name: String, pool: String = "fe.contoso.example", password: String = "secret", aliases: [String] = [],
        algorithm: DigestAlgorithm = .sha256, state: UserRecord.State = .enabled
    ) -> UserRecord {
        UserRecord(
            aor: "\(name)@contoso.example", homePool: pool,
            verifiers: UserVerifiers(
                user: name, realm: "contoso.example", password: password, algorithms: [.sha256, .md5]),
            algorithm: algorithm, aliases: aliases, state: state)
    }

    @Test("RFC 3261 §10.3: users are found by address and alias; the domain is compared in any case")
    func lookup() throws {
        var directory = UserDirectory()
        try directory.put(user("alice", aliases: ["a.smith@CONTOSO.example"]))
        #expect(directory.record(for: "alice@contoso.example")?.aor == "alice@contoso.example")
        #expect(directory.record(for: "a.smith@contoso.example")?.aor == "alice@contoso.example")
        #expect(directory["a.smith@contoso.example"] == nil)
        #expect(directory.record(for: "Alice@contoso.example") == nil)
        #expect(UserRecord.normalised("Alice@Contoso.EXAMPLE") == "Alice@contoso.example")
        #expect(directory["alice@contoso.example"]?.domain == "contoso.example")
    }

    @Test("An address leads to one user only, and has the form of one")
    func conflicts() throws {
        var directory = UserDirectory()
        try directory.put(user("alice", aliases: ["a@contoso.example"]))
        #expect(throws: DirectoryError.addressTaken("a@contoso.example")) {
            try directory.put(user("bob", aliases: ["a@contoso.example"]))
        }
        #expect(throws: DirectoryError.addressTaken("a@contoso.example")) { try directory.put(user("a")) }
        #expect(throws: DirectoryError.notAnAddress("b c@contoso.example")) { try directory.put(user("b c")) }
        #expect(directory.sequence == 1)
        try directory.put(user("alice"))
        try directory.put(user("a"))
        #expect(directory.count == 2)
    }

    @Test("Changes bring a reader to the same users, one step at a time and at once")
    func changes() throws {
        var authority = UserDirectory()
        var reader = UserDirectory()
        func sync(_ reader: inout UserDirectory) throws -> [String] {
            try reader.apply(DirectoryChanges(parsing: authority.changes(since: reader.sequence).bytes))
        }
        try authority.put(user("alice"))
        try authority.put(user("bob", algorithm: .md5))
        var ended = try sync(&reader)
        #expect(ended == [])
        try authority.put(user("bob", state: .disabled))
        ended = try sync(&reader)
        #expect(ended == ["bob@contoso.example"])
        let removals = [authority.remove("alice@contoso.example"), authority.remove("alice@contoso.example")]
        #expect(removals == [true, false])
        try authority.put(user("carol", password: "other"))
        #expect(authority.changes(since: reader.sequence).removed == ["alice@contoso.example"])
        ended = try sync(&reader)
        #expect(ended == ["alice@contoso.example"])
        #expect(reader.all == authority.all && reader.sequence == 5)
        var late = UserDirectory()
        ended = try sync(&late)
        #expect(ended == [])
        #expect(late.all == authority.all)
        try authority.put(user("carol", password: "changed"))
        ended = try sync(&late)
        #expect(ended == ["carol@contoso.example"])
    }

    @Test("A pool gets its own users; one who moves away is removed there")
    func pools() throws {
        var authority = UserDirectory()
        try authority.put(user("alice"))
        try authority.put(user("bob", pool: "fe2.contoso.example"))
        var reader = UserDirectory()
        var ended = try reader.apply(authority.changes(since: 0, homePool: "fe.contoso.example"))
        #expect(ended == [])
        #expect(reader.all.map(\.aor) == ["alice@contoso.example"] && reader.sequence == 2)
        try authority.put(user("alice", pool: "fe2.contoso.example"))
        ended = try reader.apply(authority.changes(since: 2, homePool: "fe.contoso.example"))
        #expect(ended == ["alice@contoso.example"])
        #expect(reader.count == 0)
    }

    @Test("Changes with a gap, or older than what is known, are refused and change nothing")
    func gaps() throws {
        var reader = UserDirectory()
        #expect(throws: DirectoryError.gap(from: 5, known: 0)) {
            try reader.apply(DirectoryChanges(from: 5, to: 6, records: []))
        }
        _ = try reader.apply(DirectoryChanges(from: 0, to: 6, records: [user("alice")]))
        #expect(throws: DirectoryError.older(to: 4, known: 6)) {
            try reader.apply(DirectoryChanges(from: 3, to: 4, records: []))
        }
        #expect(throws: DirectoryError.addressTaken("alice@contoso.example")) {
            try reader.apply(
                DirectoryChanges(from: 6, to: 7, records: [user("bob", aliases: ["alice@contoso.example"])]))
        }
        #expect(reader.count == 1 && reader.sequence == 6)
    }

    @Test("A store's records make the directory again; a reader behind the restart gets everything")
    func restart() throws {
        var before = UserDirectory()
        try before.put(user("alice"))
        try before.put(user("bob", algorithm: .md5))
        try before.put(user("carol", algorithm: .md5))
        let after = UserDirectory(sequence: before.sequence, records: before.all)
        #expect(after.all == before.all)
        #expect(after.changes(since: 1).from == 0 && after.changes(since: 3).records.isEmpty)
        #expect(after.md5AccountCount == 2 && after.usualAlgorithm == .md5)
    }
}
