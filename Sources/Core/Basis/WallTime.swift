/// A point in civil time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// For what is written down and compared between machines: certificates, signed objects, bindings on disk, logs.
/// Deadlines inside a process use `Instant`.
public struct WallTime: Hashable, Comparable, Sendable {
    /// Milliseconds since the epoch of 1970; negative before it.
    public let milliseconds: Int64

    /// Makes the time that lies `milliseconds` after the epoch of 1970.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Makes the time that lies `seconds` after the epoch of 1970; saturates.
    public init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        self.milliseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    /// Whole seconds since the epoch of 1970, rounded towards the past.
    public var seconds: Int64 {
        milliseconds >= 0 ? milliseconds / 1_000 : (milliseconds - 999) / 1_000
    }

    public static func < (left: WallTime, right: WallTime) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The time `interval` later; saturates.
    public static func + (time: WallTime, interval: Interval) -> WallTime {
        let delta = Int64(clamping: interval.wholeMilliseconds)
        let (sum, overflow) = time.milliseconds.addingReportingOverflow(delta)
        return WallTime(milliseconds: overflow ? .max : sum)
    }

    /// The time `interval` earlier; saturates.
    public static func - (time: WallTime, interval: Interval) -> WallTime {
        let delta = Int64(clamping: interval.wholeMilliseconds)
        let (difference, overflow) = time.milliseconds.subtractingReportingOverflow(delta)
        return WallTime(milliseconds: overflow ? .min : difference)
    }

    /// The time from `right` to `left`; zero when `left` is earlier.
    public static func - (left: WallTime, right: WallTime) -> Interval {
        guard left > right else { return .zero }
        let (difference, overflow) = left.milliseconds.subtractingReportingOverflow(right.milliseconds)
        return overflow ? Interval(nanoseconds: .max) : .milliseconds(UInt64(clamping: difference))
    }
}

extension WallTime: CustomStringConvertible {
    /// RFC 3339 §5.6: UTC with milliseconds, e.g. `2026-11-24T04:00:00.000Z`.
    public var description: String {
        let (date, millisecondsOfDay) = Self.split(milliseconds, by: 86_400_000)
        let (year, month, day) = Self.civil(fromDaysSince1970: date)
        let (secondsOfDay, fraction) = Self.split(millisecondsOfDay, by: 1_000)
        return Self.padded(year, 4) + "-" + Self.padded(month, 2) + "-" + Self.padded(day, 2) + "T"
            + Self.padded(secondsOfDay / 3_600, 2) + ":" + Self.padded(secondsOfDay / 60 % 60, 2) + ":"
            + Self.padded(secondsOfDay % 60, 2) + "." + Self.padded(fraction, 3) + "Z"
    }

    /// Reads RFC 3339 §5.6 in UTC (`Z`), with or without a fraction of a second; nil for anything else.
    public init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        func number(_ start: Int, _ count: Int) -> Int64? {
            guard start + count <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[start..<(start + count)] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        guard bytes.count >= 20, bytes.count <= 30, bytes.last == UInt8(ascii: "Z"),
            bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T"),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
            let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        var fraction: Int64 = 0
        if bytes.count > 20 {
            guard bytes[19] == UInt8(ascii: "."), bytes.count > 21 else { return nil }
            let digits = min(3, bytes.count - 21)
            guard let value = number(20, digits), number(20, bytes.count - 21) != nil else { return nil }
            fraction = value * (digits == 1 ? 100 : digits == 2 ? 10 : 1)
        }
        let days = Self.daysSince1970(year: year, month: month, day: day)
        self.init(milliseconds: ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1_000 + fraction)
    }

    private static func split(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let remainder = ((value % divisor) + divisor) % divisor
        return ((value - remainder) / divisor, remainder)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// Days since 1970-01-01 in the proleptic Gregorian calendar, counted in eras of 400 years that start in March,
    /// so that the leap day is the last of its year.
    public static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = split(shifted, by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func civil(fromDaysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = split(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
