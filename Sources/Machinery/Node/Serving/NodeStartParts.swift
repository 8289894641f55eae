import Authority
import Basis
import NIOCore
import Server
import Shards
import Storage
import Synchronization
import Transport
import Trust

/// The shards and their stores as the loops made them, until the journal is open.
final class Seats: Sendable {
    private let made = Mutex<[(shard: NIOLoopBound<Shard>, store: NIOLoopBound<DeferredStore>)]>([])

    func add(_ shard: NIOLoopBound<Shard>, _ store: NIOLoopBound<DeferredStore>) {
        made.withLock { $0.append((shard, store)) }
    }

    var shards: [NIOLoopBound<Shard>] { made.withLock { $0.map(\.shard) } }

    /// Gives every shard the journal. Called before the first listener opens, so nothing was appended yet.
    func attach(_ journal: JournalStore) async throws {
        for store in made.withLock({ $0.map(\.store) }) {
            try await store.eventLoop.submit { store.value.journal = journal }.get()
        }
    }
}

/// The journal needs the mailboxes, the mailboxes come with the loops, and the loops make their shards when they start:
/// this store stands in for the journal in between.
final class DeferredStore: Store {
    var journal: JournalStore?

    func append(_ records: [JournalRecord], from shard: ShardID) {
        journal?.append(records, from: shard)
    }
}

/// The runtime, once it is complete: the control interfaces answer 503 before.
final class RuntimeHolder: Sendable {
    private let held = Mutex<NodeRuntime?>(nil)

    var runtime: NodeRuntime? { held.withLock { $0 } }

    func set(_ runtime: NodeRuntime) {
        held.withLock { $0 = runtime }
    }
}

extension ListenerKind {
    /// The classes that a listener of this kind admits unless it is narrowed (trust.md, classification step 0).
    /// The inside of a server that homes no user and authenticates none, an edge's, is for servers alone (E101).
    func usualClasses(roles: Set<ServerRole>) -> Set<PeerClass> {
        switch self {
        case .internal:
            roles.isDisjoint(with: [.frontEnd, .director])
                ? [.server, .application] : [.server, .application, .client]
        case .external: [.partner, .client]
        case .combined: [.server, .application, .partner, .client]
        }
    }
}

/// Keeps one push running for each edge of the topology, also for those that a later topology brings or moves.
struct AuthorityPusher: Sendable {
    let channel: TrustChannel
    let tls: TrustTLS
    let group: any EventLoopGroup
    let authority: AuthorityService
    let own: String

    func run() async {
        var running: [ServerRecord: Task<Void, Never>] = [:]
        while !Task.isCancelled {
            let topology = await authority.state.topology
            let edges = (topology?.servers(with: .edge) ?? []).filter { $0.name != own }
            for edge in edges where running[edge] == nil {
                running[edge] = Task { await channel.push(to: edge, tls: tls, group: group, authority: authority) }
            }
            for edge in running.keys where !edges.contains(edge) {
                running.removeValue(forKey: edge)?.cancel()
            }
            await authority.waitForChange(atMost: 30)
        }
        for task in running.values { task.cancel() }
    }
}
