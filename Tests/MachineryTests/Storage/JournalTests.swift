import Basis
import Dispatch
import Foundation
import Server
import Shards
import Storage
import Synchronization
import Testing

@Suite("The journal of bindings")
struct JournalTests {
    private let shard = ShardID(0)

    @Test("A record is told committed, and is there when the files are copied as kill -9 would leave them")
    func durable() throws {
        let folder = try StorageFolder()
        let database = try folder.open()
        let outcomes = Outcomes()
        let store = try database.journal(mailboxes: [shard: outcomes.mailbox])
        defer { store.stop() }
        store.append(records(1...1_000), from: shard)
        let told = try outcomes.upTo(1_000)
        #expect(told.last == .committed(upTo: 1_000))
        #expect(!told.contains { if case .failed = $0 { true } else { false } })

        let copy = try folder.copyAsAfterKill()
        let reopened = try Database(path: copy.path, whenMissing: .refuse)
        let second = try reopened.journal(mailboxes: [:])
        #expect(try contents(second) == expected(1...1_000))
        second.stop()
        try reopened.close()
    }

    @Test("What arrives during a commit is committed together with what waits, at most rowsPerCommitMax in one")
    func groups() throws {
        let folder = try StorageFolder()
        let database = try folder.open()
        let outcomes = Outcomes()
        let store = try database.journal(mailboxes: [shard: outcomes.mailbox])
        defer { store.stop() }
        try holdingWrites(of: database) {
            for ticket in UInt64(1)...2_000 { store.append(records(ticket...ticket), from: shard) }
        }
        #expect(try outcomes.upTo(2_000).last == .committed(upTo: 2_000))
        let statistics = store.statistics
        #expect(statistics.committedRecords == 2_000)
        #expect(statistics.largestCommit == 512)
        // 2,000 records need four commits; the thread may have taken the first few alone before it had to wait.
        #expect((4...6).contains(statistics.commits))
    }

    @Test("Each shard is told of its own tickets, in one input for each commit")
    func shards() throws {
        let folder = try StorageFolder()
        let database = try folder.open()
        let (first, second) = (Outcomes(), Outcomes())
        let other = ShardID(1)
        let store = try database.journal(mailboxes: [shard: first.mailbox, other: second.mailbox])
        defer { store.stop() }
        try holdingWrites(of: database) {
            store.append(records(1...3), from: shard)
            store.append(records(1...7, others: 3), from: other)
            store.append(records(4...5, others: 7), from: shard)
        }
        #expect(try first.upTo(5).last == .committed(upTo: 5))
        #expect(try second.upTo(7).last == .committed(upTo: 7))
        #expect(store.statistics.commits <= 3)
    }

    @Test("The last record of a key counts, an ended key is gone, an empty value is a value, also after folding")
    func replay() throws {
        for foldsAtOnce in [false, true] {
            var settings = StorageSettings()
            if foldsAtOnce { settings.foldForcedRows = 1 }
            let folder = try StorageFolder()
            let database = try folder.open(settings)
            let outcomes = Outcomes()
            let store = try database.journal(mailboxes: [shard: outcomes.mailbox])
            let steps: [(String, String?)] = [
                ("alice", "1"), ("bob", "1"), ("alice", nil), ("carol", "1"), ("bob", "2"), ("alice", "2"),
                ("bob", nil),
                ("dave", ""), ("carol", "2"),
            ]
            for (index, step) in steps.enumerated() {
                let record = JournalRecord(
                    ticket: UInt64(index) + 1, order: UInt64(index) + 1, key: Array(step.0.utf8),
                    value: step.1.map { Array($0.utf8) })
                store.append([record], from: shard)
                _ = try outcomes.upTo(record.ticket)
            }
            store.stop()
            try database.close()

            let reopened = try folder.open(settings)
            let second = try reopened.journal(mailboxes: [:])
            #expect(try contents(second) == ["alice": "2", "carol": "2", "dave": ""])
            #expect(second.statistics.rowsToFold == (foldsAtOnce ? 0 : steps.count))
            second.stop()
        }
    }

    @Test("Bindings come in the order of their keys")
    func order() throws {
        var settings = StorageSettings()
        settings.foldForcedRows = 10
        settings.foldStepRows = 5
        let folder = try StorageFolder()
        let database = try folder.open(settings)
        let outcomes = Outcomes()
        let store = try database.journal(mailboxes: [shard: outcomes.mailbox])
        defer { store.stop() }
        store.append(records(1...40), from: shard)
        _ = try outcomes.upTo(40)
        let keys = try store.loadBindings().map(\.key)
        #expect(keys == keys.sorted { $0.lexicographicallyPrecedes($1) })
        #expect(keys.count == 40)
    }

