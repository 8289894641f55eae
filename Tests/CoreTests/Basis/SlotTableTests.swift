import Basis
import Testing

@Suite("Dense tables with generations")
struct SlotTableTests {
    @Test("a slot is used again under a higher generation, and the old name finds nothing")
    func reuse() throws {
        var table = SlotTable<String>(shard: ShardID(3))
        let firstInserted = table.insert("first", max: 1)
        let first = try #require(firstInserted)
        let result1 = table.insert("too many", max: 1)
        #expect(result1 == nil)
        let result2 = table.remove(first)
        #expect(result2 == "first")
        let secondInserted = table.insert("second", max: 1)
        let second = try #require(secondInserted)
        #expect(second.slot == first.slot)
        #expect(second.generation > first.generation)
        #expect(table[first] == nil)
        #expect(table[second] == "second")
    }

    @Test("a following table takes every number that the leading one gives, also for a slot used before")
    func following() throws {
        var leading = SlotTable<String>(shard: ShardID(0))
        var following = SlotTable<String>(shard: ShardID(0), following: true)
        for round in 0..<3 {
            let idInserted = leading.insert("link \(round)", max: 4)
            let id = try #require(idInserted)
            let adopted = following.adopt("link \(round)", as: id)
            #expect(adopted)
            #expect(following[id] == "link \(round)")
            _ = leading.remove(id)
            let result3 = following.remove(id)
            #expect(result3 == "link \(round)")
            #expect(following[id] == nil)
        }
    }

    @Test("a following table refuses a slot that is taken and a generation that has gone")
    func refusal() throws {
        var table = SlotTable<Int>(shard: ShardID(0), following: true)
        let early = ConnectionID(shard: ShardID(0), slot: 2, generation: 1)
        let late = ConnectionID(shard: ShardID(0), slot: 2, generation: 2)
        let result4 = table.adopt(1, as: late)
        #expect(result4)
        let result5 = table.adopt(2, as: ConnectionID(shard: ShardID(0), slot: 2, generation: 3))
        #expect(!result5)
        _ = table.remove(late)
        let result6 = table.adopt(3, as: early)
        #expect(!result6)
    }
}

@Suite("Civil time")
struct WallTimeTests {
    @Test(
        "RFC 3339 §5.6: dates print and read back",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_500_000_123, "2026-11-24T06:00:00.123Z"), (-1, "1969-12-31T23:59:59.999Z"),
        ] as [(Int64, String)])
    func text(milliseconds: Int64, text: String) {
        #expect(WallTime(milliseconds: milliseconds).description == text)
        #expect(WallTime(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(
        "what is no date is refused",
        arguments: ["", "2026-11-24", "2026-13-01T00:00:00Z", "2026-11-24T06:00:00+01:00"])
    func refusal(text: String) {
        #expect(WallTime(rfc3339: text) == nil)
    }
}
