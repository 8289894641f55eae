import Basis
import Transactions

/// The response contexts of a shard by their tag, and the deadlines of timer C.
struct ContextTable {
    private var contexts: [UInt64: ResponseContext] = [:]
    private var nextTag: UInt64 = 1
    /// RFC 3261 §16.8: all timers C last alike, so the first to start is the first to end; a provisional response moves the
    /// branch's own deadline and the entry here is looked at again when it comes up.
    private var timersC: [(deadline: Instant, tag: UInt64, branch: Int)] = []
    private var firstTimer = 0
    /// The requests that are no INVITE, until they are answered 100. All wait alike, so the first is the first to be due.
    private var unanswered: [(deadline: Instant, tag: UInt64)] = []
    private var firstUnanswered = 0

    var count: Int { contexts.count }

    mutating func insert(_ context: ResponseContext) -> UInt64 {
        defer { nextTag += 1 }
        contexts[nextTag] = context
        return nextTag
    }

    subscript(tag: UInt64) -> ResponseContext? {
        get { contexts[tag] }
        _modify { yield &contexts[tag] }
    }

    mutating func startTimerC(of branch: Int, in tag: UInt64, at now: Instant) -> Instant {
        let deadline = now + ServerLimits.timerC
        timersC.append((deadline, tag, branch))
        return deadline
    }

    var nextDeadline: Instant? {
        let timerC = firstTimer < timersC.count ? timersC[firstTimer].deadline : nil
        let trying = firstUnanswered < unanswered.count ? unanswered[firstUnanswered].deadline : nil
        return [timerC, trying].compactMap(\.self).min()
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
            if contexts[tag]?.isAnswered == false { overdue.append(tag) }
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
            guard let branches = contexts[tag]?.branches, branches.indices.contains(index), branches[index].isPending,
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

/// The branch parameter that this server writes: RFC 3261's cookie, then the client transaction under a MAC.
///
/// A response whose branch we did not make is dropped without a look into any table, and one that arrives on another
/// shard says where it belongs.
struct BranchTokens: Sendable {
    static let cookie = Array("z9hG4bK".utf8)
    private let sealer: TokenSealer

    init(sealer: TokenSealer) {
        self.sealer = sealer
    }

    func branch(for transaction: ClientTransactionID, loop: LoopHash) -> [UInt8] {
        let content = transaction.rawValue.bigEndianBytes + UInt64(loop.value).bigEndianBytes.suffix(4)
        return Self.cookie + Base64URL.encode(sealer.seal(content, as: .branch))
    }

    func transaction(in branch: ArraySlice<UInt8>) -> ClientTransactionID? {
        content(of: branch).flatMap { UInt64(bigEndianBytes: $0.prefix(8)) }.map(ClientTransactionID.init(rawValue:))
    }

    func loopHash(in branch: ArraySlice<UInt8>) -> LoopHash? {
        content(of: branch).map { LoopHash(value: $0.suffix(4).reduce(0) { $0 << 8 | UInt32($1) }) }
    }

    private func content(of branch: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard branch.count <= 64, branch.starts(with: Self.cookie),
            let sealed = Base64URL.decode(branch.dropFirst(Self.cookie.count)),
            let content = sealer.open(sealed[...], as: .branch), content.count == 12
        else { return nil }
        return content
    }
}
