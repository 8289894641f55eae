public import Basis
public import NIOCore
public import Shards

/// One loop with everything that a shard on it needs. Given out once, on the loop itself; confined to it.
public final class LoopSeat {
    /// The number of the shard that sits here.
    public let shard: ShardID
    /// The loop.
    public let eventLoop: any EventLoop
    /// The way in from other threads. `connect` of the shard wants those of all loops: `mailboxes`.
    public let mailbox: Mailbox
    /// The mailboxes of all loops, by the number of the shard.
    public let mailboxes: [Mailbox]
    /// The connections of this loop.
    public let connections: LoopConnections
    /// The clocks of this loop.
    public let clock: LoopClock
    /// Arranges the turns.
    public let driver: LoopDriver

    init(base: LoopBase, mailboxes: [Mailbox], mailbox: Mailbox) {
        self.shard = base.shard
        self.eventLoop = base.driver.eventLoop
        self.mailbox = mailbox
        self.mailboxes = mailboxes
        self.connections = base.connections
        self.clock = base.clock
        self.driver = base.driver
    }
}

/// What a loop has before all mailboxes are known.
final class LoopBase {
    let shard: ShardID
    let driver: LoopDriver
    let connections: LoopConnections
    let clock: LoopClock

    init(
        shard: ShardID, eventLoop: any EventLoop, limits: TransportLimits, dialling: DiallingContexts,
        report: @escaping @Sendable (TransportEvent) -> Void
    ) {
        self.shard = shard
        driver = LoopDriver(eventLoop: eventLoop)
        connections = LoopConnections(
            shard: shard, driver: driver, limits: limits, dialling: dialling, report: report)
        clock = LoopClock(driver: driver)
    }

    func stop() {
        connections.closeAll()
        clock.stop()
        driver.detach()
    }
}
