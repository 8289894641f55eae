import Scenarios

/// A server ends without a word and starts again later. What was not committed is lost. The commit under way is lost as
/// well, or it had reached the disk, and nobody was told.
extension World {
    func maybeCrash() throws -> Bool {
        guard faults.strikes(.crash) else { return false }
        guard let machine = faults.pick(machines, for: .crash), machine.isUp else { return true }
        let place = ScenarioStep.Place(
            role: machine.role.rawValue, organisation: organisations[machine.organisation].name)
        try perform(.crashes(place))
        schedule(.restart(machine: machine.number), in: faults.milliseconds(100..<20_000, for: .crash))
        return true
    }

    func loseDisk(of machine: Machine) {
        guard faults.strikes(.unheardCommit) else { return machine.disk.crash() }
        let records = machine.disk.end(isGood: true)
        machine.disk.crash()
        note("had committed \(records.count) records", at: machine.shortName)
        for entry in records { observe(.committed(machine: machine.number, entry.record)) }
    }
}
