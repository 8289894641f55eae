import Basis
import Server
import Shards
import Synchronization
import Trust

/// Where one shard sits: its connections and its clock, as `LoopConnections` and `LoopClock` are in production.
final class Seat: Connections, Clock {
    let id: SeatID
    let mailbox: Mailbox
    let bell: Bell
    var shard: Shard?
    /// What the shard reported in this turn; looked at when the turn has ended.
    var events: [ServerEvent] = []
    /// The link under each number of this shard.
    var table: SlotTable<Int>
    /// A turn is on the agenda.
    var isDue = false
    private var rings: Instant?
    private unowned let world: World

    init(_ id: SeatID, in world: World) {
        self.id = id
        self.world = world
        table = SlotTable(shard: ShardID(id.shard))
        let bell = Bell()
        self.bell = bell
        mailbox = Mailbox { bell.ring() }
    }

    // MARK: What the loop does

    /// Queues what happened here, and arranges a turn.
    func post(_ input: Input) {
        if shard?.receive(input) == true { arrangeTurn() }
    }

    func arrangeTurn() {
        guard !isDue else { return }
        isDue = true
        world.schedule(.turn(id), in: world.dice.microseconds(10..<400))
    }

    /// Takes a turn, then tells the checkers what the shard reported.
    func turn() {
        isDue = false
        guard let shard else { return }
        let more = shard.turn()
        let reported = events
        events.removeAll()
        for event in reported { world.observe(.reported(id, event)) }
        world.observe(.turned(id))
        if more { arrangeTurn() }
    }

    func ring() {
        guard let rings, rings <= world.now else { return }
        self.rings = nil
        turn()
    }

    // MARK: Clock

    var now: Instant { world.now }
    var wallTime: WallTime { world.wall(of: world.machines[id.machine]) }

    func wake(at deadline: Instant?) {
        guard let deadline else { return }
        if let rings, rings <= deadline { return }
        rings = deadline
        world.schedule(.ring(id), at: max(deadline, world.now))
    }

    // MARK: Connections

    func admit(_ connection: ConnectionID, as peer: VerifiedPeer) {
        guard let link = table[connection] else { return }
        world.admit(link, of: id, as: connection, peer)
    }

    func write(_ bytes: ArraySlice<UInt8>, to connection: ConnectionID) {
        guard let link = table[connection] else { return }
        world.write(Array(bytes), to: link, of: id, as: connection)
    }

    func close(_ connection: ConnectionID, cause: CloseCause) {
        guard let link = table[connection] else { return }
        world.observe(.closing(id, connection, cause))
        world.close(link, by: id, connection, drains: cause.drainsFirst)
    }

    /// The simulation has no quota of addresses.
    func markProven(_ connection: ConnectionID) {}

    /// Nothing queues in the simulation: what is sent to a held connection is handled as if it had come later.
    func hold(_ connection: ConnectionID, for interval: Interval) {}

    func dial(_ request: DialRequest) {
        world.dial(request, from: id)
    }

    func endTurn() {}
}

/// Rung from inside a mailbox, heard by the world after each step.
final class Bell: Sendable {
    private let isRung = Mutex(false)

    func ring() {
        isRung.withLock { $0 = true }
    }

    /// Whether it was rung since the last time.
    func take() -> Bool {
        isRung.withLock { rung in
            defer { rung = false }
            return rung
        }
    }
}
