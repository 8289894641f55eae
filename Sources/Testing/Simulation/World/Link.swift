import Basis
import SIP
import Server
import Trust

/// Names one shard of one run of a server process.
struct SeatID: Hashable {
    let machine: Int
    /// Grows with each start of the process.
    let incarnation: Int
    let shard: UInt8
}

/// What a shard dialled, while nobody has answered.
struct Dialling {
    let request: DialRequest
    let why: String
}

/// One end of a link.
struct End {
    /// Which end: the one that dialled, or the one that was dialled.
    enum Side: Int {
        case dialler
        case acceptor

        var other: Side {
            switch self {
            case .dialler: .acceptor
            case .acceptor: .dialler
            }
        }
    }

    /// Who sits there.
    enum Party {
        case device(Int, generation: Int)
        case seat(SeatID)
    }

    enum State {
        /// The handshake has not ended here.
        case shaking
        /// It has, and nobody reads yet.
        case waiting
        /// Read by this framer.
        case open(StreamFramer)
        /// Closed from here, or gone.
        case closed
    }

    let party: Party
    /// What the other end sees of this one.
    let address: NetworkAddress
    var state = State.shaking
    /// The number under which a shard knows the link; nil for a device and before the handshake.
    var id: ConnectionID?
    /// Whether this end was told that the link has gone.
    var isTold = false
    /// Whether this end itself closed: it writes nothing more, while one that does not know yet still may.
    var hasClosed = false

    var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    var isClosed: Bool {
        if case .closed = state { true } else { false }
    }
}

/// The octets on their way in one direction: a stream, because below it is TLS over TCP. Nothing is lost or reordered
/// inside; it stands still, arrives in pieces of any size, and may end.
struct Stream {
    var bytes: [UInt8] = []
    /// A delivery is on the agenda.
    var isDue = false
    /// Nothing is delivered before.
    var stalledUntil = Instant.zero
    /// The reader takes little at a time until then.
    var slowUntil = Instant.zero
    /// So much waits that the sender was told.
    var isCongested = false
    /// The sender has closed: the end follows the last octet.
    var ends = false
}

/// One simulated TLS connection between a device and a server, or between two servers.
final class Link {
    let number: Int
    let listener: ListenerFacts
    let dialled: Dialled
    /// The machine that accepts.
    let acceptor: Int
    var dialler: End
    var accepting: End
    /// Nothing arrives any more, and nobody is told.
    var isBlackHole = false
    /// By the side that sends.
    private var streams: [Stream] = [Stream(), Stream()]

    init(number: Int, listener: ListenerFacts, dialled: Dialled, acceptor: Int, from: End, to: End) {
        self.number = number
        self.listener = listener
        self.dialled = dialled
        self.acceptor = acceptor
        dialler = from
        accepting = to
    }

    subscript(side: End.Side) -> End {
        get {
            switch side {
            case .dialler: dialler
            case .acceptor: accepting
            }
        }
        set {
            switch side {
            case .dialler: dialler = newValue
            case .acceptor: accepting = newValue
            }
        }
    }

    /// The stream that `side` sends.
    subscript(from side: End.Side) -> Stream {
        get { streams[side.rawValue] }
        set { streams[side.rawValue] = newValue }
    }

    /// The end that is a device, with its number.
    var device: (number: Int, generation: Int)? {
        if case .device(let number, let generation) = dialler.party { (number, generation) } else { nil }
    }
}
