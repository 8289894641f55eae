import Basis

/// The civil clock of a server jumps: by seconds, as when it is set right, or by hours, as when it was set wrong.
extension World {
    func maybeJump() -> Bool {
        guard faults.strikes(.clockJump) else { return false }
        guard let machine = faults.pick(machines, for: .clockJump) else { return true }
        let isSmall = faults.below(2, for: .clockJump) == 0
        let most: UInt64 = isSmall ? 120_000 : 3 * 3_600_000
        let length = Int64(faults.milliseconds(1..<most, for: .clockJump).wholeMilliseconds)
        let isBack = faults.below(2, for: .clockJump) == 0
        machine.clock.jump(milliseconds: isBack ? -length : length, at: now)
        note("its clock jumps by \(isBack ? -length : length) ms", at: machine.shortName)
        return true
    }
}
