import Basis
import Scenarios

/// One run of the simulated network from one seed: trouble, healing, rest. The same seed gives the same log, octet for
/// octet, in a process whose hashing is deterministic.
public struct Simulation: Sendable {
    /// The seed: everything that nobody decided is decided by it.
    public let seed: UInt64
    /// How long there is trouble, in minutes of virtual time; healing and rest come after it.
    public let minutes: UInt64

    /// How a run ended.
    public struct Report: Sendable {
        /// What the checkers found; empty for a clean run.
        public internal(set) var findings: [Finding]
        /// Every event; empty for a run that kept no log.
        let log: Log
        /// The virtual time at the end, in whole seconds.
        public let seconds: UInt64
        /// Messages that devices received, calls that were answered: how much happened.
        public let tally: Tally

        /// Every event, a line each; empty for a run that kept no log.
        public var lines: [String] { log.entries.map(\.line) }

        /// The last `count` events as a ladder: a column for each server and device, an arrow for each message.
        public func ladder(events count: Int = 50) -> [String] { Ladder(log.entries, last: count).lines }
    }

    /// How much happened in a run.
    public struct Tally: Sendable, Hashable {
        /// Events of the agenda.
        public var events = 0
        /// Pager-mode messages that devices received.
        public var messages = 0
        /// Links that came up, or tried to.
        public var links = 0
        /// Starts of server processes.
        public var starts = 0
    }

    /// A run of this seed.
    public init(seed: UInt64, minutes: UInt64 = 3) {
        self.seed = seed
        self.minutes = minutes
    }

    /// Runs to the end, or to the first finding. An error that the world itself made is a finding too.
    ///
    /// - Parameter keepsLog: whether every event is written down. A run without a log is the same run, and faster.
    public func run(keepsLog: Bool = true) -> Report {
        do {
            let world = try World(seed: seed, isRandom: true, keepsLog: keepsLog)
            let plan = Plan(minutes: minutes)
            world.plan = plan
            do {
                try plan.begin(in: world)
                while world.findings.isEmpty, !plan.isOver { try world.run(until: world.now + .seconds(10)) }
                if world.findings.isEmpty { try world.rest() }
            } catch {
                world.fail("world", "\(error)")
            }
            return Report(
                findings: world.findings, log: world.log, seconds: (world.now - .zero).wholeSeconds,
                tally: Tally(
                    events: world.events, messages: world.devices.reduce(0) { $0 + $1.witness.received.count },
                    links: world.links.count, starts: world.machines.reduce(0) { $0 + $1.incarnation }))
        } catch {
            return Report(
                findings: [Finding(checker: "world", message: "no world: \(error)", at: 0)], log: Log(isKept: false),
                seconds: 0,
                tally: Tally())
        }
    }
}
