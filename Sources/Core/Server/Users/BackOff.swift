import Basis

/// Holds back who guesses passwords: after a number of failures an account, and the connection's address, is answered 503
/// for a while that doubles with each further one.
///
/// Kept for each shard, so that a guesser gains at most a factor of the shards; a good digest clears the account.
struct BackOff {
    /// Who is held back.
    enum Subject: Hashable {
        case account([UInt8])
        case address([UInt8])
    }

    private struct Record {
        var failures: Int
        var until: Instant
        var last: Instant
    }

    private var records: [Subject: Record] = [:]

    /// How long `subject` still has to wait; nil when it need not.
    func wait(for subject: Subject, at now: Instant) -> Interval? {
        guard let record = records[subject], record.until > now else { return nil }
        return record.until - now
    }

    /// Counts a wrong password.
    mutating func fail(_ subject: Subject, at now: Instant) {
        var record = records[subject] ?? Record(failures: 0, until: now, last: now)
        if now - record.last > ServerLimits.backOffMax { record.failures = 0 }
        record.failures += 1
        record.last = now
        let excess = record.failures - ServerLimits.failuresBeforeBackOff
        if excess >= 0 {
            let first = ServerLimits.backOffFirst.nanoseconds
            let pause = min(first << UInt64(min(excess, 16)), ServerLimits.backOffMax.nanoseconds)
            record.until = now + Interval(nanoseconds: pause)
        }
        if records[subject] == nil, records.count >= ServerLimits.failuresRememberedMax { forgetOld(at: now) }
        records[subject] = record
    }

    /// A good password clears what was counted.
    mutating func succeed(_ subject: Subject) {
        records[subject] = nil
    }

    private mutating func forgetOld(at now: Instant) {
        records = records.filter { now - $0.value.last <= ServerLimits.backOffMax }
        if records.count >= ServerLimits.failuresRememberedMax { records.removeAll() }
    }
}
