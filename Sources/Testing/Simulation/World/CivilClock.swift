import Basis

/// The civil clock of one machine: the true time, and how far it is off.
struct CivilClock {
    /// Ahead of the true time, when positive, at `since`.
    private(set) var offsetMilliseconds: Int64 = 0
    /// Gains so many millionths since then.
    private(set) var gainMillionths: Int64 = 0
    private var since = Instant.zero

    /// What it shows at `now`.
    func read(_ truth: WallTime, at now: Instant) -> WallTime {
        WallTime(milliseconds: truth.milliseconds + offset(at: now))
    }

    private func offset(at now: Instant) -> Int64 {
        let gained = Int64((now - since).wholeMilliseconds) * gainMillionths / 1_000_000
        return offsetMilliseconds + gained
    }

    /// Jumps ahead, or back when negative.
    mutating func jump(milliseconds: Int64, at now: Instant) {
        offsetMilliseconds = offset(at: now) + milliseconds
        since = now
    }

    /// Goes faster, or slower when negative, from `now` on.
    mutating func drift(millionths: Int64, at now: Instant) {
        offsetMilliseconds = offset(at: now)
        since = now
        gainMillionths = millionths
    }
}
