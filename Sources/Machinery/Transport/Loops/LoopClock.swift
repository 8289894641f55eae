public import Basis
import NIOCore
public import Shards

/// The clocks of one loop, and its one timer.
///
/// The timer is armed anew only when it must ring earlier: a deadline that moves away costs one turn without work instead of
/// a cancelled timer for each message.
public final class LoopClock: Clock {
    private let driver: LoopDriver
    private var timer: Scheduled<Void>?
    private var rings: Instant?

    init(driver: LoopDriver) {
        self.driver = driver
    }

    public var now: Instant { Self.now }

    public var wallTime: WallTime { OperatingSystem.wallTime }

    /// The monotonic clock of this process.
    public static var now: Instant { Instant(nanoseconds: NIODeadline.now().uptimeNanoseconds) }

    public func wake(at deadline: Instant?) {
        guard let deadline else { return }
        if let rings, rings <= deadline { return }
        timer?.cancel()
        rings = deadline
        let time = NIODeadline.uptimeNanoseconds(min(deadline.nanoseconds, UInt64(Int64.max)))
        timer = driver.eventLoop.assumeIsolated().scheduleTask(deadline: time) { self.ring() }
    }

    /// Ends the timer, when the loop ends.
    func stop() {
        timer?.cancel()
        timer = nil
        rings = nil
    }

    private func ring() {
        timer = nil
        rings = nil
        driver.run()
    }
}
