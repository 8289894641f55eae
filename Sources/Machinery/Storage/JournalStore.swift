public import Basis
internal import Dispatch
internal import Foundation
public import Server
public import Shards
internal import Synchronization

/// The journal of bindings in SQLite: shards queue records, one thread commits them in groups.
///
/// There is no timer: the thread commits what waits when the commit before ends, so one record alone waits for nothing,
/// and a busy store makes larger commits instead of more. When a commit has ended, the mailbox of each shard that had a
/// record in it gets one `Input.committed` or `Input.commitFailed`. A failed commit is not tried again: its records may
/// not be acknowledged, and the store takes up new ones as if nothing had been. Call `stop` before dropping the store.
public final class JournalStore: Store, Sendable {
    private let settings: StorageSettings
    private let mailboxes: [ShardID: Mailbox]
    private let report: @Sendable (JournalFault) -> Void
    private let gate: WriteGate
    private let path: String
    private let queue: Mutex<JournalQueue>
    private let file: Mutex<JournalFile?>
    private let counters = Mutex(JournalStatistics())
    private let wake = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    /// Opens the journal of `database` and starts its thread.
    ///
    /// - Parameters:
    ///   - mailboxes: where the outcome of each shard's records goes.
    ///   - report: called on the storage thread when commits begin to fail and when they work again.
    init(
        database: Database, mailboxes: [ShardID: Mailbox], report: @escaping @Sendable (JournalFault) -> Void
    ) throws(SQLiteFailure) {
        settings = database.settings
        queue = Mutex(JournalQueue(settings: database.settings))
        self.mailboxes = mailboxes
        self.report = report
        gate = database.gate
        path = database.path
        let opened = try JournalFile(path: database.path, settings: database.settings)
        let rowsToFold = opened.rowsToFold
        counters.withLock { $0.rowsToFold = rowsToFold }
        file = Mutex(opened)
        let thread = Thread { [self] in run() }
        thread.name = "entente-storage"
        thread.start()
    }

    /// Queues records in their order. A record that finds the queue full or is over `recordBytesMax` fails, and so do those
    /// of its shard behind it, until the shard was told: outcomes arrive in the order of the tickets, always.
    public func append(_ records: [JournalRecord], from shard: ShardID) {
        let (mustWake, late) = queue.withLock { queue in
            for record in records { queue.add(record, from: shard) }
            return (queue.mustWake(), queue.takeLate())
        }
        if mustWake { wake.signal() }
        tell(late)
    }

    /// Whether new registrations should be answered 503 instead of being queued: three quarters of the queue are used, the
    /// rest is for those that are under way.
    public var isNearlyFull: Bool { queue.withLock { $0.isNearlyFull } }

    /// Every binding in the store, ordered by key: what was folded, with the journal played over it. For the start, before
    /// the first record is queued; works while commits fail.
    public func loadBindings() throws(StorageError) -> [(key: [UInt8], value: [UInt8])] {
        try file.withLock { (file) throws(StorageError) in
            guard let file else { throw .closed }
            do throws(SQLiteFailure) {
                return try file.bindings()
            } catch {
                throw error.storageError(path: path)
            }
        }
    }

    /// What the journal has done since it was opened.
    public var statistics: JournalStatistics {
        let waiting = queue.withLock { $0.waitingRecords }
        var statistics = counters.withLock { $0 }
        statistics.queuedRecords = waiting
        return statistics
    }

    /// Commits what waits, ends the thread and closes the file. Blocks until then; records that come later fail.
    public func stop() {
        queue.withLock { $0.stop() }
        wake.signal()
        ended.wait()
        // Lets a second caller pass too.
        ended.signal()
    }

    // MARK: The storage thread

    private func run() {
        var taken = JournalQueue.Taken()
        var mayFold = true
        while true {
            let next = queue.withLock { $0.take(&taken) }
            switch next {
            case .commit:
                mayFold = commitAll(taken.records)
                counters.withLock { $0.refusedRecords += taken.refusedCount }
                tell(taken.refused)
            case .idle:
                if mayFold, isFoldDue(whileRecordsWait: false) {
                    mayFold = foldStep()
                } else if queue.withLock({ $0.sleep() }) {
                    wake.wait()
                }
            case .end:
                file.withLock { $0 = nil }
                ended.signal()
                return
            }
        }
    }

