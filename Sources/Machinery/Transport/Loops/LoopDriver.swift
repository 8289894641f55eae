public import NIOCore
public import Server
public import Shards

/// Who is told what happens on a loop: a `Shard`, or a client's small stand-in for one.
public protocol InputSink: AnyObject {
    /// Queues something that happened on this loop. Returns whether a turn must be arranged for it.
    func receive(_ input: Input) -> Bool
    /// Handles what is queued. Returns whether more is waiting.
    func turn() -> Bool
}

extension Shard: InputSink {}

/// Arranges the turns of one loop: at most one is due at any time, and it runs when the loop has read its sockets.
///
/// Confined to its loop.
public final class LoopDriver {
    /// The loop.
    public let eventLoop: any EventLoop
    private var sink: (any InputSink)?
    private var isDue = false

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Names who is told. Called once, before the first connection.
    func attach(_ sink: any InputSink) {
        self.sink = sink
    }

    /// Lets go of who was told: nothing is reported any more.
    func detach() {
        sink = nil
    }

    /// Tells the sink, and arranges a turn when it wants one.
    func post(_ input: Input) {
        if let sink, sink.receive(input) { schedule() }
    }

    /// Arranges a turn after what this loop is doing now.
    func schedule() {
        guard !isDue else { return }
        isDue = true
        eventLoop.assumeIsolated().execute { self.run() }
    }

    /// Runs a turn now. Called by tasks and timers of the loop, never while it reports an event of a socket.
    func run() {
        isDue = false
        if let sink, sink.turn() { schedule() }
    }
}
