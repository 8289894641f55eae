import Basis

/// When links must have done something: clients speak, prove a user and prove one again, slow readers read. Queues of one
/// duration each, so that an idle connection costs no timer; an entry whose link did its part meanwhile is skipped when it
/// comes up. One more, in order, holds the ends of certificates; most clients show none.
struct LinkDeadlines {
    /// What is owed.
    enum Duty {
        case speak
        case prove
        case renew
        case read
        /// Nothing: the peer's certificate ends.
        case expire
    }

    private var expiries: [(deadline: Instant, id: ConnectionID)] = []
    private var silences = Queue()
    private var proofs = Queue()
    private var renewals = Queue()
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

    /// The link's certificate ends at `deadline`. Latest first in the list, so that the next one is its last.
    mutating func expire(_ id: ConnectionID, at deadline: Instant) {
        var (low, high) = (0, expiries.count)
        while low < high {
            let middle = (low + high) / 2
            if expiries[middle].deadline > deadline { low = middle + 1 } else { high = middle }
        }
        expiries.insert((deadline, id), at: low)
    }

    /// A link has gone: nothing is owed any more. The queues forget by themselves, the ends of certificates are far away.
    mutating func forget(_ id: ConnectionID) {
        expiries.removeAll { $0.id == id }
    }

    mutating func start(_ duty: Duty, of id: ConnectionID, at now: Instant) {
        switch duty {
        case .speak: silences.entries.append((now + ServerLimits.silentLifetime, id))
        case .renew: renewals.entries.append((now + ServerLimits.renewalCheckPeriod, id))
        case .prove: proofs.entries.append((now + ServerLimits.unprovenLifetime, id))
        case .read: reads.entries.append((now + ServerLimits.congestionLifetime, id))
        case .expire: expire(id, at: now)
        }
    }

    var next: Instant? {
        let ofClients = Instant.earliest(silences.next, .earliest(proofs.next, renewals.next))
        return .earliest(ofClients, .earliest(reads.next, expiries.last?.deadline))
    }

    mutating func takeOverdue(until now: Instant) -> (duty: Duty, id: ConnectionID)? {
        if let id = silences.take(until: now) { return (.speak, id) }
        if let id = proofs.take(until: now) { return (.prove, id) }
        if let id = renewals.take(until: now) { return (.renew, id) }
        if let id = reads.take(until: now) { return (.read, id) }
        guard let last = expiries.last, last.deadline <= now else { return nil }
        expiries.removeLast()
        return (.expire, last.id)
    }
}
