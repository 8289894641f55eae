public import Basis
public import Trust

/// What a server asks for. Performed in order, in one place, after the call that made them has ended.
public enum Output: Sendable {
    /// The link is admitted: read from it. The reader takes the proof.
    case admit(ConnectionID, VerifiedPeer)
    /// A user is proven on a connection of this shard: it counts no more among the strangers of its address.
    case proven(ConnectionID)
    /// Send these bytes of `Outputs.bytes` over a connection of this shard.
    case send(ConnectionID, ByteRange)
    /// Read nothing from a connection of this shard for so long; what was read is still handled, and it is written to as before.
    case hold(ConnectionID, Interval)
    /// Close a connection: what was written before leaves first when `CloseCause.drainsFirst`, buffered input is never read.
    case close(ConnectionID, CloseCause)
    /// Open a link; answered by `Input.established` with the evidence, or by `Input.dialFailed`.
    case dial(DialRequest)
    /// Write a record to the journal; answered by `Input.committed` or `Input.commitFailed`.
    case append(JournalRecord)
    /// Put something into another shard's mailbox.
    case post(ShardID, MailBox)
    /// Tell the log and the counters.
    case event(EventBox)
}

/// A stretch of the bytes that the outputs of one turn share.
public struct ByteRange: Hashable, Sendable {
    /// The first byte.
    public let start: UInt32
    /// The first byte after it.
    public let end: UInt32

    /// The bytes from `start` up to `end`.
    public init(_ start: Int, _ end: Int) {
        self.start = UInt32(clamping: start)
        self.end = UInt32(clamping: end)
    }
}

/// A link that a server wants: whom, and where the topology says that it lives.
public final class DialRequest: Sendable {
    /// Whom the link is meant for; the decision compares the certificate with this and with nothing that DNS said.
    public let dialled: Dialled
    /// Address and port from the topology.
    public let address: NetworkAddress

    /// Asks for a link to `dialled` at `address`.
    public init(dialled: Dialled, address: NetworkAddress) {
        self.dialled = dialled
        self.address = address
    }
}

/// One change of durable state: the whole value under a key, or its end. Later records of a key replace earlier ones.
public final class JournalRecord: Sendable {
    /// Grows by one for each record of a shard; `Input.committed` names it.
    public let ticket: UInt64
    /// Grows by one for each record of the process, from 1 on: the order in which memory took in the changes. A store that
    /// shards write to at the same time commits in this order.
    public let order: UInt64
    /// The key: an address-of-record.
    public let key: [UInt8]
    /// The encoded value (`BindingCoding`), nil when the key ends.
    public let value: [UInt8]?

    /// One change under its ticket, in its place.
    public init(ticket: UInt64, order: UInt64, key: [UInt8], value: [UInt8]?) {
        self.ticket = ticket
        self.order = order
        self.key = key
        self.value = value
    }
}

/// A `Mail` on the heap, so that the outputs of the hot path stay small.
public final class MailBox: Sendable {
    /// What is sent.
    public let mail: Mail

    /// Wraps `mail`.
    public init(_ mail: Mail) {
        self.mail = mail
    }
}

/// A `ServerEvent` on the heap, for the same reason.
public final class EventBox: Sendable {
    /// What happened.
    public let event: ServerEvent

    /// Wraps `event`.
    public init(_ event: ServerEvent) {
        self.event = event
    }
}

/// The outputs of one turn and the bytes that they refer to. Owned by the shard and reused: a turn allocates neither.
public struct Outputs: Sendable {
    /// What is asked for, in the order in which it must be performed.
    public var items: [Output] = []
    /// The bytes of every `Output.send`.
    public var bytes: [UInt8] = []
    /// Whether what happens to each single message is told, too. A log that does not write it need not pay for it.
    public let tellsEachMessage: Bool

    /// Nothing.
    public init(tellsEachMessage: Bool = true) {
        self.tellsEachMessage = tellsEachMessage
    }

    /// Forgets everything and keeps the memory.
    public mutating func removeAll() {
        items.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }
}

/// Why a server closes a connection.
public enum CloseCause: Sendable, Hashable {
    /// The decision refused the link, at its handshake or when the trust changed.
    case refused(TrustCode)
    /// The stream broke the grammar in a way that no response can answer, or after one.
    case violation
    /// A deadline or a limit passed (E701 to E704).
    case limit(TrustCode)
    /// This server ends, or the link is no longer needed.
    case done

    /// Whether bytes that were already given to the connection should leave before it closes.
    public var drainsFirst: Bool {
        switch self {
        case .refused: false
        case .violation, .limit, .done: true
        }
    }
}
