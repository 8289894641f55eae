import Authority
import Basis
import Server
import Trust

/// How the world comes to be.
extension World {
    func found(_ number: Int, _ name: String) throws {
        var chance = chance.derived(for: "organisation \(name)")
        var keys: [(current: CertificateKey, next: CertificateKey)] = []
        for _ in Machine.Role.allCases {
            keys.append((try .deterministic(from: &chance), try .deterministic(from: &chance)))
        }
        organisations.append(
            try Organisation(number: number, name: name, serverKeys: keys, now: wall, chance: &chance))
        serverKeys.append(keys)
    }

    func addMachine(_ role: Machine.Role, of number: Int) throws {
        let organisation = organisations[number]
        let name = organisation.serverName(role)
        let keys = serverKeys[number][role == .frontEnd ? 0 : 1]
        // Both listeners of an edge, and the one of a front end, admit what the production configuration lets them.
        let inside = ListenerFacts(kind: .internal, classes: [.server, .application, .client])
        let outside = ListenerFacts(kind: .external, classes: [.partner, .client])
        let listeners: [(address: NetworkAddress, facts: ListenerFacts)] =
            switch role {
            case .frontEnd: [(try Organisation.address(number, 1), inside)]
            case .edge: [(try Organisation.address(number, 2), inside), (try Organisation.address(number, 3), outside)]
            }
        guard let chain = organisation.publisher.chains(of: name, at: wall).first else {
            throw SimulationFailure("\(name) was issued nothing")
        }
        let machine = Machine(
            number: machines.count, organisation: number, role: role, name: name, listeners: listeners,
            trust: organisation.publisher.state, key: keys.current, nextKey: keys.next, chain: chain)
        machine.disk.begins = { [unowned self, unowned machine] in scheduleCommit(of: machine) }
        machine.disk.takes = { [unowned self, unowned machine] shard, record in
            observe(.appended(machine: machine.number, shard, record))
        }
        machines.append(machine)
    }

    func addDevices() throws {
        let people = Self.people + Self.morePeople.prefix(size.moreDevices)
        for (number, person) in people.enumerated() {
            guard let machine = machine(person.role, of: person.organisation) else { continue }
            let device = Device(
                number: number, name: person.name, organisation: person.organisation, machine: machine.number,
                lifetimeSeconds: 60 + UInt32(dice.below(120)),
                password: "first word of \(person.name.prefix { $0 != "-" })")
            devices.append(device)
            if device.user == device.name {
                try organisations[person.organisation].put(
                    user: device.user, password: device.password, state: .enabled, now: wall)
            }
        }
        for machine in machines {
            machine.trust = organisations[machine.organisation].publisher.state
            if machine.role == .frontEnd { machine.directory = organisations[machine.organisation].directory }
        }
    }
}
