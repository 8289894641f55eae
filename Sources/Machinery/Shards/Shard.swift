public import Basis
public import Server

/// Runs one `Server` on one event loop, and is the only performer of its outputs, in production and in simulation.
///
/// A turn: take what the mailbox and the loop brought, hand each input to the server, and when the server has returned
/// for the last time, perform what it asked for, in order. Performing never calls the server: what happens meanwhile is
/// queued for the next turn, because calling back into a value that is being changed ends the process.
///
/// Confined to its loop: not `Sendable`, and nothing of it is reachable from another thread but its `mailbox`.
public final class Shard {
    /// The number of this shard.
    public let id: ShardID
    /// The way in from other threads.
    public let mailbox: Mailbox

    private var server: Server
    private let connections: any Connections
    private let store: any Store
    private let clock: any Clock
    /// Every shard's mailbox, by number; set once by `connect`.
    private var peers: [Mailbox] = []
    private let report: (ServerEvent) -> Void

    private var inputs: [Input] = []
    private var batch: [Input] = []
    private var outputs: Outputs
    private var records: [JournalRecord] = []
    private var isInTurn = false
    /// When the oldest of the inputs that wait was read; nil while none does.
    private var waitingSince: Instant?
    /// How long the longest wait of the last turn was, until its outputs were performed.
    private var longestWait: Interval?

    /// Inputs that one turn handles before it performs; the rest waits for the next turn of the loop, so that a flood on
    /// one connection does not keep the others from their writes.
    public static let inputsPerTurnMax = 1_024

    /// Puts a server on a loop. `report` is called on the loop for each event, after the turn that caused it; for those of
    /// single messages only when `tellsEachMessage`.
    public init(
        server: consuming Server, mailbox: Mailbox, connections: any Connections, store: any Store, clock: any Clock,
        tellsEachMessage: Bool = true, report: @escaping (ServerEvent) -> Void
    ) {
        self.id = server.shard
        self.server = server
        self.mailbox = mailbox
        self.connections = connections
        self.store = store
        self.clock = clock
        self.report = report
        outputs = Outputs(tellsEachMessage: tellsEachMessage)
    }

    /// Tells the shard where the others are reached, itself included. Called once, before the first turn.
    public func connect(_ mailboxes: [Mailbox]) {
        peers = mailboxes
    }

    /// Queues something that happened on this loop. Returns whether the loop should call `turn` for it: false while a
    /// turn is under way or already due.
    public func receive(_ input: Input) -> Bool {
        if waitingSince == nil { waitingSince = clock.now }
        inputs.append(input)
        return inputs.count == 1 && !isInTurn
    }

    /// Handles what is queued, and the deadlines that have passed, then performs. Returns whether more is waiting, so that
    /// the loop calls again.
    public func turn() -> Bool {
        guard !isInTurn else { return false }
        isInTurn = true
        defer { isInTurn = false }
        mailbox.drain(into: &inputs)
        takeBatch()
        let now = clock.now
        let wall = clock.wallTime
        let began = waitingSince ?? now
        waitingSince = inputs.isEmpty ? nil : began
        if let wait = longestWait.take() { server.observe(wait: wait, at: now, into: &outputs) }
        for input in batch { server.handle(input, at: now, wall: wall, into: &outputs) }
        batch.removeAll(keepingCapacity: true)
        server.advance(to: now, wall: wall, into: &outputs)
        perform()
        longestWait = clock.now - began
        clock.wake(at: server.nextDeadline)
        return !inputs.isEmpty
    }

    /// What the server looks like now, for reports; never called while a turn is under way.
    public func inspect<Result>(_ body: (borrowing Server) -> Result) -> Result {
        body(server)
    }

    private func takeBatch() {
        if inputs.count <= Self.inputsPerTurnMax {
            swap(&inputs, &batch)
        } else {
            batch.append(contentsOf: inputs.prefix(Self.inputsPerTurnMax))
            inputs.removeFirst(Self.inputsPerTurnMax)
        }
    }

    private func perform() {
        var performed = 0
        while performed < outputs.items.count {
            perform(outputs.items[performed])
            performed += 1
        }
        outputs.removeAll()
        if !records.isEmpty {
            store.append(records, from: id)
            records.removeAll(keepingCapacity: true)
        }
        connections.endTurn()
    }

    private func perform(_ output: Output) {
        switch output {
        case .admit(let connection, let peer):
            connections.admit(connection, as: peer)
        case .proven(let connection):
            connections.markProven(connection)
        case .hold(let connection, let interval):
            connections.hold(connection, for: interval)
        case .send(let connection, let range):
            connections.write(outputs.bytes[Int(range.start)..<Int(range.end)], to: connection)
        case .close(let connection, let cause):
            connections.close(connection, cause: cause)
        case .dial(let request):
            connections.dial(request)
        case .append(let record):
            records.append(record)
        case .post(let shard, let box):
            if Int(shard.number) < peers.count { peers[Int(shard.number)].post(.mail(box.mail)) }
        case .event(let box):
            report(box.event)
        }
    }
}
