import Authority
import Basis
import Scenarios
import Trust
import UserAgent

/// The words of scenarios, carried out. The plan of a random run speaks them too.
extension World {
    func perform(_ step: ScenarioStep) throws {
        note("# \(step)")
        switch step {
        case .registers(let name):
            let device = try known(name)
            device.isWanted = true
            if device.link != nil { command(device, .register) } else { connect(device) }
        case .unregisters(let name): command(try known(name), .unregister)
        case .losesConnection(let name):
            let device = try known(name)
            if !device.isAutonomous { device.isWanted = false }
            if let link = device.link { reset(links[link]) }
        case .sends(let name, let text, let to):
            sendMessage(from: try known(name), to: to, text: text.isEmpty ? nil : text)
        case .calls(let name, let to): call(from: try known(name), to: to)
        case .answers(let name): try forLastCall(of: name) { .answer($0) }
        case .refuses(let name): try forLastCall(of: name) { .reject($0, status: 486) }
        case .hangsUp(let name): try forLastCall(of: name) { .hangUp($0) }
        case .disables(let user): try change(user, state: .disabled)
        case .enables(let user): try change(user, state: .enabled)
        case .changesPassword(let user, let password):
            for device in devices where device.user == user { device.password = password }
            try change(user, state: .enabled)
        case .crashes(let place):
            let machine = try known(place)
            crash(machine)
        case .restarts(let place):
            let machine = try known(place)
            if !machine.isUp { start(machine) }
        case .revokes, .rekeys, .removesEdge, .addsEdge, .removesPartner, .addsPartner: try publish(step)
        case .settles, .reaches, .waits, .expects: throw SimulationFailure("\"\(step)\" is not the world's to do")
        }
    }

    private func publish(_ step: ScenarioStep) throws {
        switch step {
        case .revokes(let place):
            let machine = try known(place)
            try organisations[machine.organisation].revoke(machine.role, key: machine.key.pin, now: wall)
            spread(machine.organisation)
        case .rekeys(let place):
            let machine = try known(place)
            try freshKeys(for: machine)
            try organisations[machine.organisation].rekey(
                machine.role, current: machine.key, next: machine.nextKey, now: wall)
            spread(machine.organisation)
        case .removesEdge(let name):
            let number = try known(organisation: name)
            guard organisations[number].hasEdge else { return }
            try organisations[number].removeEdge(now: wall)
            spread(number)
        case .addsEdge(let name):
            let number = try known(organisation: name)
            guard !organisations[number].hasEdge, let machine = machine(.edge, of: number) else { return }
            try freshKeys(for: machine)
            try organisations[number].addEdge(current: machine.key, next: machine.nextKey, now: wall)
            spread(number)
        case .removesPartner(let partner, let name):
            let number = try known(organisation: name)
            guard organisations[number].hasPartner(partner) else { return }
            try organisations[number].remove(partner: partner, now: wall)
            spread(number)
        case .addsPartner(let partner, let name):
            let number = try known(organisation: name)
            guard !organisations[number].hasPartner(partner) else { return }
            try organisations[number].add(partner: organisations[try known(organisation: partner)], now: wall)
            spread(number)
        case .registers, .unregisters, .losesConnection, .sends, .calls, .answers, .refuses, .hangsUp, .disables,
            .enables, .changesPassword, .crashes, .restarts, .settles, .reaches, .waits, .expects:
            return
        }
    }

    private func change(_ user: String, state: UserRecord.State) throws {
        guard let device = devices.first(where: { $0.user == user }) else {
            throw SimulationFailure("nobody is called \(user)")
        }
        try organisations[device.organisation].put(
            user: user, password: device.password, state: state, now: wall)
        spread(device.organisation, user: user)
    }

    private func forLastCall(of name: String, _ make: (CallHandle) -> UserAgentCommand) throws {
        let device = try known(name)
        if let handle = device.witness.calls.last { command(device, make(handle)) }
    }

    private func known(_ name: String) throws -> Device {
        guard let device = device(named: name) else { throw SimulationFailure("nobody is called \(name)") }
        return device
    }

    private func known(organisation name: String) throws -> Int {
        guard let number = organisation(named: name) else {
            throw SimulationFailure("no organisation is called \(name)")
        }
        return number
    }

    private func known(_ place: ScenarioStep.Place) throws -> Machine {
        guard let role = Machine.Role(rawValue: place.role),
            let machine = machine(role, of: try known(organisation: place.organisation))
        else { throw SimulationFailure("there is no \(place)") }
        return machine
    }
}
