import Basis

/// Commits take up to three seconds or fail: now and then, every n-th one, or all of them while the disk is full.
extension World {
    func commitTime() -> Interval {
        faults.strikes(.slowCommit)
            ? faults.milliseconds(100..<3_000, for: .slowCommit) : dice.microseconds(200..<8_000)
    }

    func commitFails(on machine: Machine) -> Bool {
        machine.disk.commits += 1
        if let n = machine.disk.failsEvery, machine.disk.commits.isMultiple(of: n), faults.has(.failedWrite) {
            return true
        }
        return faults.strikes(.failedCommit) || machine.disk.fullUntil > now
    }

    /// Chooses which disks fail at every n-th write.
    func chooseFailingDisks() {
        for machine in machines where faults.strikes(.failedWrite) {
            machine.disk.failsEvery = 2 + faults.below(9, for: .failedWrite)
        }
    }

    func maybeFillDisk() -> Bool {
        guard faults.strikes(.fullDisk) else { return false }
        guard let machine = faults.pick(machines, for: .fullDisk) else { return true }
        machine.disk.fullUntil = now + faults.milliseconds(1_000..<60_000, for: .fullDisk)
        note("has a full disk", at: machine.shortName)
        return true
    }

    /// Somebody makes room.
    func emptyDisks() {
        for machine in machines { machine.disk.fullUntil = .zero }
    }
}
