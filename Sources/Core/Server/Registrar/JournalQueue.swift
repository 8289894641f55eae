import Basis
import SIP
import Transactions

/// The answers that wait for the journal: nobody is told that a binding stands before the commit that contains it.
struct JournalQueue {
    /// An answer to a REGISTER, ready but for the commit.
    struct Pending {
        let ticket: UInt64
        let transaction: ServerTransactionID
        let connection: ConnectionID
        let request: SIPMessage
        /// The header lines of the 200.
        let lines: HeaderLines
    }

    private var pending: [Pending] = []
    private var first = 0
    private var nextTicket: UInt64 = 1

    /// Answers that wait now.
    var count: Int { pending.count - first }

    /// The ticket of the next record.
    mutating func ticket() -> UInt64 {
        defer { nextTicket += 1 }
        return nextTicket
    }

    mutating func wait(_ answer: Pending) { pending.append(answer) }

    /// Takes the answers whose record is in the store.
    mutating func take(upTo ticket: UInt64) -> [Pending] {
        var taken: [Pending] = []
        while first < pending.count, pending[first].ticket <= ticket {
            taken.append(pending[first])
            first += 1
        }
        if first > 1_024, first * 2 > pending.count {
            pending.removeFirst(first)
            first = 0
        }
        return taken
    }
}

/// Looks for bindings that ended without a word, one stripe at a time, so that no turn pays for all of them.
struct ExpirySweep {
    private let shard: ShardID
    private let shards: Int
    private var due: Instant
    private var position = 0

    /// Between two stripes: a shard has seen its share of the table once in about a minute.
    static let pause = Interval.seconds(1)

    init(shard: ShardID, shards: Int) {
        self.shard = shard
        self.shards = max(shards, 1)
        due = .zero + Self.pause
    }

    /// When the next stripe is due; nil while there is nothing that could end.
    func next(in location: LocationService) -> Instant? { location.isEmpty ? nil : due }

    /// The stripe to look at now; nil when it is not time yet.
    mutating func take(at now: Instant) -> Int? {
        guard due <= now else { return nil }
        due = now + Self.pause
        defer { position += 1 }
        return (position * shards + Int(shard.number)) % LocationService.stripeCount
    }
}
