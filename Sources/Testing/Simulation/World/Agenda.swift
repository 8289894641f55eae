import Basis
import UserAgent

/// What will happen, ordered by (instant, sequence): two things at one instant happen in the order in which they were put in.
struct Agenda {
    struct Entry {
        let at: Instant
        let sequence: UInt64
        let event: Event
    }

    /// A binary heap; the earliest entry is the first.
    private var heap: [Entry] = []
    private var sequence: UInt64 = 0

    mutating func add(_ event: Event, at instant: Instant) {
        sequence += 1
        heap.append(Entry(at: instant, sequence: sequence, event: event))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard isEarlier(child, parent) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// The instant of the next event.
    var next: Instant? { heap.first?.at }

    mutating func take() -> Entry? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { break }
            let child = left + 1 < heap.count && isEarlier(left + 1, left) ? left + 1 : left
            guard isEarlier(child, parent) else { break }
            heap.swapAt(child, parent)
            parent = child
        }
        return first
    }

    private func isEarlier(_ left: Int, _ right: Int) -> Bool {
        (heap[left].at, heap[left].sequence) < (heap[right].at, heap[right].sequence)
    }
}

/// What can be due.
enum Event {
    /// A shard takes a turn.
    case turn(SeatID)
    /// A shard's timer rings.
    case ring(SeatID)
    /// This end of a link has finished its handshake.
    case handshake(link: Int, End.Side)
    /// Octets reach this end of a link.
    case deliver(link: Int, End.Side)
    /// This end of a link learns that the link has gone.
    case gone(link: Int, End.Side)
    /// Nobody listens where this shard dialled.
    case dialFailed(SeatID, Dialling)
    /// A server's disk has written what it began to write.
    case commit(machine: Int, incarnation: Int)
    /// A server asks its authority for news.
    case trust(machine: Int, incarnation: Int)
    /// A server that had crashed starts again.
    case restart(machine: Int)
    /// A device opens its connection.
    case connect(device: Int)
    /// A user agent's deadline is reached.
    case timer(device: Int, generation: Int)
    /// The person behind a device does what was planned.
    case intention(device: Int, generation: Int, UserIntention)
    /// The plan takes its next step.
    case plan
    /// Checkers look for what is overdue.
    case second
}

/// What a person means to do about a call when some time has passed.
enum UserIntention {
    case answer(CallHandle)
    case reject(CallHandle)
    case hangUp(CallHandle)
    case register
}
