import Authority
import Basis
public import Scenarios
import Trust
import UserAgent

/// The simulation as a stage: no faults but those that the scenario names.
public struct SimulatedStage: ScenarioStage {
    private let world: World

    /// How long something expected may take, in virtual time: longer than any transaction.
    private static let patience = Interval.seconds(60)
    /// Until everything is at rest: timer C, and the timers of the transactions after it.
    private static let restTime = Interval.seconds(280)
    private static let tick = Interval.milliseconds(20)
    private static let accountLines = 50

    /// A world of this seed, in which every device waits to be told what to do.
    /// - Throws: when the world cannot be made.
    public init(seed: UInt64 = 1) throws {
        world = try World(seed: seed)
        for device in world.devices { device.isAutonomous = false }
    }

    public var witnesses: [String: Witness] {
        Dictionary(uniqueKeysWithValues: world.devices.map { ($0.name, $0.witness) })
    }

    public var account: String { Ladder(world.log.entries, last: Self.accountLines).lines.joined(separator: "\n") }

    public func perform(_ step: ScenarioStep) throws {
        switch step {
        case .waits(let seconds): try run(.seconds(seconds))
        case .settles(let organisation):
            guard let number = world.organisation(named: organisation) else {
                throw ScenarioFailure("no organisation is called \(organisation)")
            }
            try wait { _ in world.isSettled(number) }
        case .sends(let name, let text, let to):
            let device = try connected(name)
            world.sendMessage(from: device, to: to, text: text)
        case .calls(let name, let to): world.call(from: try connected(name), to: to)
        case .registers, .unregisters, .losesConnection, .answers, .refuses, .hangsUp, .disables, .enables,
            .changesPassword, .crashes, .restarts, .revokes, .rekeys, .removesEdge, .addsEdge, .removesPartner,
            .addsPartner, .reaches, .expects:
            try world.perform(step)
        }
        try run(.zero)
    }

    public func wait(until condition: ([String: Witness]) throws -> Bool) throws {
        let end = world.now + Self.patience
        while try !condition(witnesses) {
            guard world.now < end else { throw ScenarioFailure("not within \(Self.patience.wholeSeconds) s") }
            try run(Self.tick)
        }
    }

    public func finish() throws {
        for device in world.devices {
            for handle in device.witness.calls { world.command(device, .hangUp(handle)) }
        }
        try run(Self.restTime)
        try world.rest()
        try run(.zero)
    }

    public func strike() {}

    /// The device of this name, once it has a connection.
    private func connected(_ name: String) throws -> Device {
        guard let device = world.device(named: name) else { throw ScenarioFailure("nobody is called \(name)") }
        device.isWanted = true
        world.connect(device)
        try wait { _ in device.isConnected }
        return device
    }

    private func run(_ interval: Interval) throws {
        try world.run(until: world.now + interval)
        if let finding = world.findings.first { throw ScenarioFailure("\(finding.checker): \(finding.message)") }
    }
}

extension World {
    /// Whether each server of an organisation that runs has taken what was published, and every shard its turn after it.
    fileprivate func isSettled(_ number: Int) -> Bool {
        let organisation = organisations[number]
        return machines.allSatisfy { machine in
            guard machine.organisation == number, machine.isUp, organisation.topology.server(named: machine.name) != nil
            else { return true }
            return machine.trust.epoch == organisation.publisher.state.epoch && machine.seats.allSatisfy { !$0.isDue }
        }
    }
}
