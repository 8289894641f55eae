import Basis

/// Holds back who guesses passwords: after a number of failures an account is answered 503 at that address for a while that
/// doubles with each further one, and after more of them the address is for every account.
///
/// An account is never held back everywhere: its owner, who sits elsewhere, must not pay for a stranger's guesses. Kept for
/// each shard, so that a guesser gains at most a factor of the shards.
struct BackOff {
    private enum Subject: Hashable {
        case account([UInt8], at: [UInt8])
        case address([UInt8])

        /// Of a name that is no user's only so much is kept.
        static func pair(_ account: [UInt8], _ address: [UInt8]) -> Subject {
            .account(Array(account.prefix(128)), at: address)
        }
    }

    private struct Record {
        var failures: Int
        var until: Instant
        var last: Instant
    }

    private var records: [Subject: Record] = [:]

    /// How long who tries for `account` from `address` still has to wait; nil when it need not.
    func wait(for account: [UInt8], from address: [UInt8], at now: Instant) -> Interval? {
        [.pair(account, address), .address(address)].compactMap { subject in
            records[subject].flatMap { $0.until > now ? $0.until - now : nil }
        }.max()
    }

    /// Counts a wrong password.
    mutating func fail(_ account: [UInt8], from address: [UInt8], at now: Instant) {
        let failures = count(.pair(account, address), ServerLimits.failuresBeforeBackOff, at: now)
        // A phone with an old password tries for ever; that must not hold back the office that it stands in.
        guard failures <= ServerLimits.failuresBeforeBackOff else { return }
        _ = count(.address(address), ServerLimits.failuresOfAddressBeforeBackOff, at: now)
    }

    /// A good password clears what was counted for the account. What the address has on others' accounts stays.
    mutating func succeed(_ account: [UInt8], from address: [UInt8]) {
        records[.pair(account, address)] = nil
    }

    private mutating func count(_ subject: Subject, _ free: Int, at now: Instant) -> Int {
        var record = records[subject] ?? Record(failures: 0, until: now, last: now)
        if now - record.last > ServerLimits.backOffMax { record.failures = 0 }
        record.failures += 1
        record.last = now
        let excess = record.failures - free
        if excess >= 0 {
            let first = ServerLimits.backOffFirst.nanoseconds
            let pause = min(first << UInt64(min(excess, 16)), ServerLimits.backOffMax.nanoseconds)
            record.until = now + Interval(nanoseconds: pause)
        }
        if records[subject] == nil, records.count >= ServerLimits.failuresRememberedMax { makeRoom() }
        records[subject] = record
        return record.failures
    }

    /// Forgets the older half: whoever fills the table with accounts that nobody has loses his own records first.
    private mutating func makeRoom() {
        let times = records.values.map(\.last).sorted()
        let middle = times[times.count / 2]
        records = records.filter { $0.value.last > middle }
    }
}
