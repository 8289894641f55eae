import Authority
import Basis
import SIP
import Server
import Shards
import Trust
import UserAgent

/// Two organisations, their servers, their users and the network between, in virtual time on one thread.
///
/// Everything that happens is an event of one agenda. The servers run in the production `Shard`; links, clocks and disks
/// are replaced. Not `Sendable`: a run belongs to the thread that makes it.
final class World {
    let seed: UInt64
    let chance: Chance
    let size: Size
    var dice: Dice
    private(set) var now = Instant.zero
    private var agenda = Agenda()

    var organisations: [Organisation] = []
    /// The first keys of each organisation's servers, in the order of the roles.
    var serverKeys: [[(current: CertificateKey, next: CertificateKey)]] = []
    var machines: [Machine] = []
    var devices: [Device] = []
    var links: [Link] = []
    var faults: FaultMenu
    var partitions: [Partition] = []
    /// Faults are off, everything was mended, and what fails now counts.
    var isCalm = true
    /// Who decides what happens in a run without a scenario.
    var plan: Plan?

    var checkers: [any Checker] = []
    private(set) var findings: [Finding] = []
    var log: Log
    /// Numbers the pager-mode messages of a run.
    var lastMessage: UInt32 = 0

    /// The civil time at which every run begins.
    static let start = WallTime(milliseconds: 1_795_608_000_000)
    /// A run that makes more events than this is in a loop.
    private static let eventsMax = 20_000_000
    private(set) var events = 0

    /// Makes the world of this seed. Nothing runs yet but the servers.
    ///
    /// - Parameter isRandom: whether the seed chooses its size too; stories have always the same.
    init(seed: UInt64, isRandom: Bool = false, keepsLog: Bool = true) throws {
        self.seed = seed
        log = Log(isKept: keepsLog)
        chance = Chance(seed: (0..<8).map { UInt8(truncatingIfNeeded: seed >> UInt64($0 * 8)) })
        dice = Dice(chance.derived(for: "dice"))
        faults = FaultMenu(chance)
        size = isRandom ? .chosen(by: &dice) : .standard
        checkers = [
            TransactionChecker(), ProxyChecker(), RegistrarChecker(), BindingChecker(), TrustChecker(),
            RevocationChecker(), DeliveryChecker(),
        ]
        for (number, name) in ["contoso", "fabrikam"].enumerated() { try found(number, name) }
        for (one, other) in [(0, 1), (1, 0)] {
            try organisations[one].add(partner: organisations[other], now: wall)
        }
        for organisation in organisations.indices {
            for role in Machine.Role.allCases { try addMachine(role, of: organisation) }
        }
        try addDevices()
        for machine in machines { start(machine) }
        schedule(.second, in: .seconds(1))
    }

    /// The true civil time.
    var wall: WallTime { Self.start + Interval(nanoseconds: now.nanoseconds) }

    /// What the clock of a server shows.
    func wall(of machine: Machine) -> WallTime { machine.clock.read(wall, at: now) }

    // MARK: Time

    func schedule(_ event: Event, in interval: Interval) {
        agenda.add(event, at: now + interval)
    }

    func schedule(_ event: Event, at instant: Instant) {
        agenda.add(event, at: max(instant, now))
    }

    /// Runs until `end`, or until something was found.
    func run(until end: Instant) throws {
        while findings.isEmpty, let next = agenda.next, next <= end, let entry = agenda.take() {
            events += 1
            guard events < Self.eventsMax else {
                return fail("world", "\(Self.eventsMax) events, and no end: something goes round in circles")
            }
            now = max(now, entry.at)
            try handle(entry.event)
            hearBells()
        }
        now = max(now, end)
    }

    private func handle(_ event: Event) throws {
        switch event {
        case .turn(let id): seat(id)?.turn()
        case .ring(let id): seat(id)?.ring()
        case .handshake(let link, let side): shake(links[link], side)
        case .deliver(let link, let side): deliver(links[link], to: side)
        case .gone(let link, let side): tellGone(links[link], side)
        case .dialFailed(let id, let dialling):
            seat(id)?.post(.dialFailed(dialling.request.dialled, why: dialling.why))
        case .commit(let machine, let incarnation): commit(machines[machine], incarnation)
        case .trust(let machine, let incarnation): try fetchTrust(machines[machine], incarnation)
        case .restart(let machine): if !machines[machine].isUp { start(machines[machine]) }
        case .connect(let device): connect(devices[device])
        case .timer(let device, let generation): passTime(devices[device], generation)
        case .intention(let device, let generation, let intention): carryOut(intention, devices[device], generation)
        case .plan: try plan?.step(in: self)
        case .second:
            observe(.second)
            schedule(.second, in: .seconds(1))
        }
    }

    /// Mailboxes wake their loops here, in an order that the dice choose: each turn gets its own delay.
    private func hearBells() {
        for machine in machines where machine.isUp {
            for seat in machine.seats where seat.bell.take() { seat.arrangeTurn() }
        }
    }

    // MARK: Looking things up

    func seat(_ id: SeatID) -> Seat? { machines[id.machine].seat(id) }

    func device(named name: String) -> Device? { devices.first { $0.name == name } }

    func machine(_ role: Machine.Role, of organisation: Int) -> Machine? {
        machines.first { $0.organisation == organisation && $0.role == role }
    }

    func organisation(named name: String) -> Int? { organisations.firstIndex { $0.name == name } }

    func domain(of device: Device) -> String { organisations[device.organisation].domain }

    /// The address-of-record of a user, who may have several devices; nil when there is none of that name.
    func address(ofUser user: String) -> String? {
        devices.first { $0.user == user }.map { "\(user)@\(domain(of: $0))" }
    }

    // MARK: Telling

    func observe(_ fact: Fact) {
        for checker in checkers { checker.observe(fact, in: self) }
    }

    /// Waits for a gap between refreshes, and lets the checkers look.
    func rest() throws {
        var attempts = 0
        while attempts < 100, !checkers.allSatisfy({ $0.isAtRest(in: self) }) {
            attempts += 1
            try run(until: now + .milliseconds(110))
        }
        for checker in checkers { checker.rest(in: self) }
    }

    func fail(_ checker: String, _ message: String) {
        note("FOUND by \(checker): \(message)")
        findings.append(Finding(checker: checker, message: message, at: now.nanoseconds))
    }
}
