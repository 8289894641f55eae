import Basis
import SIP
import Server
import Trust
import UserAgent

/// What the world tells its checkers, as it happens.
enum Fact {
    /// The reader of an admitted link completed a message; the shard handles it in its next turn.
    case read(SeatID, ConnectionID, SIPMessage)
    /// A shard wrote a message to a link.
    case wrote(SeatID, ConnectionID, SIPMessage)
    /// A shard admitted a link.
    case admitted(SeatID, ConnectionID, VerifiedPeer)
    /// A shard closes a link.
    case closing(SeatID, ConnectionID, CloseCause)
    /// A shard is told that a link has gone.
    case gone(SeatID, ConnectionID)
    /// What a shard reported in the turn that has ended.
    case reported(SeatID, ServerEvent)
    /// A shard's turn has ended.
    case turned(SeatID)

    /// A process crashed.
    case crashed(Int)
    /// A process started and has loaded its bindings.
    case started(Int)
    /// A record was given to the disk.
    case appended(machine: Int, ShardID, JournalRecord)
    /// A record is on the disk.
    case committed(machine: Int, JournalRecord)

    /// An organisation published something: its `publisher` has it. Names the user whose account has changed.
    case published(Int, user: String?)
    /// A server has verified what it was offered as news, and believes what it says now.
    case trusted(Int)

    /// A person asked a device for something.
    case commanded(Int, UserAgentCommand)
    /// A device wrote a message.
    case deviceSent(Int, SIPMessage)
    /// A device read a message.
    case deviceReceived(Int, SIPMessage)
    /// A device told its person something.
    case deviceReported(Int, UserAgentEvent)
    /// A device's connection has gone.
    case deviceLost(Int)

    /// A second has passed.
    case second
}

/// What a checker found: the end of a run.
public struct Finding: Sendable, Equatable {
    /// The checker that found it.
    public let checker: String
    /// What was seen, and what should have been.
    public let message: String
    /// When, in nanoseconds since the start of the run.
    public let at: UInt64
}

/// Looks at every fact, and at the whole world whenever it wants to.
protocol Checker: AnyObject {
    var name: String { get }
    func observe(_ fact: Fact, in world: World)
    /// The run has come to rest: nothing is under way any more.
    func rest(in world: World)
    /// Whether nothing is under way, as far as this checker can see. Refreshes go on at rest; the world waits for a gap.
    func isAtRest(in world: World) -> Bool
}

extension Checker {
    func isAtRest(in world: World) -> Bool { true }

    func fail(_ message: String, in world: World) {
        world.fail(name, message)
    }
}
