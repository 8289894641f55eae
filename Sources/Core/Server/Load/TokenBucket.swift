import Basis

/// What one connection, user or partner may ask for: so many requests a second, and so many at once after a rest.
struct Allowance: Sendable {
    /// The time that one request costs.
    let cost: Interval
    /// How far ahead of the clock somebody may be: the cost of the largest burst.
    let burst: Interval

    /// `rate` requests a second, which is at least 1, and `burst` of them at once.
    init(rate: UInt64, burst: UInt64) {
        cost = Interval(nanoseconds: 1_000_000_000 / max(rate, 1))
        self.burst = Interval(nanoseconds: cost.nanoseconds * burst)
    }
}

/// How a request is charged.
enum Charge {
    /// It begins something: outside a dialog, and no refresh.
    case full
    /// It belongs to what is there already: inside a dialog, by its method or because nothing is left for what begins
    /// something, or a refresh. It costs a quarter, and has four times as much to
    /// spend, of which what begins something has the first quarter alone: who may not begin a call can still end one.
    case reduced
}

/// A token bucket as one number: the instant up to which what was asked for is paid by the time that passes. Full at rest; a
/// new one is full. Time and allowance are arguments, so that it can stand in a link as well as in a table.
struct TokenBucket: Sendable {
    /// In nanoseconds of the monotonic clock.
    private var paidUntil: UInt64 = 0

    /// Takes what one request costs; false, and nothing is taken, when there is not as much. Costs are doubled `cut` times;
    /// whoever has rested for the whole of his debt is served once whatever the cut is.
    mutating func take(_ charge: Charge, of allowance: Allowance, cut: UInt8, at now: Instant) -> Bool {
        let debt = debt(at: now)
        let (cost, most) = Self.price(charge, of: allowance, cut: cut)
        guard debt == 0 || debt &+ cost <= most else { return false }
        paidUntil = now.nanoseconds &+ debt &+ cost
        return true
    }

    /// How long it takes until half of a burst that begins something is there again; zero when it is.
    func timeUntilHalfFull(of allowance: Allowance, at now: Instant) -> Interval {
        let (debt, half) = (debt(at: now), allowance.burst.nanoseconds / 2)
        return Interval(nanoseconds: debt > half ? debt - half : 0)
    }

    private func debt(at now: Instant) -> UInt64 {
        paidUntil > now.nanoseconds ? paidUntil - now.nanoseconds : 0
    }

    private static func price(_ charge: Charge, of allowance: Allowance, cut: UInt8) -> (cost: UInt64, most: UInt64) {
        let cost = allowance.cost.nanoseconds << UInt64(min(cut, ServerLimits.cutMax))
        switch charge {
        case .full: return (cost, allowance.burst.nanoseconds)
        case .reduced: return (cost / 4, allowance.burst.nanoseconds &* 4)
        }
    }
}
