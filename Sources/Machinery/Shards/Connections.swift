public import Basis
public import Server
public import Trust

/// The connections of one shard, as the shard sees them: NIO in production, streams in virtual time in the simulation.
///
/// The shard calls these while it performs outputs. An implementation never calls back into the shard from inside one of
/// them: what happens meanwhile is posted as an input.
public protocol Connections: AnyObject {
    /// Starts reading from a connection that was admitted. The framer is made here, and takes the proof.
    func admit(_ id: ConnectionID, as peer: VerifiedPeer)

    /// A user is proven on the connection: it leaves the quota of its address.
    func markProven(_ id: ConnectionID)

    /// Reads nothing from the connection for so long. What was read before is still reported.
    func hold(_ id: ConnectionID, for interval: Interval)

    /// Appends bytes to what the connection will send at the end of the turn.
    ///
    /// Above `pendingBytesMax` the implementation reports `Input.congested`, and goes on accepting what was already decided.
    func write(_ bytes: ArraySlice<UInt8>, to id: ConnectionID)

    /// Closes a connection; reported by `Input.closed` when it has gone.
    func close(_ id: ConnectionID, cause: CloseCause)

    /// Opens a link and reports `Input.established` or `Input.dialFailed`.
    func dial(_ request: DialRequest)

    /// Hands every connection's pending bytes to the socket, with one write and one flush for each.
    func endTurn()
}
