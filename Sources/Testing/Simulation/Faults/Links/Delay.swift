import Basis

/// How long octets are on their way: a little while, up to two seconds, or so long that what is sent meanwhile arrives in
/// one piece with them.
extension World {
    func transitTime() -> Interval {
        if faults.strikes(.delay) { return faults.milliseconds(20..<2_000, for: .delay) }
        if faults.strikes(.coalesce) { return faults.milliseconds(40..<200, for: .coalesce) }
        return dice.microseconds(100..<20_000)
    }
}
