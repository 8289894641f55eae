import Basis
import Server
import Shards

/// The disk of one server: a commit takes time, and a crash loses what was not committed.
final class Disk: Store {
    struct Waiting {
        let shard: ShardID
        let record: JournalRecord
    }

    /// What a start finds: the newest committed value of each key.
    private(set) var stored: [[UInt8]: [UInt8]] = [:]
    private var waiting: [Waiting] = []
    /// What the commit under way contains.
    private(set) var writing: [Waiting] = []
    /// Commits so far, good and bad.
    var commits = 0
    /// Every so many commits one fails; nil for a good disk.
    var failsEvery: Int?
    /// No commit works before.
    var fullUntil = Instant.zero
    /// Called when a commit begins.
    var begins: () -> Void = {}
    /// Called for each record that comes in.
    var takes: (ShardID, JournalRecord) -> Void = { _, _ in }

    func append(_ records: [JournalRecord], from shard: ShardID) {
        for record in records {
            takes(shard, record)
            waiting.append(Waiting(shard: shard, record: record))
        }
        begin()
    }

    /// Ends the commit under way. Returns what it contained.
    func end(isGood: Bool) -> [Waiting] {
        let ended = writing
        writing = []
        if isGood {
            for entry in ended { stored[entry.record.key] = entry.record.value }
        }
        begin()
        return ended
    }

    /// The power goes: nothing that was not committed is left.
    func crash() {
        waiting = []
        writing = []
    }

    /// What `LocationService.load` takes, in the order of the keys.
    var everything: [(key: [UInt8], value: [UInt8])] {
        stored.map { (key: $0.key, value: $0.value) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }

    /// As in production, a commit takes what waits when the one before has ended.
    private func begin() {
        guard writing.isEmpty, !waiting.isEmpty else { return }
        swap(&writing, &waiting)
        begins()
    }
}
