import Basis
import SIP
import Transactions

/// One request through the table of transactions.
struct TransactionStep: Benchmark {
    static let name = "transaction"
    static let summary = "a MESSAGE received and its 200 responded, in a table of 4,096 live transactions"
    static let iterations = 2_000
    private static let live = 4_096
    private static let pool = 64

    private var table: TransactionTable
    private let requests: [ValidRequest]
    private let here = ConnectionID(shard: ShardID(0), slot: 1, generation: 1)
    private var now = Instant.zero + .seconds(1_000)
    private var next = 0

    init() throws {
        var chance = Chance(seed: [3])
        table = TransactionTable(shard: ShardID(0), chance: &chance)
        for number in 0..<Self.live {
            // INVITEs whose final response has not come wait without a timer.
            let invite = try ValidRequest(SIPMessage.parse(Requests.invite(1_000 + number)))
            let elsewhere = ConnectionID(shard: ShardID(0), slot: UInt32(2 + number % 512), generation: 1)
            guard case .new(let id) = table.receive(invite, on: elsewhere, at: now),
                table.respond(180, in: id, at: now) == .send
            else { throw BenchmarkFailure("INVITE \(number) began no transaction") }
        }
        requests = try (0..<Self.pool).map { try ValidRequest(SIPMessage.parse(Requests.message(1_000 + $0))) }
    }

    mutating func step() throws -> Int {
        next = (next + 1) % Self.pool
        now = now + .milliseconds(1)
        guard case .new(let id) = table.receive(requests[next], on: here, at: now),
            table.respond(200, in: id, at: now) == .sendAndEnd
        else { throw BenchmarkFailure("the MESSAGE was not answered") }
        return table.serverCount
    }
}
