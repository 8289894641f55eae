public import Basis

/// Every limit of the transport. A listener, a link and a test take them from here, nowhere else.
public struct TransportLimits: Sendable, Hashable {
    /// TLS handshakes of one listener on one loop that may be under way; above it, it stops accepting there.
    public var handshakesInProgressMax = 16
    /// How long a handshake counts among them. One that takes longer waits for its peer and costs us nothing: whoever
    /// dawdles is left to the deadline and to the quota of his address, and holds up nobody else.
    public var handshakePatience = Interval.milliseconds(50)
    /// How long a listener waits after an accept that failed, for example because no descriptor is left.
    public var acceptBackOff = Interval.milliseconds(250)
    /// From the accepted or opened socket to the end of the TLS handshake (E704 for an accepted one).
    public var handshakeDeadline = Interval.seconds(5)
    /// From the first octet of a message to its last one (E704).
    public var messageDeadline = Interval.seconds(10)
    /// From the first SYN of a link that we open to its answer.
    public var connectDeadline = Interval.seconds(5)
    /// Connections of one loop that are registered at the same time (E702).
    public var connectionsMax = 131_072
    /// Connections of one loop from one address on which nobody is proven (E702). An office behind one address that comes
    /// back at once has so many signing in at the same time.
    public var unprovenPerAddressMax = 1_024
    /// Octets that wait for a slow reader; above it `Input.congested` is reported.
    public var pendingBytesMax = 256 * 1_024
    /// Octets that wait for a slow reader; above it the connection is cut without asking.
    public var stalledBytesMax = 8 * 1_024 * 1_024
    /// Octets that a peer may send right behind its handshake, before it is admitted; kept unread (E703).
    public var heldBytesMax = 64 * 1_024
    /// Messages that one connection may bring into one turn; above it, it is read again after the turn.
    public var messagesPerTurnMax = 16
    /// The largest single read from a socket.
    public var receiveBytesMax = 16_384
    /// Outbound octets of room that an idle TLS connection keeps.
    public var preservedBytes = 1_024
    /// How long the last octets may take to leave a connection that is closed in order.
    public var drainDeadline = Interval.seconds(5)
    /// How long the peer's answer to our TLS close is waited for.
    public var closeNotifyDeadline = Interval.seconds(1)
    /// How long a TLS context serves new connections, and with it the life of a session ticket.
    public var contextLifetime = Interval.seconds(1)
    /// Connections that wait in the kernel for one listener of one loop.
    public var backlog = 1_024

    /// The limits of a server.
    public static let standard = TransportLimits()

    /// The limits of a server, to be changed one by one.
    public init() {}
}
