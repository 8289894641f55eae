import Basis
import Trust

/// The links that this shard opens to other servers: at most one for each, opened when the first request needs it, opened
/// again with a growing pause when it fails.
struct Dialler {
    /// Where a link stands.
    enum Progress {
        case dialling
        case up(ConnectionID)
        /// The last attempt failed; `why` is told to the requests that come before the pause is over.
        case waiting(until: Instant, why: Failure)
    }

    /// Why there is no link.
    struct Failure {
        /// The code when the trust refused it.
        var code: TrustCode?
        /// For the operator, and for the Reason header inside the network.
        var why: String
    }

    /// A request that waits for a link.
    enum Waiting {
        /// The branch of a response context.
        case branch(Int, context: UInt64)
        /// An ACK to a 2xx, ready to be written: nothing answers it, so nobody is told when the link stays down. The callee
        /// asks for it again by its 2xx (RFC 3261 §13.3.1.4).
        case acknowledgement([UInt8])
    }

    private struct Entry {
        var progress: Progress
        var pause = ServerLimits.redialFirst
        var queue: [Waiting] = []
    }

    private var entries: [Dialled: Entry] = [:]
    private var targets: [ConnectionID: Dialled] = [:]

    /// What a request for `target` should do.
    enum Way {
        case send(ConnectionID)
        /// Queued; `mustDial` tells the first one to ask for the link.
        case wait(mustDial: Bool)
        case fail(Failure)
        /// `waitingForLinkMax` requests wait already.
        case full
    }

    mutating func way(to target: Dialled, for waiting: Waiting, at now: Instant) -> Way {
        guard var entry = entries[target] else {
            entries[target] = Entry(progress: .dialling, queue: [waiting])
            return .wait(mustDial: true)
        }
        defer { entries[target] = entry }
        switch entry.progress {
        case .up(let id):
            return .send(id)
        case .dialling:
            guard entry.queue.count < ServerLimits.waitingForLinkMax else { return .full }
            entry.queue.append(waiting)
            return .wait(mustDial: false)
        case .waiting(let until, let why):
            guard until <= now else { return .fail(why) }
            entry.progress = .dialling
            entry.queue.append(waiting)
            return .wait(mustDial: true)
        }
    }

    /// The link is up: returns who waited for it.
    mutating func established(_ target: Dialled, as id: ConnectionID) -> [Waiting] {
        var entry = entries[target] ?? Entry(progress: .dialling)
        defer { entries[target] = entry }
        entry.progress = .up(id)
        entry.pause = ServerLimits.redialFirst
        targets[id] = target
        let queue = entry.queue
        entry.queue = []
        return queue
    }

    /// The link did not come up, or was refused: returns who waited for it. `chance` spreads the next attempts of many.
    mutating func failed(_ target: Dialled, _ failure: Failure, at now: Instant, chance: inout Chance) -> [Waiting] {
        guard var entry = entries[target] else { return [] }
        defer { entries[target] = entry }
        let jitter = Interval(nanoseconds: chance.next() % (entry.pause.nanoseconds / 2 + 1))
        entry.progress = .waiting(until: now + entry.pause + jitter, why: failure)
        entry.pause = min(Interval(nanoseconds: entry.pause.nanoseconds * 2), ServerLimits.redialMax)
        let queue = entry.queue
        entry.queue = []
        return queue
    }

    /// A link that was up has gone; the next request opens a new one at once.
    mutating func closed(_ id: ConnectionID) {
        guard let target = targets.removeValue(forKey: id) else { return }
        if case .up(let current)? = entries[target]?.progress, current == id { entries[target] = nil }
    }

    /// The trust changed: forget failures, so that what was refused before is tried again by the next request.
    mutating func forgetFailures() {
        entries = entries.filter { entry in
            if case .waiting = entry.value.progress { return false }
            return true
        }
    }
}
