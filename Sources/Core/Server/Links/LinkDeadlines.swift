import Basis

/// When links must have done something: clients prove a user, slow readers read. Two queues of one duration each, so
/// that an idle connection costs no timer; an entry whose link did its part meanwhile is skipped when it comes up.
struct LinkDeadlines {
    /// What is owed.
    enum Duty {
        case prove
        case read
    }

    private var proofs = Queue()
    private var reads = Queue()

    private struct Queue {
        var entries: [(deadline: Instant, id: ConnectionID)] = []
        var first = 0

        var next: Instant? { first < entries.count ? entries[first].deadline : nil }

        mutating func take(until now: Instant) -> ConnectionID? {
            guard first < entries.count, entries[first].deadline <= now else { return nil }
            defer {
                first += 1
                if first > 1_024, first * 2 > entries.count {
                    entries.removeFirst(first)
                    first = 0
                }
            }
            return entries[first].id
        }
    }

    mutating func start(_ duty: Duty, of id: ConnectionID, at now: Instant) {
        switch duty {
        case .prove: proofs.entries.append((now + ServerLimits.unprovenLifetime, id))
        case .read: reads.entries.append((now + ServerLimits.congestionLifetime, id))
        }
    }

    var next: Instant? { [proofs.next, reads.next].compactMap(\.self).min() }

    mutating func takeOverdue(until now: Instant) -> (duty: Duty, id: ConnectionID)? {
        if let id = proofs.take(until: now) { return (.prove, id) }
        return reads.take(until: now).map { (.read, $0) }
    }
}
