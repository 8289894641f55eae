public import Basis
internal import Dispatch
internal import GRDB
internal import Synchronization

/// Keeps verdicts without holding up the loop that made them: entries wait in a queue, and one task at a time writes them,
/// many in a transaction. Order is kept. What finds the queue full, or cannot be written, is dropped and counted: a verdict
/// on disk is for explaining, nothing depends on it.
public final class LinkRecorder: Sendable {
    private enum Entry: Sendable {
        case admitted(LinkVerdict)
        case refused(LinkVerdict)
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

    /// A link is up.
    public func admitted(_ verdict: LinkVerdict) { add(.admitted(verdict)) }

    /// A link was refused, at its handshake or later.
    public func refused(_ verdict: LinkVerdict) { add(.refused(verdict)) }

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
        if mustStart { writer.async { [self] in writeAll() } }
    }

    private func writeAll() {
        while true {
            let batch = state.withLock { state in
                let batch = state.entries.prefix(StorageLimits.recorderEntriesPerCommit)
                state.entries.removeFirst(batch.count)
                if batch.isEmpty { state.isWriting = false }
                return batch
            }
            guard !batch.isEmpty else { return }
            let dropped = write(batch)
            if dropped > 0 { state.withLock { $0.dropped += dropped } }
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
        case .admitted(let verdict):
            guard verdict.isWithinLimits else { return false }
            try EvidenceTable.put(verdict, connection)
        case .refused(let verdict):
            guard verdict.isWithinLimits else { return false }
            try RefusalTable.add(verdict, connection)
        case .closed(let id):
            try EvidenceTable.remove(id, connection)
        }
        return true
    }
}
