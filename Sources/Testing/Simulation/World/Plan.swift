import Basis
import Scenarios
import UserAgent

/// What happens in a run that nobody wrote down: the seed speaks the words of scenarios. First under faults, where
/// nothing wrong may happen; then everything is mended, and everything must work again within a bound.
final class Plan {
    /// Where a run stands.
    private enum Phase {
        case trouble
        case healing
        /// Messages between each pair, then calls.
        case proof(Int)
        case rest
        case over
    }

    private var phase = Phase.trouble
    private let troubleEnds: Instant
    private var proofs: [Proof] = []

    /// One thing that must work once everything is mended.
    private struct Proof {
        let from: Int
        let to: Int
        let isCall: Bool
        var tag: UInt32?
        var handle: CallHandle?
    }

    /// After this time every client must be registered again: the longest pause of a redial, a transaction that has to
    /// time out first, and a binding's life, after which even a half-dead client registers anew.
    static let healingBound = Interval.seconds(240)
    /// A message or a call between clients that are registered.
    private static let proofBound = Interval.seconds(8)
    private static let proofsMax = 32
    /// Timer C, and the timers of the transactions after it.
    private static let restTime = Interval.seconds(260)

    init(minutes: UInt64) {
        troubleEnds = .zero + .seconds(minutes * 60)
    }

    var isOver: Bool {
        if case .over = phase { true } else { false }
    }

    func begin(in world: World) throws {
        world.isCalm = false
        world.faults.choose()
        world.chooseDrifts()
        world.chooseFailingDisks()
        world.note("faults: \(world.faults.text)")
        for device in world.devices { try world.perform(.registers(device.name)) }
        world.schedule(.plan, in: .seconds(2))
    }

    func step(in world: World) throws {
        switch phase {
        case .trouble:
            guard world.now < troubleEnds else { return try heal(world) }
            try makeTrouble(in: world)
            world.schedule(.plan, in: world.dice.milliseconds(20..<2_000))
        case .healing:
            for device in world.devices where !device.isRegistered {
                world.fail(
                    "healing",
                    "\(device.name) is not registered \(Self.healingBound.wholeSeconds) s after the last fault")
            }
            beginProofs(world)
        case .proof(let number): prove(number, in: world)
        case .rest:
            phase = .over
        case .over: return
        }
    }

    // MARK: Trouble

    private func makeTrouble(in world: World) throws {
        let struck =
            try world.maybeCrash() || world.maybePart() || world.maybeFillDisk() || world.maybeJump()
            || world.maybeChangeTrust()
        if !struck, let device = world.dice.pick(world.devices) { try act(device, in: world) }
    }

    private func act(_ device: Device, in world: World) throws {
        guard let other = world.dice.pick(world.devices)?.user else { return }
        switch world.dice.below(20) {
        case 0: try world.perform(.losesConnection(device.name))
        case 1:
            try world.perform(.unregisters(device.name))
            world.intend(.register, device, in: world.dice.milliseconds(100..<15_000))
        case 2, 3: try world.perform(.registers(device.name))
        case 4, 5, 6, 7, 8:
            world.note("# calls \(other)", at: device.name)
            guard other != device.user, let handle = world.call(from: device, to: other) else { return }
            world.intend(.hangUp(handle), device, in: world.dice.milliseconds(100..<20_000))
        case _: try world.perform(.sends(device.name, text: "", to: other))
        }
    }

    // MARK: Healing

    private func heal(_ world: World) throws {
        phase = .healing
        world.note("# faults end, everything is mended")
        world.faults.end()
        world.isCalm = true
        world.endPartitions()
        world.endBlackHoles()
        world.emptyDisks()
        world.setClocks()
        for machine in world.machines where !machine.isUp { world.start(machine) }
        for organisation in world.organisations {
            let partner = world.organisations[1 - organisation.number].name
            let place = ScenarioStep.Place(role: "edge", organisation: organisation.name)
            try world.perform(.addsPartner(partner, of: organisation.name))
            try world.perform(.addsEdge(organisation.name))
            if let edge = world.machine(.edge, of: organisation.number), world.isRevoked(edge) {
                try world.perform(.rekeys(place))
            }
        }
        for device in world.devices {
            // Nobody would ever end a call whose other side lost its connection.
            for handle in device.witness.calls { world.command(device, .hangUp(handle)) }
            if device.user == device.name { try world.perform(.enables(device.user)) }
            try world.perform(.registers(device.name))
        }
        world.schedule(.plan, in: Self.healingBound)
    }

    private func beginProofs(_ world: World) {
        for isCall in [false, true] {
            for from in world.devices {
                for to in world.devices where to.user != from.user && to.user == to.name {
                    proofs.append(Proof(from: from.number, to: to.number, isCall: isCall))
                }
            }
        }
        // Of many pairs some, so that a large world takes no longer than a small one.
        while proofs.count > Self.proofsMax { proofs.remove(at: world.dice.below(proofs.count)) }
        phase = .proof(0)
        prove(0, in: world)
    }

    /// Judges the proof before, and begins this one.
    private func prove(_ number: Int, in world: World) {
        if number > 0 { judge(proofs[number - 1], in: world) }
        guard number < proofs.count else {
            phase = .rest
            return world.schedule(.plan, in: Self.restTime)
        }
        let from = world.devices[proofs[number].from]
        let to = world.devices[proofs[number].to]
        if proofs[number].isCall {
            proofs[number].handle = world.call(from: from, to: to.user)
        } else {
            proofs[number].tag = world.sendMessage(from: from, to: to.user)
        }
        phase = .proof(number + 1)
        world.schedule(.plan, in: Self.proofBound)
    }

    private func judge(_ proof: Proof, in world: World) {
        let from = world.devices[proof.from]
        let to = world.devices[proof.to]
        if proof.isCall {
            let isUp = proof.handle.map { from.witness.activeCalls.contains($0) } ?? false
            let isUpThere = world.devices.contains { $0.user == to.user && !$0.witness.activeCalls.isEmpty }
            if !isUp || !isUpThere {
                world.fail(
                    "healing",
                    "a call from \(from.name) to \(to.user) is \(isUp ? "up" : "not up") at the caller"
                        + " and \(isUpThere ? "up" : "not up") at the callee (200 and ACK)")
            }
            if let handle = proof.handle { world.command(from, .hangUp(handle)) }
        } else {
            let status = proof.tag.flatMap { from.witness.outcomes[$0] }
            if status.map({ (200..<300).contains($0) }) != true {
                world.fail(
                    "healing",
                    "a message from \(from.name) to \(to.user) ends with \(status.map(String.init) ?? "nothing")")
            }
        }
    }
}
