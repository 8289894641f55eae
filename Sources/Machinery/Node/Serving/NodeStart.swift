import Authority
import Basis
import Foundation
import NIOCore
import NIOPosix
import Server
import Shards
import Storage
import Transport
import Trust
import Web

/// How a server starts, step by step. Each step needs what the steps before it made; when one fails, the error says what
/// to do and nothing is left running.
struct NodeStart {
    let folder: DataFolder
    let loops: Int
    let manager: ServiceManager?

    /// What the steps made.
    struct Parts {
        var configuration: NodeConfiguration
        var log: Log
        var readiness: Readiness
        var metrics: Metrics
        var replica: TrustReplica
        var authority: AuthorityService?
        var database: Database
        var shared: SharedState
        var transport: TransportServer
        var shards: [NIOLoopBound<Shard>]
        var journal: JournalStore
        var recorder: LinkRecorder
        var group: MultiThreadedEventLoopGroup
        var servers: [WebServer]
        var tasks: [Task<Void, Never>]
        var addresses: NodeRuntime.Addresses
    }

    func run() async throws -> NodeRuntime {
        _ = OperatingSystem.raiseDescriptorLimit()
        let configuration = try loadConfiguration()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let readiness = Readiness()
        let holder = RuntimeHolder()
        var health: WebServer?
        do {
            if let address = configuration.metrics {
                health = try await WebServer.start(
                    on: .network(address), security: .none, group: group,
                    handler: HealthAnswers(readiness: readiness, holder: holder).answer)
            }
            let runtime = try await serve(
                configuration, Control(readiness: readiness, holder: holder, health: health, group: group))
            readiness.phase = .serving
            manager?.ready()
            return runtime
        } catch {
            await health?.stop()
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// What is there before the server itself: the loop of the control path, and the listener that tells how far it is.
    private struct Control {
        let readiness: Readiness
        let holder: RuntimeHolder
        let health: WebServer?
        let group: MultiThreadedEventLoopGroup
    }

    private func serve(_ configuration: NodeConfiguration, _ control: Control) async throws -> NodeRuntime {
        let log = Log(level: configuration.logLevel)
        let metrics = Metrics()
        let keys = try NodeKeys.loadOrMake(in: folder)
        let now = OperatingSystem.wallTime
        let replica = try TrustReplica(
            folder: folder, ownServer: configuration.server, ownKey: keys.current.pin, now: now)
        try await checkRoles(configuration, replica)
        var settings = StorageSettings()
        settings.synchronous = configuration.synchronous
        let database = try Database(path: folder.database, whenMissing: .create, settings: settings)
        let users = database.users
        let isCopy = !configuration.roles.contains(.authority)
        await replica.load(try users.directory()) { changes in if isCopy { try users.apply(changes) } }
        let recorder = LinkRecorder(database: database)
        try database.links.removeAll()
        var authority: AuthorityService?
        if configuration.roles.contains(.authority) {
            let service = try await AuthorityService(
                folder: folder, database: database, replica: replica, ownServer: configuration.server, chance: chance())
            // What expired while the folder slept is renewed before anybody connects.
            let needs = try await service.tick(at: now)
            log.write(needs, at: now)
            authority = service
        }
        let material = try await material(keys, replica)
        var secrets = chance()
        let shared = SharedState(key: secrets.bytes(32))
        let reporter = EventReporter(log: log, metrics: metrics, recorder: recorder, replica: replica)
        let seats = Seats()
        let update = await replica.update(at: now)
        let contextNow = update.context
        let transport = try await TransportServer.start(
            loopCount: loops, material: material,
            outside: try configuration.externalCertificate.map { try Self.material(from: $0) },
            report: { event in
                var context = contextNow
                context.now = OperatingSystem.wallTime
                reporter.report(event, context: context)
            },
            seat: { seat in
                let shard = seat.shard
                let server = Server(
                    shard: shard, shards: loops, shared: shared, trust: update, chance: chance())
                let store = DeferredStore()
                let made = Shard(
                    server: server, mailbox: seat.mailbox, connections: seat.connections, store: store,
                    clock: seat.clock, report: { reporter.report($0, of: shard) })
                made.connect(seat.mailboxes)
                seats.add(NIOLoopBound(made, eventLoop: seat.eventLoop), NIOLoopBound(store, eventLoop: seat.eventLoop))
                return made
            })
        let mailboxes = Dictionary(
            uniqueKeysWithValues: transport.mailboxes.enumerated().map { (ShardID(UInt8($0.offset)), $0.element) })
        let journal = try database.journal(mailboxes: mailboxes) { fault in
            log.write(.error, "journalFault", at: OperatingSystem.wallTime) { $0.add("why", "\(fault)") }
        }
        let loaded = shared.location.load(try journal.loadBindings())
        if !loaded.damaged.isEmpty {
            throw DataFolder.Failure(
                description:
                    "\(loaded.damaged.count) stored bindings cannot be read: restore state.sqlite from a backup")
        }
        try await seats.attach(journal)
        let accepting = try TrustTLS.server(material: material)
        let dialling = try TrustTLS.client(material: material)
        await replica.connect(transport.mailboxes, onEpoch: { transport.endTLSGeneration() }) { chain in
            guard let material = try? TLSMaterial(chain: chain, privateKey: Array(keys.current.pem.utf8)) else {
                return
            }
            accepting.replace(material)
            dialling.replace(material)
            transport.replaceDiallingMaterial(material)
            for listener in configuration.listeners
            where configuration.externalCertificate == nil || listener.kind == .internal {
                transport.replaceMaterial(material, ofListener: listener.kind.rawValue)
            }
        }
        for mailbox in transport.mailboxes { mailbox.post(.trustChanged(update)) }
        var parts = Parts(
            configuration: configuration, log: log, readiness: control.readiness, metrics: metrics, replica: replica,
            authority: authority, database: database, shared: shared, transport: transport, shards: seats.shards,
            journal: journal,
            recorder: recorder, group: control.group, servers: [], tasks: [], addresses: NodeRuntime.Addresses())
        if let health = control.health, case .network(let address) = health.address {
            parts.addresses.metrics = address
            parts.servers.append(health)
        }
        try await openListeners(
            &parts, material,
            authorities: await replica.state.root.rootCertificates + replica.state.root.issuingCertificates, keys)
        try await startTrustChannel(&parts, accepting: accepting, dialling: dialling)
        let runtime = try await startControl(&parts, control.holder)
        log.write(.info, "serving", at: OperatingSystem.wallTime) { line in
            line.add("server", configuration.server)
            line.add("bindings", loaded.bindings)
        }
        return runtime
    }

    private func loadConfiguration() throws -> NodeConfiguration {
        guard let bytes = try DataFolder.read(folder.configuration) else {
            throw DataFolder.Failure(
                description:
                    "there is no \(folder.configuration): make an organisation with `entente init`, or take one over with `entente node accept`"
            )
        }
        do {
            return try NodeConfiguration.parse(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw DataFolder.Failure(
                description: error.problems.map { "\(folder.configuration):\($0)" }.joined(separator: "\n"))
        }
    }

    /// The topology decides what a server is; a `config.yaml` that says something else is a mistake worth stopping for.
    private func checkRoles(_ configuration: NodeConfiguration, _ replica: TrustReplica) async throws {
        guard let topology = await replica.state.topology else { return }
        let published = topology.roles(of: configuration.server)
        guard published == configuration.roles else {
            let names = published.map(\.rawValue).sorted().joined(separator: ", ")
            throw DataFolder.Failure(
                description:
                    "\(folder.configuration): roles are not what the topology gives \(configuration.server): [\(names)]"
            )
        }
    }

    private func material(_ keys: NodeKeys, _ replica: TrustReplica) async throws -> TLSMaterial {
        let chain = await replica.chain
        guard !chain.isEmpty else {
            throw DataFolder.Failure(
                description:
                    "this server has no certificate yet: run `entente node request`, then `entente node accept`")
        }
        return try TLSMaterial(chain: chain, privateKey: Array(keys.current.pem.utf8))
    }

    private func openListeners(
        _ parts: inout Parts, _ material: TLSMaterial, authorities: [[UInt8]], _ keys: NodeKeys
    ) async throws {
        for listener in parts.configuration.listeners {
            var shown = material
            if listener.kind == .internal {
                shown = try TLSMaterial(
                    chain: await parts.replica.chain, privateKey: Array(keys.current.pem.utf8), authorities: authorities
                )
            } else if let files = parts.configuration.externalCertificate {
                shown = try Self.material(from: files)
            }
            let usual = listener.kind.usualClasses(roles: parts.configuration.roles)
            let allowed =
                parts.configuration.classes.isEmpty ? usual : parts.configuration.classes.intersection(usual)
            let address = try await parts.transport.listen(
                ListenerSettings(
                    name: listener.kind.rawValue, address: listener.address,
                    facts: ListenerFacts(kind: listener.kind, classes: allowed), material: shown))
            parts.addresses.listeners[listener.kind.rawValue] = address
        }
    }

    private static func material(from files: NodeConfiguration.ExternalCertificate) throws -> TLSMaterial {
        guard let chain = try DataFolder.read(files.chain), let key = try DataFolder.read(files.key) else {
            throw DataFolder.Failure(description: "\(files.chain) or \(files.key) is missing")
        }
        return try TLSMaterial(chain: PEMText.certificates(in: String(decoding: chain, as: UTF8.self)), privateKey: key)
    }

    private func startTrustChannel(
        _ parts: inout Parts, accepting: TrustTLS, dialling: TrustTLS
    ) async throws {
        let channel = TrustChannel(
            ownServer: parts.configuration.server, replica: parts.replica, authority: parts.authority, log: parts.log)
        let server = try await WebServer.start(
            on: .network(parts.configuration.trust),
            security: .tls(
                accepting, ListenerFacts(kind: .internal, classes: [.server]), admit: { _ in true }),
            group: parts.group, handler: channel.answer)
        if case .network(let address) = server.address { parts.addresses.trust = address }
        parts.servers.append(server)
        let group = parts.group
        let configuration = parts.configuration
        if let authority = parts.authority {
            let edges = AuthorityPusher(
                channel: channel, tls: dialling, group: group, authority: authority, own: configuration.server)
            parts.tasks.append(Task { await edges.run() })
            let log = parts.log
            parts.tasks.append(
                Task {
                    var told = Set(await authority.needs)
                    while !Task.isCancelled {
                        try? await Task.sleep(for: .seconds(10))
                        do {
                            let now = OperatingSystem.wallTime
                            let needs = try await authority.tick(at: now)
                            log.write(needs.filter { !told.contains($0) }, at: now)
                            told = Set(needs)
                        } catch {
                            log.write(.error, "authorityFailed", at: OperatingSystem.wallTime) {
                                $0.add("why", "\(error)")
                            }
                        }
                    }
                })
        } else if !configuration.roles.contains(.edge) {
            parts.tasks.append(
                Task { await channel.poll(authorityNamed: configuration.authority, tls: dialling, group: group) })
        }
    }

    private func startControl(_ parts: inout Parts, _ holder: RuntimeHolder) async throws -> NodeRuntime {
        let admin = try await WebServer.start(
            on: .socket(path: folder.adminSocket), security: .none, group: parts.group,
            handler: { request in
                guard let runtime = holder.runtime else { return .text("starting\n", status: 503) }
                return await AdminAPI(runtime: runtime).answer(request)
            })
        unsafe chmod(folder.adminSocket, 0o600)
        parts.servers.append(admin)
        let runtime = NodeRuntime(self, parts)
        holder.set(runtime)
        return runtime
    }
}

extension Log {
    /// What a person has to do so that the authority can go on.
    fileprivate func write(_ needs: [AuthorityNeed], at now: WallTime) {
        for need in needs {
            write(.warning, "authorityNeeds", at: now) { line in
                line.add("why", "\(need)")
                line.add("next", need.next)
            }
        }
    }
}

/// 256 bits from the system: the one place where a process draws them for its servers.
func chance() -> Chance {
    var generator = SystemRandomNumberGenerator()
    return Chance(seed: (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
}
