public import Basis
internal import Dispatch
internal import GRDB
internal import Synchronization

/// Keeps verdicts without holding up the loop that made them: entries wait in a queue for a moment, then one task encodes and
/// writes them, many in a transaction. A link that has gone by then is not written at all. Order is kept. What finds the queue full, or cannot be written, is dropped and counted: a verdict
/// on disk is for explaining, nothing depends on it.
public final class LinkRecorder: Sendable {
    private enum Entry: Sendable {
        case admitted(ConnectionID, @Sendable () -> LinkVerdict)
        case refused(@Sendable () -> LinkVerdict)
        case closed(ConnectionID)
    }

    private struct State {
        var entries: [Entry] = []
        var isWriting = false
        var dropped = 0
    }

    private let database: Database
    private let state = Mutex(State())
    private let writer = DispatchQueue(label: "entente.links")

    /// A recorder into the tables of `database`.
    public init(database: Database) {
        self.database = database
    }

    /// A link is up. `verdict` is asked later, on another thread, and only when the link is still up then.
    public func admitted(_ connection: ConnectionID, _ verdict: @escaping @Sendable () -> LinkVerdict) {
        add(.admitted(connection, verdict))
    }

    /// A link was refused, at its handshake or later. `verdict` is asked later, on another thread.
    public func refused(_ verdict: @escaping @Sendable () -> LinkVerdict) { add(.refused(verdict)) }

    /// A link has gone.
    public func closed(_ connection: ConnectionID) { add(.closed(connection)) }

    /// How many entries were dropped.
    public var dropped: Int { state.withLock { $0.dropped } }

    /// Blocks until what was recorded before this call is in the store: for the end of the process and for tests.
    public func flush() {
        writer.sync { writeAll() }
    }

    private func add(_ entry: Entry) {
        let mustStart = state.withLock { state in
            guard state.entries.count < StorageLimits.recorderEntriesMax else {
                state.dropped += 1
                return false
            }
            state.entries.append(entry)
            defer { state.isWriting = true }
            return !state.isWriting
        }
        let pause = DispatchTimeInterval.milliseconds(StorageLimits.recorderPauseMilliseconds)
        if mustStart { writer.asyncAfter(deadline: .now() + pause) { [self] in writeAll() } }
    }

    private func writeAll() {
        let waiting = state.withLock { state in
            defer { state.entries = [] }
            state.isWriting = false
            return state.entries
        }
        var entries = Self.withoutShortLived(waiting)[...]
        while !entries.isEmpty {
            let batch = entries.prefix(StorageLimits.recorderEntriesPerCommit)
            entries = entries.dropFirst(batch.count)
            let dropped = write(batch)
            if dropped > 0 { state.withLock { $0.dropped += dropped } }
        }
    }

    /// Without the links that came and went while the entries waited: nobody asks for a live link that has gone.
    private static func withoutShortLived(_ entries: [Entry]) -> [Entry] {
        var admitted: Set<ConnectionID> = []
        var gone: Set<ConnectionID> = []
        for entry in entries {
            switch entry {
            case .admitted(let id, _): admitted.insert(id)
            case .closed(let id): if admitted.contains(id) { gone.insert(id) }
            case .refused: break
            }
        }
        return entries.filter { entry in
            switch entry {
            case .admitted(let id, _), .closed(let id): !gone.contains(id)
            case .refused: true
            }
        }
    }

    /// Returns how many entries could not be written.
    private func write(_ batch: ArraySlice<Entry>) -> Int {
        do throws(StorageError) {
            return try database.write { connection in
                var tooLarge = 0
                for entry in batch where try !Self.write(entry, connection) { tooLarge += 1 }
                return tooLarge
            }
        } catch {
            return batch.count
        }
    }

    private static func write(_ entry: Entry, _ connection: GRDB.Database) throws -> Bool {
        switch entry {
        case .admitted(_, let make):
            let verdict = make()
            guard verdict.isWithinLimits else { return false }
            try EvidenceTable.put(verdict, connection)
        case .refused(let make):
            let verdict = make()
            guard verdict.isWithinLimits else { return false }
            try RefusalTable.add(verdict, connection)
        case .closed(let id):
            try EvidenceTable.remove(id, connection)
        }
        return true
    }
}
