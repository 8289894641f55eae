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

    private let attached = Mutex<JournalStore?>(nil)

    func add(_ shard: NIOLoopBound<Shard>, _ store: NIOLoopBound<DeferredStore>) {
        made.withLock { $0.append((shard, store)) }
    }

    var shards: [NIOLoopBound<Shard>] { made.withLock { $0.map(\.shard) } }

    /// Gives every shard the journal. Called before the first listener opens, so nothing was appended yet.
    func attach(_ journal: JournalStore) async throws {
        attached.withLock { $0 = journal }
        for store in made.withLock({ $0.map(\.store) }) {
            try await store.eventLoop.submit { store.value.journal = journal }.get()
        }
    }

    /// Commits what was appended and ends the journal, if there is one yet.
    func stopJournal() {
        attached.withLock { $0 }?.stop()
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

/// The runtime while it is whole: before it is and when it ends, the control interfaces answer 503.
final class RuntimeHolder: Sendable {
    private let held = Mutex<NodeRuntime?>(nil)

    var runtime: NodeRuntime? { held.withLock { $0 } }

    func set(_ runtime: NodeRuntime?) {
        held.withLock { $0 = runtime }
    }
}

extension ListenerKind {
    /// The classes that a listener of this kind admits unless it is narrowed (trust.md, classification step 0).
    /// The inside of a server that homes no user and authenticates none, an edge's, is for servers alone (E101).
    func usualClasses(roles: Set<ServerRole>) -> Set<PeerClass> {
        switch self {
        case .internal:
            roles.authenticatesUsers ? [.server, .application, .client] : [.server, .application]
        case .external: [.partner, .client]
        case .combined: [.server, .application, .partner, .client]
        }
    }
}

/// TLS of the trust channel, in both directions: it shows the same certificate as the links.
struct TrustChannelTLS: Sendable {
    let accepting: TrustTLS
    let dialling: TrustTLS

    init(_ material: TLSMaterial) throws {
        accepting = try TrustTLS.server(material: material)
        dialling = try TrustTLS.client(material: material)
    }
}

/// Looks every few seconds for what is due at the authority, and tells once of what only a person can do.
struct AuthorityKeeper: Sendable {
    let authority: AuthorityService
    let log: Log

    func run() async {
        var told = Set(await authority.needs)
        while true {
            do { try await Task.sleep(for: .seconds(10)) } catch { return }
            let now = OperatingSystem.wallTime
            do {
                let needs = try await authority.tick(at: now)
                log.write(needs.filter { !told.contains($0) }, at: now)
                told = Set(needs)
            } catch {
                log.write(.error, "authorityFailed", at: now) { $0.add("why", "\(error)") }
            }
        }
    }
}

extension Log {
    /// The journal began to fail, or works again.
    func write(_ fault: JournalFault, at now: WallTime) {
        switch fault {
        case .failing(let error):
            write(.error, "journalFailing", at: now) { line in
                line.add("why", error.description)
                if let next = error.next { line.add("next", next) }
            }
        case .recovered: write(.info, "journalRecovered", at: now)
        }
    }

    /// What a person has to do so that the authority can go on.
    func write(_ needs: [AuthorityNeed], at now: WallTime) {
        for need in needs {
            write(.warning, "authorityNeeds", at: now) { line in
                line.add("why", "\(need)")
                line.add("next", need.next)
            }
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
            let state = await authority.state
            let edges = (state.topology?.servers(with: .edge) ?? []).filter { $0.name != own }
            for edge in edges where running[edge] == nil {
                running[edge] = Task { await channel.push(to: edge, tls: tls, group: group, authority: authority) }
            }
            for edge in running.keys where !edges.contains(edge) {
                let push = running.removeValue(forKey: edge)
                push?.cancel()
                await push?.value
            }
            await authority.waitForNews(since: state.epoch, directorySequence: .max, atMost: 30)
        }
        for push in running.values { push.cancel() }
        for push in running.values { await push.value }
    }
}
