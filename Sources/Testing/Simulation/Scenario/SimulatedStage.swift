import Basis
import UserAgent

/// The simulation as a stage: no faults but those that the scenario names.
public struct SimulatedStage: ScenarioStage {
    private let world: World
    private var tags: [String: UInt32] = [:]

    /// How long something expected may take, in virtual time: longer than any transaction.
    private static let patience = Interval.seconds(60)
    /// Until everything is at rest: timer C, and the timers of the transactions after it.
    private static let restTime = Interval.seconds(280)
    private static let tick = Interval.milliseconds(20)

    /// A world of this seed, in which every device waits to be told what to do.
    /// - Throws: when the world cannot be made.
    public init(seed: UInt64 = 1) throws {
        world = try World(seed: seed)
        for device in world.devices { device.isAutonomous = false }
    }

    /// The last lines of the log, for the report of a failure.
    public func ladder(lines count: Int = 50) -> String { world.log.lines.suffix(count).joined(separator: "\n") }

    public mutating func perform(_ step: ScenarioStep) throws {
        switch step {
        case .waits(let seconds): try run(.seconds(seconds))
        case .expects(let expectation): try meet(expectation)
        case .sends(let name, let text, let to):
            let device = try device(name)
            guard let tag = world.sendMessage(from: device, to: to, text: text) else {
                throw ScenarioFailure("\(name) has no connection")
            }
            tags[text] = tag
        case .registers, .unregisters, .losesConnection, .calls, .answers, .refuses, .hangsUp, .disables, .enables,
            .changesPassword, .crashes, .restarts, .revokes, .rekeys, .removesEdge, .addsEdge, .removesPartner,
            .addsPartner:
            try world.perform(step)
        }
        try run(.zero)
    }

    public mutating func finish() throws {
        for device in world.devices {
            for handle in device.calls { world.command(device, .hangUp(handle)) }
        }
        try run(Self.restTime)
        try world.rest()
        try run(.zero)
    }

    private func run(_ interval: Interval) throws {
        try world.run(until: world.now + interval)
        if let finding = world.findings.first { throw ScenarioFailure("\(finding.checker): \(finding.message)") }
    }

    private func device(_ name: String) throws(ScenarioFailure) -> Device {
        guard let device = world.device(named: name) else { throw ScenarioFailure("nobody is called \(name)") }
        return device
    }

    private func meet(_ expectation: ScenarioExpectation) throws {
        if case .neverReceives(let name, let text) = expectation {
            try run(Self.patience)
            let count = try receipts(of: text, by: name)
            guard count == 0 else { throw ScenarioFailure("received \(count) times") }
            return
        }
        let end = world.now + Self.patience
        while try !holds(expectation) {
            guard world.now < end else { throw ScenarioFailure("not within \(Self.patience.wholeSeconds) s") }
            try run(Self.tick)
        }
        if case .receives(let name, let text) = expectation {
            try run(Self.patience)
            let count = try receipts(of: text, by: name)
            guard count == 1 else { throw ScenarioFailure("received \(count) times") }
        }
    }

    private func receipts(of text: String, by name: String) throws -> Int {
        world.received[try device(name).number, default: []].filter { $0 == text }.count
    }

    private func holds(_ expectation: ScenarioExpectation) throws -> Bool {
        switch expectation {
        case .registered(let name): return try device(name).isRegistered
        case .notRegistered(let name): return try !device(name).isRegistered
        case .receives(let name, let text): return try receipts(of: text, by: name) > 0
        case .neverReceives(let name, let text): return try receipts(of: text, by: name) == 0
        case .delivered(let text): return try outcome(of: text).map { (200..<300).contains($0) } ?? false
        case .fails(let text): return try outcome(of: text).map { $0 >= 300 } ?? false
        case .rings(let name): return try !device(name).calls.isEmpty
        case .inCall(let name): return try !device(name).activeCalls.isEmpty
        case .inNoCall(let name): return try device(name).calls.isEmpty
        }
    }

    private func outcome(of text: String) throws(ScenarioFailure) -> UInt16? {
        guard let tag = tags[text] else { throw ScenarioFailure("nobody has sent \"\(text)\"") }
        return world.outcomes[tag]
    }
}
