import Basis
import Transactions

/// The response contexts of a shard by their tag, and the deadlines of timer C.
///
/// A tag is a slot and its generation: contexts come and go with every request, and one is changed where it stands.
struct ContextTable {
    private struct Slot {
        var generation: UInt32 = 1
        var context: ResponseContext?
    }

    private var slots: [Slot] = []
    private var free: [Int] = []
    /// RFC 3261 §16.8: all timers C last alike, so the first to start is the first to end; a provisional response moves the
    /// branch's own deadline and the entry here is looked at again when it comes up.
    private var timersC: [(deadline: Instant, tag: UInt64, branch: Int)] = []
    private var firstTimer = 0
    /// The requests that are no INVITE, until they are answered 100. All wait alike, so the first is the first to be due.
    private var unanswered: [(deadline: Instant, tag: UInt64)] = []
    private var firstUnanswered = 0

    var count: Int { slots.count - free.count }

    /// How many of the requests have no final response yet. Looks at each: for the end of a process.
    var unansweredCount: Int { slots.count { $0.context?.isAnswered == false } }

    /// Keeps a context. The tag is never 0, which stands for none.
    mutating func insert(_ context: consuming ResponseContext) -> UInt64 {
        let index: Int
        if let reused = free.popLast() {
            index = reused
        } else {
            index = slots.count
            slots.append(Slot())
        }
        slots[index].context = context
        return UInt64(slots[index].generation) << 32 | UInt64(index)
    }

    /// Forgets a context; its slot returns with a higher generation.
    mutating func remove(_ tag: UInt64) {
        let index = Self.index(of: tag)
        guard index < slots.count, slots[index].generation == tag >> 32, slots[index].context.take() != nil else {
            return
        }
        slots[index].generation = max(slots[index].generation &+ 1, 1)
        free.append(index)
    }

    /// The context, while it is kept.
    subscript(tag: UInt64) -> ResponseContext? {
        let index = Self.index(of: tag)
        guard index < slots.count, slots[index].generation == tag >> 32 else { return nil }
        return slots[index].context
    }

    /// Changes a context, or asks it something without a copy; nil when it is not kept any more.
    mutating func update<Result>(_ tag: UInt64, _ change: (inout ResponseContext) -> Result) -> Result? {
        let index = Self.index(of: tag)
        guard index < slots.count, slots[index].generation == tag >> 32, var context = slots[index].context.take()
        else { return nil }
        defer { slots[index].context = context }
        return change(&context)
    }

    private static func index(of tag: UInt64) -> Int { Int(tag & 0xFFFF_FFFF) }

    mutating func startTimerC(of branch: Int, in tag: UInt64, at now: Instant) -> Instant {
        let deadline = now + ServerLimits.timerC
        timersC.append((deadline, tag, branch))
        return deadline
    }

    var nextDeadline: Instant? {
        let timerC = firstTimer < timersC.count ? timersC[firstTimer].deadline : nil
        let trying = firstUnanswered < unanswered.count ? unanswered[firstUnanswered].deadline : nil
        return .earliest(timerC, trying)
    }

    /// Sees to it that a request that is no INVITE comes up in `overdue`, unless it is answered before.
    mutating func awaitAnswer(to tag: UInt64, at now: Instant) {
        unanswered.append((now + ServerLimits.trying, tag))
    }

    /// The requests that had no answer in time, each once.
    mutating func overdue(at now: Instant) -> [UInt64] {
        var overdue: [UInt64] = []
        while firstUnanswered < unanswered.count, unanswered[firstUnanswered].deadline <= now {
            let tag = unanswered[firstUnanswered].tag
            firstUnanswered += 1
            if self[tag]?.isAnswered == false { overdue.append(tag) }
        }
        if firstUnanswered > 1_024 {
            unanswered.removeFirst(firstUnanswered)
            firstUnanswered = 0
        }
        return overdue
    }

    /// The branches whose timer C has ended.
    mutating func silentBranches(at now: Instant) -> [(tag: UInt64, branch: Int)] {
        var silent: [(tag: UInt64, branch: Int)] = []
        while firstTimer < timersC.count, timersC[firstTimer].deadline <= now {
            let (_, tag, index) = timersC[firstTimer]
            firstTimer += 1
            guard let branches = self[tag]?.branches, branches.indices.contains(index), branches[index].isPending,
                let deadline = branches[index].timerC
            else { continue }
            if deadline <= now {
                silent.append((tag, index))
            } else {
                // Not before the last one, so that the order stays: late by less than another timer C.
                timersC.append((max(deadline, timersC.last?.deadline ?? deadline), tag, index))
            }
        }
        if firstTimer > 1_024 {
            timersC.removeFirst(firstTimer)
            firstTimer = 0
        }
        return silent
    }
}
