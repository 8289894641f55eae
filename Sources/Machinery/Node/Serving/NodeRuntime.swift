import Authority
import Basis
import NIOCore
import NIOPosix
import Server
import Shards
import Storage
import Transport
public import Trust
import Web

/// One running server: everything that `entente serve` starts, in the order in which it starts, and ends in reverse.
public final class NodeRuntime: Sendable {
    /// The addresses in use, with the ports that the system chose.
    public struct Addresses: Sendable {
        /// SIP listeners by kind.
        public var listeners: [String: NetworkAddress] = [:]
        /// The trust channel.
        public var trust: NetworkAddress?
        /// Metrics and health.
        public var metrics: NetworkAddress?
    }

    /// What this server's `config.yaml` says.
    public let configuration: NodeConfiguration
    /// The data folder.
    public let folder: DataFolder
    let log: Log
    let metrics: Metrics
    private let readiness: Readiness
    private let manager: ServiceManager?
    let replica: TrustReplica
    let authority: AuthorityService?
    let database: Database
    let shared: SharedState
    let transport: TransportServer
    let shards: [NIOLoopBound<Shard>]
    let recorder: LinkRecorder
    let journal: JournalStore
    private let endings: Endings
    /// Where this server is reached.
    public let addresses: Addresses

    /// Starts a server from its folder. When this returns, every listener is open, the store is loaded, and `manager` was
    /// told.
    public static func start(
        folder: DataFolder, loops: Int, manager: ServiceManager? = nil
    ) async throws -> NodeRuntime {
        try await NodeStart(folder: folder, loops: loops, manager: manager).run()
    }

    init(_ start: NodeStart, _ parts: NodeStart.Parts, _ endings: Endings) {
        self.endings = endings
        configuration = parts.configuration
        folder = start.folder
        log = parts.log
        metrics = parts.metrics
        readiness = parts.readiness
        manager = start.manager
        replica = parts.replica
        authority = parts.authority
        database = parts.database
        shared = parts.signalling.shared
        transport = parts.signalling.transport
        shards = parts.signalling.shards
        recorder = parts.recorder
        journal = parts.signalling.journal
        addresses = parts.addresses
    }

    /// How long nothing may be unanswered before a drain ends: the ACK to the last 2xx has still to pass.
    private static let quiet = Duration.milliseconds(500)

    /// Ends in order: no new connections, no new requests, what runs may finish for `seconds`, then everything closes.
    public func stop(drainSeconds: Int64) async {
        readiness.phase = .draining
        manager?.stopping()
        log.write(.info, "draining", at: OperatingSystem.wallTime)
        await transport.stopListening()
        for mailbox in transport.mailboxes { mailbox.post(.drain) }
        let end = ContinuousClock.now + .seconds(drainSeconds)
        var lastBusy: ContinuousClock.Instant?
        while ContinuousClock.now < end {
            if await count({ $0.unansweredRequests }) > 0 { lastBusy = .now }
            // A server that had nothing to do ends at once.
            guard let since = lastBusy, ContinuousClock.now - since < Self.quiet else { break }
            try? await Task.sleep(for: .milliseconds(50))
        }
        await endings.run()
        log.write(.info, "stopped", at: OperatingSystem.wallTime)
        log.flush()
    }

    /// Sums something over the shards, each asked on its own loop.
    func count(_ value: @escaping @Sendable (borrowing Server) -> Int) async -> Int {
        var sum = 0
        for shard in shards {
            sum += (try? await shard.eventLoop.submit { shard.value.inspect(value) }.get()) ?? 0
        }
        return sum
    }

    /// Asks every shard for the same, on its own loop.
    func collect<Value: Sendable>(_ value: @escaping @Sendable (borrowing Server) -> [Value]) async -> [Value] {
        var all: [Value] = []
        for shard in shards {
            all += (try? await shard.eventLoop.submit { shard.value.inspect(value) }.get()) ?? []
        }
        return all
    }

    /// The SIP messages that were read from links since the start, by class.
    func messagesReceived() async -> [String: UInt64] {
        var sums: [String: UInt64] = [:]
        for counts in await collect({ [$0.counters.messages] }) {
            for peerClass in PeerClass.allCases where counts[peerClass] > 0 {
                sums[peerClass.rawValue, default: 0] += counts[peerClass]
            }
        }
        return sums
    }

    func refreshMetrics() async {
        for shard in shards {
            let counters = try? await shard.eventLoop.submit { (shard.value.id, shard.value.inspect { $0.counters }) }
                .get()
            if let (id, counters) = counters { metrics.set(counters, of: id) }
        }
        let state = await replica.state
        metrics.set(epoch: state.epoch)
        metrics.set(running: await count { $0.runningTransactions }, bindings: shared.location.census.bindings)
        if let leaf = await replica.chain.first, let facts = try? CertificateFacts(der: leaf) {
            metrics.set(expiry: facts.notAfter, of: configuration.server)
        }
    }
}
