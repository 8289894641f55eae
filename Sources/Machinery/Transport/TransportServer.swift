import Basis
import NIOCore
import NIOPosix
public import Shards
import Synchronization
public import Trust

/// The transport of one process: its event loops with a shard on each, its listeners, its certificates.
///
/// Order of life: `start` seats the shards, `listen` opens a listener, `stopListening` and `stop` end it. The functions may be
/// called from any thread; they are for the control path and never run for a message.
public final class TransportServer: Sendable {
    private struct State {
        var listeners: [Listener] = []
        var isStopped = false
    }

    /// The mailboxes of the shards, by number.
    public let mailboxes: [Mailbox]
    private let group: MultiThreadedEventLoopGroup
    private let limits: TransportLimits
    private let dialling: DiallingContexts
    private let loops: [NIOLoopBound<LoopBase>]
    private let state = Mutex(State())

    /// Loops that one process can have: a shard has 8 bits in a `ConnectionID`.
    public static let loopsMax = 64

    /// Starts the loops and seats a shard on each.
    ///
    /// - Parameters:
    ///   - loopCount: at least 1, at most `loopsMax`; usually the number of cores.
    ///   - material: what links that we open show; nil for none.
    ///   - outside: what applications and partners are shown instead, when the outside knows us by another certificate.
    ///   - report: called on the loop of the connection; must not block.
    ///   - seat: makes the shard of a loop; called once on each loop, in the order of the numbers.
    public static func start(
        loopCount: Int, material: TLSMaterial?, outside: TLSMaterial? = nil, limits: TransportLimits = .standard,
        report: @escaping @Sendable (TransportEvent) -> Void,
        seat: @escaping @Sendable (LoopSeat) throws -> any InputSink
    ) async throws -> TransportServer {
        let dialling = try DiallingContexts(
            material: material, outside: outside, limits: limits, now: LoopClock.now)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: min(max(loopCount, 1), loopsMax))
        var loops: [NIOLoopBound<LoopBase>] = []
        do {
            for eventLoop in group.makeIterator() {
                let shard = ShardID(UInt8(loops.count))
                let base = eventLoop.submit {
                    let base = LoopBase(
                        shard: shard, eventLoop: eventLoop, limits: limits, dialling: dialling, report: report)
                    return NIOLoopBound(base, eventLoop: eventLoop)
                }
                loops.append(try await base.get())
            }
            let mailboxes = loops.map { loop in
                Mailbox(wake: { loop.eventLoop.execute { loop.value.driver.run() } })
            }
            for (loop, mailbox) in zip(loops, mailboxes) {
                try await loop.eventLoop.submit {
                    let base = loop.value
                    base.driver.attach(try seat(LoopSeat(base: base, mailboxes: mailboxes, mailbox: mailbox)))
                }.get()
            }
            return TransportServer(
                group: group, limits: limits, dialling: dialling, loops: loops, mailboxes: mailboxes)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private init(
        group: MultiThreadedEventLoopGroup, limits: TransportLimits, dialling: DiallingContexts,
        loops: [NIOLoopBound<LoopBase>], mailboxes: [Mailbox]
    ) {
        self.group = group
        self.limits = limits
        self.dialling = dialling
        self.loops = loops
        self.mailboxes = mailboxes
    }

    /// Opens a listener on every loop. Fails when the address is taken or not ours.
    ///
    /// - Returns: its address, with the port that the system chose when it was asked to.
    @discardableResult
    public func listen(_ settings: ListenerSettings) async throws -> NetworkAddress {
        let listener = try await Listener.open(settings, on: loops, limits: limits)
        state.withLock { $0.listeners.append(listener) }
        return listener.address
    }

    /// Shows another certificate on the listener of that name from the next connection on. Live links stay.
    public func replaceMaterial(_ material: TLSMaterial, ofListener name: String) {
        for listener in state.withLock({ $0.listeners }) where listener.name == name {
            listener.contexts.replace(material)
        }
    }

    /// Shows another certificate on links that are opened from now on.
    public func replaceDiallingMaterial(_ material: TLSMaterial) {
        dialling.replace(material)
    }

    /// The trust changed: session tickets that were given out until now are void.
    public func endTLSGeneration() {
        for listener in state.withLock({ $0.listeners }) { listener.contexts.endGeneration() }
    }

    /// Stops accepting and leaves the connections alone: the first step of a stop in order.
    public func stopListening() async {
        let listeners = state.withLock { state in
            defer { state.listeners = [] }
            return state.listeners
        }
        for listener in listeners { await listener.close() }
    }

    /// Closes everything and ends the loops. The shards are told nothing any more.
    public func stop() async throws {
        let isFirst = state.withLock { state in
            defer { state.isStopped = true }
            return !state.isStopped
        }
        guard isFirst else { return }
        await stopListening()
        for loop in loops {
            try await loop.eventLoop.submit { loop.value.stop() }.get()
        }
        try await group.shutdownGracefully()
    }

    /// How many connections are registered, on all loops.
    public func connectionCount() async throws -> Int {
        var sum = 0
        for loop in loops {
            sum += try await loop.eventLoop.submit { loop.value.connections.count }.get()
        }
        return sum
    }
}