    /// Commits in groups; false when the last of them failed, so that folding does not try what has just not worked.
    private func commitAll(_ taken: [QueuedRecord]) -> Bool {
        var start = 0
        var worked = true
        while start < taken.count {
            let end = min(start + max(1, settings.rowsPerCommitMax), taken.count)
            worked = commit(taken[start..<end])
            if worked, isFoldDue(whileRecordsWait: true) { _ = foldStep() }
            start = end
        }
        return worked
    }

    private func commit(_ records: ArraySlice<QueuedRecord>) -> Bool {
        let failure = attempt { (file) throws(SQLiteFailure) in try file.append(records) }
        queue.withLock { $0.finish(records) }
        note(failure, records.count)
        tell(records, committed: failure == nil)
        return failure == nil
    }

    /// Posts one input for each shard that has a record among `records`.
    private func tell(_ records: ArraySlice<QueuedRecord>, committed: Bool) {
        var spans: [TicketSpan] = []
        for queued in records { spans.extend(by: queued.record.ticket, of: queued.shard) }
        guard committed else { return tell(spans) }
        for span in spans { mailboxes[span.shard]?.post(.committed(upTo: span.last)) }
    }

    private func tell(_ failed: [TicketSpan]) {
        for span in failed { mailboxes[span.shard]?.post(.commitFailed(first: span.first, last: span.last)) }
    }

    private func note(_ failure: SQLiteFailure?, _ records: Int) {
        let fault: JournalFault? = counters.withLock { counters in
            guard let failure else {
                counters.commits += 1
                counters.committedRecords += records
                counters.largestCommit = max(counters.largestCommit, records)
                counters.rowsToFold += records
                defer { counters.failure = nil }
                return counters.failure.map { _ in .recovered }
            }
            counters.failedRecords += records
            let error = failure.storageError(path: path)
            defer { counters.failure = error }
            return counters.failure == nil ? .failing(error) : nil
        }
        if let fault { report(fault) }
    }

    /// Folding begins when enough rows wait, and then goes on down to the last row as long as nothing else waits.
    private func isFoldDue(whileRecordsWait: Bool) -> Bool {
        counters.withLock { counters in
            if whileRecordsWait { return counters.rowsToFold >= settings.foldForcedRows }
            if counters.rowsToFold >= settings.foldStartRows { counters.isFolding = true }
            if counters.rowsToFold == 0 { counters.isFolding = false }
            return counters.isFolding
        }
    }

    /// False when it failed; the next commit that works lets it be tried again.
    private func foldStep() -> Bool {
        var rowsLeft = 0
        let failure = attempt { (file) throws(SQLiteFailure) in
            try file.fold(rowsMax: max(1, settings.foldStepRows))
            rowsLeft = file.rowsToFold
        }
        guard failure == nil else { return false }
        counters.withLock { counters in
            counters.foldedRows += counters.rowsToFold - rowsLeft
            counters.rowsToFold = rowsLeft
        }
        return true
    }

    private func attempt(_ body: (JournalFile) throws(SQLiteFailure) -> Void) -> SQLiteFailure? {
        gate.withLock {
            file.withLock { file in
                guard let file else { return nil }
                do throws(SQLiteFailure) {
                    try body(file)
                    return nil
                } catch {
                    return error
                }
            }
        }
    }
}

/// A change in the health of the journal, for the log.
public enum JournalFault: Hashable, Sendable {
    /// Commits began to fail; registrations are answered 500 until they work again.
    case failing(StorageError)
    /// A commit worked again.
    case recovered
}

/// What a journal has done since it was opened, for the metrics.
public struct JournalStatistics: Hashable, Sendable {
    /// How many transactions were committed.
    public internal(set) var commits = 0
    /// How many records they held.
    public internal(set) var committedRecords = 0
    /// The most records that one of them held.
    public internal(set) var largestCommit = 0
    /// How many records were in commits that failed.
    public internal(set) var failedRecords = 0
    /// How many records found the queue full, were too large, or came after the end.
    public internal(set) var refusedRecords = 0
    /// How many records wait now.
    public internal(set) var queuedRecords = 0
    /// How many rows of the journal are not folded yet.
    public internal(set) var rowsToFold = 0
    /// How many rows were folded.
    public internal(set) var foldedRows = 0
    /// Why commits fail now; nil when the last one worked.
    public internal(set) var failure: StorageError?
    var isFolding = false
}
