import Basis
import Testing

@testable import Transactions

@Suite("The keyed hash that finds server transactions")
struct TransactionKeyTests {
    /// Made with `openssl mac -macopt hexkey:000102030405060708090a0b0c0d0e0f -macopt size:16 SIPHASH`.
    @Test(
        "SipHash-2-4 with 128 bits agrees with OpenSSL",
        arguments: [
            (0, "a3817f04ba25a8e66df67214c7550293"), (1, "da87c1d86b99af44347659119b22fc45"),
            (2, "8177228da4a45dc7fca38bdef60affe4"),
            (7, "a1f1ebbed8dbc153c0b84aa61ff08239"),
            (8, "3b62a9ba6258f5610f83e264f31497b4"),
            (15, "5493e99933b0a8117e08ec0f97cfc3d9"),
            (16, "6ee2a4ca67b054bbfd3315bf85230577"),
            (63, "5150d1772f50834a503e069a973fbd7c"),
            (64, "1eaf077dc0d4cd3f8cad4d383658a74b"),
            (200, "7c5853f4ed12ff9d836a79bc4047022d"),
        ])
    func reference(count: Int, expected: String) {
        var hash = KeyedHash(key: KeyedHash.Key(low: 0x0706_0504_0302_0100, high: 0x0F0E_0D0C_0B0A_0908))
        let input = (0..<count).map { UInt8($0) }
        hash.append(input.span)
        let key = hash.finish()
        var bytes: [UInt8] = []
        for word in [key.low, key.high] {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        #expect(Hex.encode(bytes) == expected)
    }

    @Test("A number is its eight bytes, wherever it stands", arguments: 0..<9)
    func numbers(offset: Int) {
        let lead = [UInt8](repeating: 7, count: offset)
        var whole = KeyedHash(key: KeyedHash.Key(low: 1, high: 2))
        whole.append(lead.span)
        whole.append(UInt64(0x0807_0605_0403_0201))
        var single = KeyedHash(key: KeyedHash.Key(low: 1, high: 2))
        let bytes = lead + [1, 2, 3, 4, 5, 6, 7, 8]
        single.append(bytes.span)
        #expect(whole.finish() == single.finish())
    }

    @Test("Fields cannot flow into each other")
    func fieldBoundaries() {
        func hash(_ first: [UInt8], _ second: [UInt8]) -> TransactionKey {
            var hash = KeyedHash(key: KeyedHash.Key(low: 1, high: 2))
            hash.append(first.span)
            hash.endField()
            hash.append(second.span)
            return hash.finish()
        }
        #expect(hash([1, 2], [3]) != hash([1], [2, 3]))
    }

    @Test("A queue of deadlines keeps its order, and holds no more than twice what lives")
    func deadlineQueue() {
        var queue = DeadlineQueue(duration: .seconds(32))
        for number in 0..<UInt64(10_000) {
            queue.start(number, at: Instant(nanoseconds: number))
            if queue.isMostlyDead(live: 10) { queue.keep { $0 + 10 > number } }
        }
        #expect(queue.count <= 256)
        var last = Instant.zero
        while let entry = queue.first {
            #expect(entry.deadline >= last)
            last = entry.deadline
            queue.removeFirst()
        }
        #expect(queue.count == 0)
    }
}
