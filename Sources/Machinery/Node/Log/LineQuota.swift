import Basis

/// How many lines of one event are written in one second; more of them are counted instead. What many strangers can cause
/// must not fill a disk, and each refusal is in the metrics and in the stored evidence as well.
struct LineQuota {
    /// Lines of one event in one second.
    static let linesMax = 1_000

    private var second: Int64 = 0
    private var counts: [String: Int] = [:]

    /// Counts a line of `event`; false when there were enough of them in this second.
    mutating func take(_ event: String) -> Bool {
        let count = counts[event, default: 0] + 1
        counts[event] = count
        return count <= Self.linesMax
    }

    /// When a new second has begun: a line for each event that had more lines than were written in the one before.
    mutating func leftOut(before time: WallTime) -> [[UInt8]] {
        let now = time.milliseconds / 1_000
        guard now != second else { return [] }
        second = now
        defer { counts.removeAll(keepingCapacity: true) }
        return counts.filter { $0.value > Self.linesMax }.sorted { $0.key < $1.key }.map { event, count in
            var line = LogLine(.warning, "linesLeftOut", at: time)
            line.add("of", event)
            line.add("count", count - Self.linesMax)
            return line.bytes
        }
    }
}
