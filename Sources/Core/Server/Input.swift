public import Basis
public import SIP
public import Transactions
public import Trust

/// What can happen to a server. Time is not in here: it comes with each call of `Server.handle`.
public enum Input: Sendable {
    /// A TLS handshake ended; reads are held back until `Output.admit` answers. Indirect, as every case that is large and
    /// rare: inputs are moved for each message.
    indirect case established(ConnectionID, LinkEvidence)
    /// The framer of an admitted link found something.
    case received(ConnectionID, Framed)
    /// The connection has gone; its identifier will never be used again.
    case closed(ConnectionID)
    /// A link that `Output.dial` asked for did not come up: TCP, TLS or a deadline. The text is for the operator.
    indirect case dialFailed(Dialled, why: String)
    /// The bytes that wait for a slow reader passed `TransportLimits.pendingBytesMax`, or all have left again.
    case congested(ConnectionID, Bool)
    /// Every journal record up to this ticket is in the store, and will be there after a `kill -9`.
    case committed(upTo: UInt64)
    /// The journal records from `first` up to `last` could not be written; nothing of them may be acknowledged.
    case commitFailed(first: UInt64, last: UInt64)
    /// The trust state, the policy or the user directory changed. The epoch may be the same when only the directory grew.
    indirect case trustChanged(TrustUpdate)
    /// Something from another shard of this process.
    case mail(Mail)
    /// The process is about to end: no new links, no new transactions; what runs may finish.
    case drain
}

/// What one shard tells another. Every one carries the epoch in which it was decided: a shard that has swept a later one
/// looks again at the link it names before it acts on it.
public enum Mail: Sendable {
    /// Bytes for a connection of the receiving shard, from a transaction of the sending one.
    case write(ConnectionID, bytes: [UInt8], from: ShardID, epoch: TrustEpoch)
    /// A response that arrived here belongs to a client transaction of the receiving shard.
    case response(SIPMessage, from: ConnectionID, epoch: TrustEpoch)
    /// A response that the sender cannot take, because it came from an epoch before the one that it has swept by.
    case returned(SIPMessage, from: ConnectionID, epoch: TrustEpoch)
    /// The connection that a forwarded request was written to has gone or takes no more; its transaction should not wait.
    case unreachable(ClientTransactionID, isCongested: Bool, epoch: TrustEpoch)
    /// A connection that the receiving shard has written to has gone, and every transaction that waits on it with it.
    case connectionEnded(ConnectionID, epoch: TrustEpoch)
    /// The users proven on a flow of the receiving shard are no longer proven, or their bindings ended.
    case endFlow(ConnectionID, epoch: TrustEpoch)
}
