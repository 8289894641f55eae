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

    /// What the steps made.
    struct Parts {
        var lock: FolderLock
        var configuration: NodeConfiguration
        var log: Log
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
        let lock = try FolderLock(folder)
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
                folder: folder, database: database, replica: replica, ownServer: configuration.server,
                chance: OperatingSystem.chance())
            // What expired while the folder slept is renewed before anybody connects.
            let needs = try await service.tick(at: now)
            for need in needs {
                log.write(.warning, "authorityNeeds", at: now) {
                    $0.add("why", "\(need)"); $0.add("next", need.next)
                }
            }
            authority = service
        }
        let material = try await material(keys, replica)
        var secrets = OperatingSystem.chance()
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
                    shard: shard, shards: loops, shared: shared, trust: update, chance: OperatingSystem.chance())
                let store = DeferredStore()
                let made = Shard(
                    server: server, mailbox: seat.mailbox, connections: seat.connections, store: store,
                    clock: seat.clock, tellsEachMessage: log.level == .debug,
                    report: { reporter.report($0, of: shard) })
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
        await replica.connect(transport.mailboxes, onEpoch: { transport.endTLSGeneration() }) { chain in
            guard let material = try? TLSMaterial(chain: chain, privateKey: Array(keys.current.pem.utf8)) else {
                return
            }
            transport.replaceDiallingMaterial(material)
            for listener in configuration.listeners
            where configuration.externalCertificate == nil || listener.kind == .internal {
                transport.replaceMaterial(material, ofListener: listener.kind.rawValue)
            }
        }
        for mailbox in transport.mailboxes { mailbox.post(.trustChanged(update)) }
        var parts = Parts(
            lock: lock, configuration: configuration, log: log, metrics: metrics, replica: replica,
            authority: authority,
            database: database, shared: shared, transport: transport, shards: seats.shards, journal: journal,
            recorder: recorder, group: MultiThreadedEventLoopGroup(numberOfThreads: 1), servers: [], tasks: [],
            addresses: NodeRuntime.Addresses())
        try await openListeners(
            &parts, material,
            authorities: await replica.state.root.rootCertificates + replica.state.root.issuingCertificates, keys)
        try await startTrustChannel(&parts, material)
        let runtime = try await startControl(&parts)
        log.write(.info, "serving", at: OperatingSystem.wallTime) { line in
            line.add("server", configuration.server)
            line.add("bindings", loaded.bindings)
        }
        return runtime
    }

    private func loadConfiguration() throws -> NodeConfiguration {
        guard let bytes = try DataFolder.read(folder.configuration) else {
            throw StartFailure(
                "there is no \(folder.configuration)",
                next: "entente init makes an organisation, entente node request joins one; or another folder with --dir"
            )
        }
        do {
            return try NodeConfiguration.parse(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw StartFailure(
                error.problems.map { "\(folder.configuration):\($0)" }.joined(separator: "\n     "),
                next: "mend \(folder.configuration)")
        }
    }

    /// The topology decides what a server is; a `config.yaml` that says something else is a mistake worth stopping for.
    private func checkRoles(_ configuration: NodeConfiguration, _ replica: TrustReplica) async throws {
        guard let topology = await replica.state.topology else { return }
        let published = topology.roles(of: configuration.server)
        guard published == configuration.roles else {
            let names = published.map(\.rawValue).sorted().joined(separator: ", ")
            throw StartFailure(
                "\(folder.configuration): the roles are not those of \(configuration.server) in the topology",
                seen: configuration.roles.map(\.rawValue).sorted().joined(separator: ", "), expected: names,
                next: "mend `roles` in \(folder.configuration), or the topology at the authority")
        }
    }

    private func material(_ keys: NodeKeys, _ replica: TrustReplica) async throws -> TLSMaterial {
        let chain = await replica.chain
        guard !chain.isEmpty else {
            throw StartFailure(
                "this server has no certificate yet", next: "entente node request, then entente node accept")
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
            do {
                parts.addresses.listeners[listener.kind.rawValue] = try await parts.transport.listen(
                    ListenerSettings(
                        name: listener.kind.rawValue, address: listener.address,
                        facts: ListenerFacts(kind: listener.kind, classes: allowed), material: shown))
            } catch {
                throw StartFailure.listening(listener.kind.rawValue, listener.address, error)
            }
        }
    }

    private static func material(from files: NodeConfiguration.ExternalCertificate) throws -> TLSMaterial {
        guard let chain = try DataFolder.read(files.chain), let key = try DataFolder.read(files.key) else {
            throw DataFolder.Failure(description: "\(files.chain) or \(files.key) is missing")
        }
        return try TLSMaterial(chain: PEMText.certificates(in: String(decoding: chain, as: UTF8.self)), privateKey: key)
    }

    private func startTrustChannel(_ parts: inout Parts, _ material: TLSMaterial) async throws {
        let channel = TrustChannel(
            ownServer: parts.configuration.server, replica: parts.replica, authority: parts.authority, log: parts.log)
        let server = try await listen(
            "trust", parts.configuration.trust,
            security: .tls(
                try TrustTLS.server(material: material), ListenerFacts(kind: .internal, classes: [.server]),
                admit: { _ in true }),
            parts.group, isKnown: parts.replica.pinnedKeys.has, channel.answer)
        if case .network(let address) = server.address { parts.addresses.trust = address }
        parts.servers.append(server)
        let client = try TrustTLS.client(material: material)
        let group = parts.group
        let configuration = parts.configuration
        if let authority = parts.authority {
            let edges = AuthorityPusher(
                channel: channel, tls: client, group: group, authority: authority, own: configuration.server)
            parts.tasks.append(Task { await edges.run() })
            let log = parts.log
            parts.tasks.append(
                Task {
                    while !Task.isCancelled {
                        try? await Task.sleep(for: .seconds(10))
                        do {
                            _ = try await authority.tick(at: OperatingSystem.wallTime)
                        } catch {
                            log.write(.error, "authorityFailed", at: OperatingSystem.wallTime) {
                                $0.add("why", "\(error)")
                            }
                        }
                    }
                })
        } else if !configuration.roles.contains(.edge) {
            parts.tasks.append(
                Task { await channel.poll(authorityNamed: configuration.authority, tls: client, group: group) })
        }
    }

    private func listen(
        _ key: String, _ address: NetworkAddress, security: WebServer.Security, _ group: MultiThreadedEventLoopGroup,
        isKnown: @escaping @Sendable (LinkEvidence?) -> Bool,
        _ handler: @escaping @Sendable (WebRequest) async -> WebResponse
    ) async throws -> WebServer {
        do {
            return try await WebServer.start(
                on: .network(address), security: security, group: group, isKnown: isKnown, handler: handler)
        } catch {
            throw StartFailure.listening(key, address, error)
        }
    }

    private func startControl(_ parts: inout Parts) async throws -> NodeRuntime {
        let holder = RuntimeHolder()
        let admin = try await WebServer.start(
            on: .socket(path: folder.adminSocket), security: .none, group: parts.group,
            isKnown: { _ in true },
            handler: { request in
                guard let runtime = holder.runtime else { return .text("starting\n", status: 503) }
                return await AdminAPI(runtime: runtime).answer(request)
            })
        unsafe chmod(folder.adminSocket, 0o600)
        parts.servers.append(admin)
        if let address = parts.configuration.metrics {
            let server = try await listen(
                "metrics", address, security: .none, parts.group, isKnown: { _ in false },
                { request in
                    guard let runtime = holder.runtime else { return .text("starting\n", status: 503) }
                    switch (request.method, request.path) {
                    case ("GET", "/metrics"):
                        await runtime.refreshMetrics()
                        return WebResponse(
                            contentType: "text/plain; version=0.0.4",
                            body: Array(runtime.metrics.text(at: OperatingSystem.wallTime).utf8))
                    case ("GET", "/livez"), ("GET", "/readyz"): return .text("ok\n")
                    case (_, _): return .text("not here\n", status: 404)
                    }
                })
            if case .network(let bound) = server.address { parts.addresses.metrics = bound }
            parts.servers.append(server)
        }
        let runtime = NodeRuntime(self, parts)
        holder.set(runtime)
        return runtime
    }
}
