public import Basis
public import Server

/// The journal of bindings, as a shard sees it: SQLite in production, a disk with faults in the simulation.
public protocol Store: AnyObject {
    /// Queues records in their order. When the commit that contains the last of them has ended, the shard's mailbox gets
    /// `Input.committed`; when it failed, `Input.commitFailed`.
    func append(_ records: [JournalRecord], from shard: ShardID)
}