    @Test(
        "At every moment between fold steps a crash loses nothing and brings nothing back")
    func foldCrash() throws {
        var settings = StorageSettings()
        settings.rowsPerCommitMax = 10
        settings.foldForcedRows = 20
        settings.foldStepRows = 13
        let folder = try StorageFolder()
        let database = try folder.open(settings)
        let outcomes = Outcomes()
        let store = try database.journal(mailboxes: [shard: outcomes.mailbox])
        defer { store.stop() }
        var last: UInt64 = 0
        for _ in 0..<12 {
            store.append(records((last + 1)...(last + 10), keys: 17), from: shard)
            last += 10
            _ = try outcomes.upTo(last)
            // The write gate keeps the thread from changing the files while they are copied.
            let copy = try holdingWrites(of: database) { try folder.copyAsAfterKill() }
            let reopened = try Database(path: copy.path, whenMissing: .refuse)
            let second = try reopened.journal(mailboxes: [:])
            #expect(try contents(second) == expected(1...last, keys: 17))
            second.stop()
            try reopened.close()
        }
        #expect(store.statistics.foldedRows > 0)
        #expect(store.statistics.rowsToFold < 40)
    }

    @Test("An idle store folds from foldStartRows on, down to the last row")
    func idleFold() throws {
        var settings = StorageSettings()
        settings.foldStartRows = 100
        settings.foldStepRows = 30
        let folder = try StorageFolder()
        let database = try folder.open(settings)
        let outcomes = Outcomes()
        let store = try database.journal(mailboxes: [shard: outcomes.mailbox])
        store.append(records(1...99), from: shard)
        _ = try outcomes.upTo(99)
        #expect(store.statistics.foldedRows == 0)
        store.append(records(100...100), from: shard)
        _ = try outcomes.upTo(100)
        // The thread ends only when it has seen the stop between two steps; a second store goes on where it was.
        store.stop()
        #expect(store.statistics.foldedRows % 30 == 0 || store.statistics.rowsToFold == 0)
        let second = try database.journal(mailboxes: [shard: outcomes.mailbox])
        #expect(try contents(second) == expected(1...100))
        second.stop()
    }

    @Test(
        "A full file fails the commit, reads go on, and the store recovers when there is room again")
    func full() throws {
        let folder = try StorageFolder()
        let verdict = LinkVerdict(
            connection: ConnectionID(shard: shard, slot: 1, generation: 1), time: WallTime(seconds: 1), peer: "fe1",
            outcome: "server", epoch: TrustEpoch(1), evidence: [UInt8](repeating: 1, count: 400_000), trace: [])
        do {
            let database = try folder.open()
            try database.links.put(verdict)
            try database.close()
        }
        var settings = StorageSettings()
        settings.fileBytesMax = 1
        settings.foldStartRows = .max
        let database = try folder.open(settings)
        let outcomes = Outcomes()
        let faults = Mutex<[JournalFault]>([])
        let store = try database.journal(mailboxes: [shard: outcomes.mailbox]) { fault in
            faults.withLock { $0.append(fault) }
        }
        defer { store.stop() }

        store.append(records(1...1), from: shard)
        _ = try outcomes.upTo(1)
        store.append(records(2...3, size: 100_000), from: shard)
        #expect(try outcomes.upTo(3).last == .failed(first: 2, last: 3))
        #expect(store.statistics.failedRecords == 2)
        #expect(try contents(store) == expected(1...1))
        guard case .failing(.full)? = faults.withLock({ $0.last }) else {
            Issue.record("\(faults.withLock { $0 })")
            return
        }

        try database.links.removeAll()
        store.append(records(4...5, size: 100_000), from: shard)
        #expect(try outcomes.upTo(5).last == .committed(upTo: 5))
        #expect(try contents(store) == ["k1": "v1", "k4": "v4", "k5": "v5"])
        #expect(faults.withLock { $0.last } == .recovered)
        #expect(store.statistics.failure == nil)
    }

    @Test("A record over its limit fails with those of its shard behind it; outcomes stay in the order of the tickets")
    func refusedRecords() throws {
        var settings = StorageSettings()
        settings.recordBytesMax = 100
        let folder = try StorageFolder()
        let database = try folder.open(settings)
        let (outcomes, others) = (Outcomes(), Outcomes())
        let store = try database.journal(mailboxes: [shard: outcomes.mailbox, ShardID(1): others.mailbox])
        defer { store.stop() }
        try holdingWrites(of: database) {
            store.append(records(1...4) + records(5...5, size: 200) + records(6...6), from: shard)
            store.append(records(1...1, others: 6), from: ShardID(1))
        }
        let told = try outcomes.upTo(6)
        #expect(told.last == .failed(first: 5, last: 6))
        #expect(told.dropLast().last == .committed(upTo: 4))
        #expect(try others.upTo(1) == [.committed(upTo: 1)])
        store.append(records(7...7, others: 1), from: shard)
        #expect(try outcomes.upTo(7).last == .committed(upTo: 7))
        #expect(store.statistics.refusedRecords == 2)
    }

