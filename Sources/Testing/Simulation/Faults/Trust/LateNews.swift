import Basis

/// How long news of the authority takes to a server.
extension World {
    func trustDelay() -> Interval {
        if faults.strikes(.lateNews) { return faults.milliseconds(1_000..<4_000, for: .lateNews) }
        return dice.milliseconds(5..<(isCalm ? 100 : 400))
    }

    /// After this time a server that runs has heard of everything that was published.
    static let newsBound = Interval.seconds(4)
}
