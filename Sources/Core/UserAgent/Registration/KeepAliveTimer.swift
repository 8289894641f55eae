internal import Basis

/// RFC 5626 §3.5.1, RFC 5626 §4.4.1: the double CRLF that keeps a flow open, and the wait for the single CRLF that answers.
struct KeepAliveTimer: Sendable {
    /// What is to be done when time has passed.
    enum Step: Sendable {
        case nothing
        case ping
        case flowFailed
    }

    private var interval: Interval?
    private var pingAt: Instant?
    private var pongBy: Instant?

    /// When `passTime` must be called next.
    var deadline: Instant? { pongBy ?? pingAt }

    /// Begins to keep the flow open; `seconds` is the Flow-Timer of the server.
    mutating func start(seconds: UInt32, at now: Instant, chance: inout Chance) {
        interval = .seconds(UInt64(max(seconds, Self.intervalSecondsMin)))
        if pingAt == nil, pongBy == nil { schedule(at: now, chance: &chance) }
    }

    /// The answer to a ping has come.
    mutating func receivedPong(at now: Instant, chance: inout Chance) {
        guard pongBy != nil else { return }
        pongBy = nil
        schedule(at: now, chance: &chance)
    }

    /// Pings when it is time, or gives the flow up when no answer came.
    mutating func passTime(at now: Instant) -> Step {
        if let pongBy { return pongBy <= now ? .flowFailed : .nothing }
        guard let pingAt, pingAt <= now else { return .nothing }
        self.pingAt = nil
        pongBy = now + Self.pongWait
        return .ping
    }

    /// RFC 5626 §4.4: between 80 and 100 per cent of the interval, by chance.
    private mutating func schedule(at now: Instant, chance: inout Chance) {
        guard let interval else { return }
        let percent = 80 + chance.next() % 21
        pingAt = now + .milliseconds(interval.wholeMilliseconds / 100 * percent)
    }

    /// RFC 5626 §4.4.1: ten seconds.
    private static let pongWait = Interval.seconds(10)
    /// A server cannot make this side ping more often than this.
    private static let intervalSecondsMin: UInt32 = 5
}
