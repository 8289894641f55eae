public import Basis
import Foundation
import Synchronization

/// Writes log lines to standard error, in the order in which they came, from a thread of its own: a reader of the log that
/// stands still must not hold up a loop.
public final class Log: Sendable {
    private struct State {
        var lines: [[UInt8]] = []
        var isWriting = false
        var dropped = 0
        var quota = LineQuota()
    }

    /// Lines that may wait; above it lines are dropped and counted.
    public static let linesMax = 16_384
    /// How long a line waits for others, so that a burst costs one wake-up and one write, in milliseconds.
    private static let pauseMilliseconds = 10

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "entente.log")
    /// The least level that is written.
    public let level: LogLine.Level

    /// A log that writes lines of `level` and above.
    public init(level: LogLine.Level) {
        self.level = level
    }

    /// Writes a line, when its level is wanted; `fill` adds to it only then.
    public func write(
        _ level: LogLine.Level, _ event: String, at time: WallTime, _ fill: (inout LogLine) -> Void = { _ in }
    ) {
        guard level >= self.level else { return }
        let isWanted = state.withLock { state in
            state.lines += state.quota.leftOut(before: time)
            return state.quota.take(event)
        }
        guard isWanted else { return }
        var line = LogLine(level, event, at: time)
        fill(&line)
        let bytes = line.bytes
        let mustStart = state.withLock { state in
            guard state.lines.count < Self.linesMax else {
                state.dropped += 1
                return false
            }
            state.lines.append(bytes)
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if mustStart { queue.asyncAfter(deadline: .now() + .milliseconds(Self.pauseMilliseconds)) { self.drain() } }
    }

    /// Waits until everything that was given is written.
    public func flush() {
        queue.sync { self.drain() }
    }

    private func drain() {
        while true {
            let (lines, dropped) = state.withLock { state in
                defer {
                    state.lines.removeAll(keepingCapacity: true)
                    state.dropped = 0
                    if state.lines.isEmpty { state.isWriting = false }
                }
                return (state.lines, state.dropped)
            }
            guard !lines.isEmpty || dropped > 0 else { return }
            var bytes: [UInt8] = []
            for line in lines { bytes.append(contentsOf: line) }
            if dropped > 0 { bytes.append(contentsOf: "{\"event\":\"logLinesDropped\",\"count\":\(dropped)}\n".utf8) }
            try? FileHandle.standardError.write(contentsOf: bytes)
        }
    }
}
