internal import Basis
internal import Server

/// The records that wait for the storage thread, under the limits of the settings. A value: `JournalStore` keeps it under
/// its mutex.
///
/// Two shards may change one address and come here in the other order; so a record waits until all that memory took in
/// before it have come, and the last one committed is the last one made.
///
/// A shard is told the outcomes of its records in the order of their tickets. So once a record was refused, those of the
/// same shard behind it are refused too, until the thread has taken the queue and will tell: all of the shard's records
/// that were accepted lie before the refused ones then, in the same hands.
struct JournalQueue {
    /// What the thread takes at once.
    struct Taken {
        /// The records to commit.
        var records: [QueuedRecord] = []
        /// The tickets that were refused, of each shard behind its records.
        var refused: [TicketSpan] = []
        /// How many records were refused.
        var refusedCount = 0
    }

    /// What the thread does next.
    enum Next {
        /// Commit what was taken, and tell of what was refused.
        case commit
        /// Nothing waits.
        case idle
        /// Nothing waits, and nothing will.
        case end
    }

    private let settings: StorageSettings
    private var waiting = Taken()
    /// The number of the next record that may be taken, and what came too early for it.
    private var nextOrder: UInt64 = 1
    private var early: [UInt64: (queued: QueuedRecord, isAccepted: Bool)] = [:]
    private(set) var waitingRecords = 0
    private var waitingBytes = 0
    private var threadIsAwake = false
    private var isStopping = false
    private var hasEnded = false

    /// An empty queue.
    init(settings: StorageSettings) {
        self.settings = settings
    }

    /// Three quarters of the queue are used; what is in the hands of the thread counts.
    var isNearlyFull: Bool {
        waitingRecords >= settings.queuedRecordsMax / 4 * 3 || waitingBytes >= settings.queuedBytesMax / 4 * 3
    }

    /// Accepts `record`, or notes that it was refused.
    mutating func add(_ record: JournalRecord, from shard: ShardID) {
        let bytes = record.byteCount
        let isAccepted =
            !isStopping && bytes <= settings.recordBytesMax && waitingRecords < settings.queuedRecordsMax
            && waitingBytes <= settings.queuedBytesMax - bytes
        if isAccepted {
            waitingRecords += 1
            waitingBytes += bytes
        }
        let queued = QueuedRecord(shard: shard, record: record)
        guard record.order == nextOrder || isStopping else { return early[record.order] = (queued, isAccepted) }
        line(up: queued, isAccepted)
        while let next = early.removeValue(forKey: nextOrder) { line(up: next.queued, next.isAccepted) }
    }

    /// Puts the next record in its place: behind what was accepted, or behind what was refused.
    private mutating func line(up queued: QueuedRecord, _ isAccepted: Bool) {
        nextOrder = queued.record.order + 1
        guard isAccepted, !waiting.refused.contains(where: { $0.shard == queued.shard }) else {
            waiting.refused.extend(by: queued.record.ticket, of: queued.shard)
            waiting.refusedCount += 1
            if isAccepted { finish([queued]) }
            return
        }
        waiting.records.append(queued)
    }

    /// Whether the caller has to wake the thread; once for each time that it sleeps.
    mutating func mustWake() -> Bool {
        guard hasWork, !threadIsAwake, !hasEnded else { return false }
        threadIsAwake = true
        return true
    }

    /// What was refused after the thread had ended, for the caller to tell.
    mutating func takeLate() -> [TicketSpan] {
        guard hasEnded else { return [] }
        defer { waiting.refused = [] }
        return waiting.refused
    }

    /// Moves everything into `taken`, whose memory is used again.
    mutating func take(_ taken: inout Taken) -> Next {
        taken.records.removeAll(keepingCapacity: true)
        taken.refused.removeAll(keepingCapacity: true)
        taken.refusedCount = 0
        guard hasWork else {
            hasEnded = isStopping
            return isStopping ? .end : .idle
        }
        swap(&waiting, &taken)
        return .commit
    }

    /// Gives back the room of records whose outcome is known.
    mutating func finish(_ records: ArraySlice<QueuedRecord>) {
        waitingRecords -= records.count
        waitingBytes -= records.reduce(0) { $0 + $1.record.byteCount }
    }

    /// Notes that the thread will wait; false when something came in between.
    mutating func sleep() -> Bool {
        guard !hasWork, !isStopping else { return false }
        threadIsAwake = false
        return true
    }

    /// Refuses everything from now on, and lets the thread end when it has committed what waits. What still waits for a
    /// record that never came is behind a shard that has ended; nobody was told that it stands.
    mutating func stop() {
        isStopping = true
        for order in early.keys.sorted() {
            if let next = early.removeValue(forKey: order) { line(up: next.queued, next.isAccepted) }
        }
    }

    private var hasWork: Bool { !waiting.records.isEmpty || !waiting.refused.isEmpty }
}

/// A record with the shard that waits for it.
struct QueuedRecord: Sendable {
    let shard: ShardID
    let record: JournalRecord
}

/// Tickets of one shard without a gap.
struct TicketSpan: Hashable, Sendable {
    let shard: ShardID
    let first: UInt64
    var last: UInt64
}

extension [TicketSpan] {
    /// Adds the next ticket of `shard`; there is one span for each shard.
    mutating func extend(by ticket: UInt64, of shard: ShardID) {
        if let index = firstIndex(where: { $0.shard == shard }) {
            self[index].last = ticket
        } else {
            append(TicketSpan(shard: shard, first: ticket, last: ticket))
        }
    }
}

extension JournalRecord {
    /// The bytes of key and value.
    fileprivate var byteCount: Int { key.count + (value?.count ?? 0) }
}