    @Test("A full queue refuses what is over its limit and takes records again when it has been emptied")
    func queueLimit() throws {
        var settings = StorageSettings()
        settings.queuedRecordsMax = 100
        let folder = try StorageFolder()
        let database = try folder.open(settings)
        let outcomes = Outcomes()
        let store = try database.journal(mailboxes: [shard: outcomes.mailbox])
        defer { store.stop() }
        try holdingWrites(of: database) {
            #expect(!store.isNearlyFull)
            store.append(records(1...150), from: shard)
            #expect(store.isNearlyFull)
            #expect(store.statistics.queuedRecords == 100)
        }
        let told = try outcomes.upTo(150)
        #expect(told.last == .failed(first: 101, last: 150))
        #expect(told.contains(.committed(upTo: 100)))
        store.append(records(151...160), from: shard)
        #expect(try outcomes.upTo(160).last == .committed(upTo: 160))
        #expect(!store.isNearlyFull)
    }

    @Test("Stopping commits what waits; what comes later fails at once, and reading throws")
    func stop() throws {
        let folder = try StorageFolder()
        let database = try folder.open()
        let outcomes = Outcomes()
        let store = try database.journal(mailboxes: [shard: outcomes.mailbox])
        store.append(records(1...600), from: shard)
        store.stop()
        store.stop()
        #expect(try outcomes.upTo(600).last == .committed(upTo: 600))
        store.append(records(601...602), from: shard)
        #expect(try outcomes.upTo(602).last == .failed(first: 601, last: 602))
        #expect(throws: StorageError.closed) { _ = try store.loadBindings() }
    }

    @Test("Records of many threads keep the order of each")
    func threads() throws {
        let folder = try StorageFolder()
        let database = try folder.open()
        let outcomes = (0..<4).map { _ in Outcomes() }
        var mailboxes: [ShardID: Mailbox] = [:]
        for (number, outcome) in outcomes.enumerated() { mailboxes[ShardID(UInt8(number))] = outcome.mailbox }
        let store = try database.journal(mailboxes: mailboxes)
        defer { store.stop() }
        DispatchQueue.concurrentPerform(iterations: 4) { number in
            for ticket in UInt64(1)...500 {
                let record = JournalRecord(
                    ticket: ticket, order: (ticket - 1) * 4 + UInt64(number) + 1, key: Array("k\(number)".utf8),
                    value: Array("v\(ticket)".utf8))
                store.append([record], from: ShardID(UInt8(number)))
            }
        }
        for outcome in outcomes {
            let told = try outcome.upTo(500)
            let tickets = told.map { if case .committed(let last) = $0 { last } else { UInt64(0) } }
            #expect(tickets == tickets.sorted() && tickets.last == 500)
        }
        #expect(try contents(store) == ["k0": "v500", "k1": "v500", "k2": "v500", "k3": "v500"])
    }

    @Test("Two shards change one address: the change that memory took in last is the one that stays, however they come")
    func crossing() throws {
        let folder = try StorageFolder()
        let database = try folder.open()
        let outcomes = (0..<2).map { _ in Outcomes() }
        let store = try database.journal(
            mailboxes: [ShardID(0): outcomes[0].mailbox, ShardID(1): outcomes[1].mailbox])
        defer { store.stop() }
        func record(_ ticket: UInt64, order: UInt64, _ value: String?) -> JournalRecord {
            JournalRecord(ticket: ticket, order: order, key: Array("alice".utf8), value: value.map { Array($0.utf8) })
        }
        store.append([record(1, order: 2, "second"), record(2, order: 4, "fourth")], from: ShardID(1))
        // Nobody is told of what waits for an earlier change, and nothing of it is stored.
        #expect(try contents(store) == [:])
        store.append([record(1, order: 1, "first")], from: ShardID(0))
        _ = try outcomes[1].upTo(1)
        #expect(try contents(store) == ["alice": "second"])
        store.append([record(2, order: 3, nil)], from: ShardID(0))
        _ = try outcomes[1].upTo(2)
        #expect(try contents(store) == ["alice": "fourth"])
    }

    /// Runs `body` while the storage thread has to wait with its next commit.
    private func holdingWrites<Value>(of database: Database, _ body: () throws -> Value) throws -> Value {
        try database.whileNothingIsWritten(body)
    }
}
