internal import Basis

/// The deadlines of one timer letter, first in, first out: all last equally long, so they are in order by themselves.
///
/// Nothing is taken out when a transaction ends early. The owner asks of the oldest entry whether it still matters, and
/// `keep` stops the queue from growing with dead ones.
struct DeadlineQueue: Sendable {
    /// One started timer.
    struct Entry: Sendable {
        let deadline: Instant
        let id: UInt64
    }

    private let duration: Interval
    private var entries: [Entry] = []
    private var head = 0

    init(duration: Interval) {
        self.duration = duration
    }

    /// How many timers wait, the dead among them included.
    var count: Int { entries.count - head }

    /// The oldest timer.
    var first: Entry? { head < entries.count ? entries[head] : nil }

    /// Starts a timer for `id`. Instants must not go back; one that does counts as the latest seen.
    mutating func start(_ id: UInt64, at now: Instant) {
        let deadline = now + duration
        entries.append(Entry(deadline: entries.last.map { max($0.deadline, deadline) } ?? deadline, id: id))
    }

    /// Takes the oldest timer out.
    mutating func removeFirst() {
        guard head < entries.count else { return }
        head += 1
        if head == entries.count {
            entries.removeAll(keepingCapacity: head <= Self.keptCapacityMax)
            head = 0
        } else if head >= Self.compactionMin, head * 2 >= entries.count {
            entries.removeFirst(head)
            head = 0
        }
    }

    /// Whether more than twice `live` entries wait, so that `keep` is worth its cost.
    func isMostlyDead(live: Int) -> Bool {
        count >= Self.compactionMin && count / 2 > live
    }

    /// Drops the timers that `isLive` does not claim.
    mutating func keep(where isLive: (UInt64) -> Bool) {
        entries = entries[head...].filter { isLive($0.id) }
        head = 0
    }

    /// Below this many entries nothing is moved.
    private static let compactionMin = 256
    /// An empty queue gives memory back above this many entries.
    private static let keptCapacityMax = 4_096
}
