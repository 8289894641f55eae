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
    var limits = TransportLimits.standard

    /// What the steps made, as the running server keeps it.
    struct Parts {
        let configuration: NodeConfiguration
        let log: Log
        let readiness: Readiness
        let metrics: Metrics
        let replica: TrustReplica
        let authority: AuthorityService?
        let database: Database
        let recorder: LinkRecorder
        let signalling: Signalling
        var addresses: NodeRuntime.Addresses
    }

    /// The part of a server that SIP messages pass through.
    struct Signalling {
        let shared: SharedState
        let transport: TransportServer
        let shards: [NIOLoopBound<Shard>]
        let journal: JournalStore
        let bindings: Int
    }

    func run() async throws -> NodeRuntime {
        var endings = Endings()
        do {
            return try await steps(&endings)
        } catch {
            await endings.run()
            throw error
        }
    }

    private func steps(_ endings: inout Endings) async throws -> NodeRuntime {
        _ = OperatingSystem.raiseDescriptorLimit()
        let configuration = try loadConfiguration()
        let lock = try FolderLock(folder)
        endings.add { lock.release() }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        endings.add { try? await group.shutdownGracefully() }
        let readiness = Readiness()
        let holder = RuntimeHolder()
        var addresses = NodeRuntime.Addresses()
        addresses.metrics = try await openHealth(
            configuration, HealthAnswers(readiness: readiness, holder: holder), group, &endings)

        let log = Log(level: configuration.logLevel)
        endings.add { log.flush() }
        let keys = try NodeKeys.loadOrMake(in: folder)
        let replica = try TrustReplica(
            folder: folder, ownServer: configuration.server, ownKey: keys.current.pin, now: OperatingSystem.wallTime)
        try await checkRoles(configuration, replica)
        let database = try await openDatabase(configuration, replica)
        endings.add { try? database.close() }
        let recorder = LinkRecorder(database: database)
        endings.add { recorder.flush() }
        let authority = try await wakeAuthority(configuration, replica, database, log)

        let metrics = Metrics()
        let shown = try ShownCertificate(configuration, await replica.state, keys)
        let signalling = try await startSignalling(
            shown, EventReporter(log: log, metrics: metrics, recorder: recorder, replica: replica), database, &endings)
        endings.add { holder.set(nil) }
        let tls = try TrustChannelTLS(try shown.material(await replica.chain))
        await follow(replica, signalling.transport, tls, shown, configuration)
        var parts = Parts(
            configuration: configuration, log: log, readiness: readiness, metrics: metrics, replica: replica,
            authority: authority, database: database, recorder: recorder, signalling: signalling, addresses: addresses)
        try await openListeners(&parts, shown)
        try await openTrustChannel(&parts, tls, group, &endings)
        try await openAdministration(holder, group, &endings)

        let runtime = NodeRuntime(self, parts, endings)
        holder.set(runtime)
        readiness.phase = .serving
        log.write(.info, "serving", at: OperatingSystem.wallTime) { line in
            line.add("server", configuration.server)
            line.add("bindings", signalling.bindings)
        }
        manager?.ready()
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

    private func openHealth(
        _ configuration: NodeConfiguration, _ answers: HealthAnswers, _ group: MultiThreadedEventLoopGroup,
        _ endings: inout Endings
    ) async throws -> NetworkAddress? {
        guard let address = configuration.metrics else { return nil }
        let server = try await listen(
            "metrics", address, security: .none, group, isKnown: { _ in false }, handler: answers.answer)
        endings.add { await server.stop() }
        return server.networkAddress
    }

    private func openDatabase(_ configuration: NodeConfiguration, _ replica: TrustReplica) async throws -> Database {
        var settings = StorageSettings()
        settings.synchronous = configuration.synchronous
        // Made when the organisation was founded or the server joined: one that has gone is a loss to be noticed.
        let database = try Database(path: folder.database, whenMissing: .refuse, settings: settings)
        let users = database.users
        let isCopy = !configuration.roles.contains(.authority)
        await replica.load(try users.directory()) { changes in if isCopy { try users.apply(changes) } }
        // The links of the process before this one are gone.
        try database.links.removeAll()
        return database
    }

    /// What expired while the folder slept is renewed before anybody connects.
    private func wakeAuthority(
        _ configuration: NodeConfiguration, _ replica: TrustReplica, _ database: Database, _ log: Log
    ) async throws -> AuthorityService? {
        guard configuration.roles.contains(.authority) else { return nil }
        let authority = try await AuthorityService(
            folder: folder, database: database, replica: replica, ownServer: configuration.server,
            chance: OperatingSystem.chance())
        let now = OperatingSystem.wallTime
        log.write(try await authority.tick(at: now), at: now)
        return authority
    }

    private func startSignalling(
        _ shown: ShownCertificate, _ reporter: EventReporter, _ database: Database, _ endings: inout Endings
    ) async throws -> Signalling {
        let log = reporter.log
        var secrets = OperatingSystem.chance()
        let shared = SharedState(key: secrets.bytes(32))
        let update = await reporter.replica.update(at: OperatingSystem.wallTime)
        let seats = Seats()
        // After the transport: what the last turns wrote is still committed.
        endings.add { seats.stopJournal() }
        let transport = try await TransportServer.start(
            loopCount: loops, material: try shown.material(await reporter.replica.chain), outside: shown.outside,
            limits: limits,
            report: { event in
                var context = update.context
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
        endings.add { try? await transport.stop() }
        let mailboxes = Dictionary(
            uniqueKeysWithValues: transport.mailboxes.enumerated().map { (ShardID(UInt8($0.offset)), $0.element) })
        let journal = try database.journal(mailboxes: mailboxes) { fault in
            log.write(fault, at: OperatingSystem.wallTime)
        }
        try await seats.attach(journal)
        let loaded = shared.location.load(try journal.loadBindings())
        guard loaded.damaged.isEmpty else {
            throw StorageError.unreadable(what: "the bindings of \(loaded.damaged.count) addresses")
        }
        for mailbox in transport.mailboxes { mailbox.post(.trustChanged(update)) }
        return Signalling(
            shared: shared, transport: transport, shards: seats.shards, journal: journal, bindings: loaded.bindings)
    }

    /// From now on every change of the trust reaches the shards, and a renewed certificate every place that shows it.
    private func follow(
        _ replica: TrustReplica, _ transport: TransportServer, _ tls: TrustChannelTLS, _ shown: ShownCertificate,
        _ configuration: NodeConfiguration
    ) async {
        await replica.connect(
            transport.mailboxes,
            onEpoch: {
                transport.endTLSGeneration()
                tls.accepting.endGeneration()
            },
            onChain: { chain in
                guard let material = try? shown.material(chain) else { return }
                tls.accepting.replace(material)
                tls.dialling.replace(material)
                transport.replaceDiallingMaterial(material)
                for listener in configuration.listeners {
                    guard let material = try? shown.material(chain, for: listener.kind) else { continue }
                    transport.replaceMaterial(material, ofListener: listener.kind.rawValue)
                }
            })
    }

    private func openListeners(_ parts: inout Parts, _ shown: ShownCertificate) async throws {
        let chain = await parts.replica.chain
        for listener in parts.configuration.listeners {
            let usual = listener.kind.usualClasses(roles: parts.configuration.roles)
            let allowed =
                parts.configuration.classes.isEmpty ? usual : parts.configuration.classes.intersection(usual)
            do {
                parts.addresses.listeners[listener.kind.rawValue] = try await parts.signalling.transport.listen(
                    ListenerSettings(
                        name: listener.kind.rawValue, address: listener.address,
                        facts: ListenerFacts(kind: listener.kind, classes: allowed),
                        material: try shown.material(chain, for: listener.kind)))
            } catch {
                throw StartFailure.listening(listener.kind.rawValue, listener.address, error)
            }
        }
    }

    private func openTrustChannel(
        _ parts: inout Parts, _ tls: TrustChannelTLS, _ group: MultiThreadedEventLoopGroup, _ endings: inout Endings
    ) async throws {
        let configuration = parts.configuration
        let channel = TrustChannel(
            ownServer: configuration.server, replica: parts.replica, authority: parts.authority, log: parts.log)
        let server = try await listen(
            "trust", configuration.trust,
            security: .tls(
                tls.accepting, ListenerFacts(kind: .internal, classes: [.server]), admit: parts.replica.pinnedKeys.has),
            group, isKnown: parts.replica.pinnedKeys.has, handler: channel.answer)
        endings.add { await server.stop() }
        parts.addresses.trust = server.networkAddress
        endings.add(ending: Task { await channel.storeAgain() })
        if let authority = parts.authority {
            let pusher = AuthorityPusher(
                channel: channel, tls: tls.dialling, group: group, authority: authority, own: configuration.server)
            let keeper = AuthorityKeeper(authority: authority, log: parts.log)
            endings.add(ending: Task { await pusher.run() })
            endings.add(ending: Task { await keeper.run() })
        } else if !configuration.roles.contains(.edge) {
            endings.add(
                ending: Task {
                    await channel.poll(authorityNamed: configuration.authority, tls: tls.dialling, group: group)
                })
        }
    }

    private func openAdministration(
        _ holder: RuntimeHolder, _ group: MultiThreadedEventLoopGroup, _ endings: inout Endings
    ) async throws {
        let server = try await WebServer.start(
            on: .socket(path: folder.adminSocket), security: .none, group: group, isKnown: { _ in true },
            handler: { request in
                guard let runtime = holder.runtime else { return .text("starting\n", status: 503) }
                return await AdminAPI(runtime: runtime).answer(request)
            })
        endings.add { await server.stop() }
    }

    private func listen(
        _ key: String, _ address: NetworkAddress, security: WebServer.Security, _ group: MultiThreadedEventLoopGroup,
        isKnown: @escaping @Sendable (LinkEvidence?) -> Bool,
        handler: @escaping @Sendable (WebRequest) async -> WebResponse
    ) async throws -> WebServer {
        do {
            return try await WebServer.start(
                on: .network(address), security: security, group: group, isKnown: isKnown, handler: handler)
        } catch {
            throw StartFailure.listening(key, address, error)
        }
    }
}
