import Basis
import NIOCore
import NIOPosix
public import Trust

/// A place where connections are accepted: its name, its address, whom it is for, and what it shows.
public struct ListenerSettings: Sendable {
    /// Named in events and used to replace its certificate: `internal`, `external`.
    public let name: String
    /// Where it listens; port 0 lets the system choose one.
    public let address: NetworkAddress
    /// The kind and the classes that may come here; part of the evidence of every link.
    public let facts: ListenerFacts
    /// The certificate it shows, and the authorities it names.
    public let material: TLSMaterial

    /// Describes a listener.
    public init(name: String, address: NetworkAddress, facts: ListenerFacts, material: TLSMaterial) {
        self.name = name
        self.address = address
        self.facts = facts
        self.material = material
    }
}

/// Ends the set-up of a connection whose address has too many; NIO closes it.
private struct QuotaPassed: Error {}

/// A listener that listens: one socket for each loop, all on one address, so that a connection stays on the loop that
/// accepted it.
struct Listener: Sendable {
    let name: String
    let address: NetworkAddress
    let contexts: TLSContexts
    let channels: [any Channel]

    /// Opens the sockets. With several loops the address is tried alone first: sockets that share it would otherwise also
    /// share it with those of another process of the same user.
    static func open(
        _ settings: ListenerSettings, on loops: [NIOLoopBound<LoopBase>], limits: TransportLimits
    ) async throws -> Listener {
        let contexts = try TLSContexts(
            .server(protocols: TLSSettings.sipProtocols), material: settings.material, lifetime: limits.contextLifetime,
            now: LoopClock.now)
        let shares = loops.count > 1
        if shares, settings.address.port != 0, let first = loops.first {
            let probe = try await ServerBootstrap(group: first.eventLoop)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelOption(.autoRead, value: false)
                .bind(to: settings.address.socketAddress()).get()
            try await probe.close()
        }
        var address = settings.address
        var channels: [any Channel] = []
        do {
            for loop in loops {
                let channel = try await bind(settings, at: address, contexts, loop, shares: shares, limits)
                channels.append(channel)
                address = NetworkAddress(channel.localAddress) ?? address
            }
        } catch {
            for channel in channels { try? await channel.close() }
            throw error
        }
        return Listener(name: settings.name, address: address, contexts: contexts, channels: channels)
    }

    /// Stops accepting. Connections that were accepted stay.
    func close() async {
        for channel in channels { try? await channel.close() }
    }

    private static func bind(
        _ settings: ListenerSettings, at address: NetworkAddress, _ contexts: TLSContexts,
        _ loop: NIOLoopBound<LoopBase>, shares: Bool, _ limits: TransportLimits
    ) async throws -> any Channel {
        let facts = settings.facts
        let name = settings.name
        var bootstrap = ServerBootstrap(group: loop.eventLoop)
            .serverChannelOption(.backlog, value: Int32(clamping: limits.backlog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.maxMessagesPerRead, value: 1)
        if shares {
            let (level, option) = OperatingSystem.reusePort
            bootstrap = bootstrap.serverChannelOption(.socket(level, option), value: 1)
        }
        return
            try await bootstrap
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let gate = AcceptGate(listener: name, connections: loop.value.connections)
                    try channel.pipeline.syncOperations.addHandler(gate)
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try accept(channel, name, facts, contexts, loop.value.connections)
                }
            }
            .bind(to: address.socketAddress()).get()
    }

    /// Fills the pipeline of an accepted connection, or refuses it by the quota of its address.
    private static func accept(
        _ channel: any Channel, _ name: String, _ facts: ListenerFacts, _ contexts: TLSContexts,
        _ connections: LoopConnections
    ) throws {
        let context = try contexts.context(at: LoopClock.now)
        let watch = HandshakeWatch(accepting: facts, context: context, limits: connections.limits)
        let handler = LinkHandler(watch: watch, origin: .accepted(listener: name), connections: connections)
        let address = NetworkAddress(channel.remoteAddress)
        guard connections.take(handler, from: address) else {
            let why = "\(connections.limits.unprovenPerAddressMax) connections from this address are unproven"
            connections.report(.limitReached(.e702, remoteAddress: address, why: why))
            throw QuotaPassed()
        }
        try handler.install(in: channel)
    }
}
