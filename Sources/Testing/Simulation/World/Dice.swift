import Basis

/// The choices of a run: everything that nobody decided is decided here, and the same seed decides alike.
struct Dice {
    private var chance: Chance

    init(_ chance: Chance) {
        self.chance = chance
    }

    /// A number from 0 up to, but not with, `bound`.
    mutating func below(_ bound: Int) -> Int { Int(chance.next() % UInt64(max(bound, 1))) }

    /// True in `perMille` of a thousand cases.
    mutating func happens(_ perMille: Int) -> Bool { below(1_000) < perMille }

    /// A time between two numbers of microseconds.
    mutating func microseconds(_ range: Range<UInt64>) -> Interval {
        let spread = chance.next() % max(range.upperBound - range.lowerBound, 1)
        return Interval(nanoseconds: (range.lowerBound + spread) * 1_000)
    }

    /// A time between two numbers of milliseconds.
    mutating func milliseconds(_ range: Range<UInt64>) -> Interval {
        microseconds(range.lowerBound * 1_000..<range.upperBound * 1_000)
    }

    /// One of `items`; nil when there is none.
    mutating func pick<Item>(_ items: [Item]) -> Item? { items.isEmpty ? nil : items[below(items.count)] }
}
