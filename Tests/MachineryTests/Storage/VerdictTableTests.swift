import Basis
import Storage
import Testing

@Suite("Verdicts and the audit")
struct VerdictTableTests {
    private func verdict(_ number: UInt32, peer: String = "edge1", outcome: String = "E402") -> LinkVerdict {
        LinkVerdict(
            connection: ConnectionID(shard: ShardID(255), slot: number, generation: .max),
            time: WallTime(milliseconds: Int64(number)), peer: peer, outcome: outcome, epoch: TrustEpoch(.max),
            evidence: [1, 2, UInt8(truncatingIfNeeded: number)], trace: [])
    }

    @Test("Of one peer and code the last 20 refusals are kept")
    func perPeerAndCode() throws {
        let folder = try StorageFolder()
        let refusals = try folder.open().refusals
        for number in UInt32(0)..<25 {
            try refusals.add(verdict(number))
            try refusals.add(verdict(number, outcome: "E501"))
        }
        try refusals.add(verdict(99, peer: "other"))
        let kept = try refusals.list(peer: "edge1", code: "E402", limit: 100)
        #expect(kept == (5..<25).reversed().map { verdict($0) })
        #expect(try refusals.list(code: "E501", limit: 100).count == 20)
        #expect(try refusals.list(limit: 100).count == 41)
        #expect(try refusals.list(limit: 1) == [verdict(99, peer: "other")])
    }

    @Test("Of all refusals the last 1,000 are kept")
    func total() throws {
        let folder = try StorageFolder()
        let database = try folder.open()
        let recorder = LinkRecorder(database: database)
        for number in UInt32(0)..<1_030 { recorder.refused { verdict(number, peer: "peer\(number)") } }
        recorder.flush()
        #expect(recorder.dropped == 0)
        let kept = try database.refusals.list(limit: .max)
        #expect(kept.count == 1_000)
        #expect(kept.first?.peer == "peer1029" && kept.last?.peer == "peer30")
    }

    @Test("Live links are found by connection and by peer until they close")
    func links() throws {
        let folder = try StorageFolder()
        let database = try folder.open()
        let recorder = LinkRecorder(database: database)
        for number in UInt32(1)...4 {
            recorder.admitted(verdict(number).connection) { verdict(number, outcome: "server") }
        }
        recorder.closed(verdict(2).connection)
        recorder.flush()
        recorder.closed(verdict(4).connection)
        recorder.flush()
        #expect(try database.links.list(limit: 10).map(\.connection.slot) == [1, 3])
        #expect(try database.links.verdict(on: verdict(3).connection) == verdict(3, outcome: "server"))
        #expect(try database.links.list(peer: "nobody", limit: 10).isEmpty)
        try database.links.removeAll()
        #expect(try database.links.list(limit: 10).isEmpty)
    }

    @Test("Evidence over its limit is refused by the table and dropped by the recorder, with a count")
    func tooLarge() throws {
        let folder = try StorageFolder()
        let database = try folder.open()
        let large = LinkVerdict(
            connection: verdict(1).connection, time: verdict(1).time, peer: "edge1", outcome: "E402",
            epoch: TrustEpoch(1),
            evidence: [UInt8](repeating: 0, count: StorageLimits.verdictBytesMax + 1), trace: [])
        #expect(throws: StorageError.self) { try database.refusals.add(large) }
        let recorder = LinkRecorder(database: database)
        recorder.refused { large }
        recorder.refused { verdict(2) }
        recorder.flush()
        #expect(recorder.dropped == 1)
        #expect(try database.refusals.list(limit: 10) == [verdict(2)])
    }

    @Test("The recorder's queue has a limit")
    func recorderLimit() throws {
        let folder = try StorageFolder()
        let database = try folder.open()
        let recorder = LinkRecorder(database: database)
        database.whileNothingIsWritten {
            for number in UInt32(0)..<20_000 { recorder.closed(verdict(number).connection) }
        }
        recorder.flush()
        // What waited may have passed into the writer's hands once meanwhile.
        let over = 20_000 - StorageLimits.recorderEntriesMax
        #expect((over - StorageLimits.recorderEntriesMax...over).contains(recorder.dropped))
    }

    @Test("The audit is read page by page and cannot be changed", .enabled(if: StorageFolder.hasCommandLineTool))
    func audit() throws {
        let folder = try StorageFolder()
        let audit = try folder.open().audit
        let entries = (0..<5).map {
            AuditEntry(
                time: WallTime(seconds: $0), actor: "uid 0", action: "cert revoke", subject: "4a:91", detail: "n\($0)")
        }
        for entry in entries { try audit.add(entry) }
        let page = try audit.list(limit: 2)
        #expect(page.map(\.entry) == [entries[4], entries[3]])
        #expect(
            try audit.list(before: page.last?.number, limit: 9).map(\.entry) == [entries[2], entries[1], entries[0]])
        _ = try folder.sqlite("DELETE FROM audit; UPDATE audit SET actor = 'nobody'")
        #expect(try audit.list(limit: 9).map(\.entry.actor) == [String](repeating: "uid 0", count: 5))
    }
}
