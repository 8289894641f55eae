import Trust

/// What a device is told when it asks for the address of its server: the truth, nothing, an address of former days, or that
/// of a server of somebody else. DNS is believed by nobody: what counts is whose certificate is shown there.
extension World {
    func lookUp(_ device: Device) -> NetworkAddress? {
        let truth = machines[device.machine].listeners.last?.address
        if faults.strikes(.missingName) {
            note("finds no address of its server", at: device.name)
            return nil
        }
        if faults.strikes(.staleName) {
            note("gets an address of former days", at: device.name)
            return try? Organisation.address(device.organisation, 99)
        }
        if faults.strikes(.falseName) {
            note("gets a false address", at: device.name)
            let others = machines.filter { $0.organisation != device.organisation }.flatMap(\.listeners)
            return faults.pick(others.map(\.address), for: .falseName)
        }
        return truth
    }
}
