/// A point on the monotonic clock of one process, in nanoseconds since that clock's start.
///
/// Timers and deadlines use this type and never `WallTime`: a jump of the wall clock must not end a transaction.
/// The two are different types so that the compiler refuses to mix them.
public struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the start of the clock.
    public let nanoseconds: UInt64

    /// The start of the clock.
    public static let zero = Instant(nanoseconds: 0)

    /// Makes the instant that lies `nanoseconds` after the start of the clock.
    public init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The instant `interval` later; saturates at the end of the clock.
    public static func + (instant: Instant, interval: Interval) -> Instant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(interval.nanoseconds)
        return Instant(nanoseconds: overflow ? .max : sum)
    }

    /// The time from `right` to `left`; zero when `left` is earlier.
    public static func - (left: Instant, right: Instant) -> Interval {
        Interval(nanoseconds: left.nanoseconds > right.nanoseconds ? left.nanoseconds - right.nanoseconds : 0)
    }

    /// The earlier one of two deadlines, of which each may be missing.
    public static func earliest(_ one: Instant?, _ other: Instant?) -> Instant? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }
}

/// A length of time, never negative, in nanoseconds. 64 bits, so that a table of deadlines stays small.
public struct Interval: Hashable, Comparable, Sendable {
    /// The length in nanoseconds.
    public let nanoseconds: UInt64

    /// No time at all.
    public static let zero = Interval(nanoseconds: 0)

    /// Makes a length of `nanoseconds`.
    public init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// A length of whole seconds; saturates.
    public static func seconds(_ count: UInt64) -> Interval {
        let (product, overflow) = count.multipliedReportingOverflow(by: 1_000_000_000)
        return Interval(nanoseconds: overflow ? .max : product)
    }

    /// A length of whole milliseconds; saturates.
    public static func milliseconds(_ count: UInt64) -> Interval {
        let (product, overflow) = count.multipliedReportingOverflow(by: 1_000_000)
        return Interval(nanoseconds: overflow ? .max : product)
    }

    /// The whole seconds in this length, rounded down.
    public var wholeSeconds: UInt64 { nanoseconds / 1_000_000_000 }

    /// The whole milliseconds in this length, rounded down.
    public var wholeMilliseconds: UInt64 { nanoseconds / 1_000_000 }

    public static func < (left: Interval, right: Interval) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}
