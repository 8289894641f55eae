import Basis
import NIOCore
import NIOPosix
import Server
import Synchronization
import Testing
import Transport
import Trust
import UserAgent

@testable import Node

/// T19 on real sockets: whoever sends drops is cut in time, and nobody else waits for him.
@Suite("Threat T19: connections that drip", .serialized, .timeLimit(.minutes(1)))
struct DripTests {
    private static let limits: TransportLimits = {
        var limits = TransportLimits()
        limits.handshakeDeadline = .seconds(6)
        limits.messageDeadline = .seconds(2)
        limits.unprovenPerAddressMax = 512
        return limits
    }()

    private func node() async throws -> NodeRuntime {
        let organisation = try await NodeOrganisation(users: ["alice", "bob"])
        return try await NodeStart(folder: organisation.front, loops: 1, manager: nil, limits: Self.limits).run()
    }

    /// Opens a connection from 127.0.0.2, where nobody else is.
    private func connect(
        _ runtime: NodeRuntime, _ fill: @escaping @Sendable (any Channel) throws -> Void
    ) async throws -> any Channel {
        let address = try #require(runtime.addresses.listeners["internal"])
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try fill(channel) } }
            .bind(to: try SocketAddress(ipAddress: "127.0.0.2", port: 0))
            .connect(host: address.host, port: Int(address.port)).get()
    }

    private func refused(_ runtime: NodeRuntime, _ code: TrustCode) async throws -> Double {
        try #require(try await runtime.metrics()["entente_links_refused_total{code=\"\(code.rawValue)\"}"])
    }

    @Test(
        "1,500 that drip a handshake from one address: 512 are held till the deadline, a user signs in and writes meanwhile"
    )
    func handshake() async throws {
        let runtime = try await node()
        let connector = ClientConnector()
        let bob = try await runtime.phone("bob", through: connector)
        #expect(try await bob.register() > 0)
        var held: [any Channel] = []
        for _ in 0..<1_500 {
            held.append(
                try await connect(runtime) { channel in
                    try channel.pipeline.syncOperations.addHandler(Drip(after: Drip.hello, every: .seconds(1)))
                })
        }
        // The one connection that a user needs waits for none of them.
        let alice = try await runtime.phone("alice", through: connector)
        #expect(try await alice.register() > 0)
        #expect(try await alice.send("hello", to: "sip:bob@contoso.example").status == 200)
        let open = held.count { $0.isActive }
        #expect(open > 0 && open <= Self.limits.unprovenPerAddressMax, "\(open)")
        for channel in held { try await channel.closeFuture.get() }
        // Their places are free again: a newcomer from there is not closed at once.
        #expect(try await refused(runtime, .e702) == 1_500 - refused(runtime, .e704))
        let next = try await connect(runtime) { channel in
            try channel.pipeline.syncOperations.addHandler(Drip(after: Drip.hello, every: .seconds(1)))
        }
        #expect(try await alice.send("again", to: "sip:bob@contoso.example").status == 200)
        #expect(next.isActive)
        try await next.close()
        await alice.close()
        await bob.close()
        try await connector.stop()
        await runtime.stop(drainSeconds: 0)
    }

    @Test(
        "A message has 2 s from its first octet to its last, however steadily it drips; one in two halves is answered")
    func message() async throws {
        let runtime = try await node()
        let tls = try TrustTLS.client(material: nil, protocols: ["sip"])
        let text =
            "OPTIONS sip:contoso.example SIP/2.0\r\nVia: SIP/2.0/TLS x.example;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
            + "From: <sip:x@contoso.example>;tag=1\r\nTo: <sip:contoso.example>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
            + "Content-Length: 0\r\n\r\n"
        func open(_ drip: @escaping @Sendable () -> Drip) async throws -> any Channel {
            try await connect(runtime) { channel in
                try tls.install(dialling: .server(NodeOrganisation.frontName), in: channel) { _ in true }
                try channel.pipeline.syncOperations.addHandler(drip())
            }
        }
        // They have spoken, so that nothing but the message ends them before the quiet one is ended for its silence.
        var drips: [any Channel] = []
        for _ in 0..<50 {
            drips.append(try await open { Drip(after: Array((text + text.prefix(40)).utf8), every: .milliseconds(50)) })
        }
        // Line ends between messages begin none, and drip as they like.
        let quiet = try await open { Drip(after: [], every: .milliseconds(50), drop: [13, 10]) }
        let answered = Answers()
        let whole = try await open {
            Drip(
                after: Array(text.utf8.prefix(40)), every: .milliseconds(500), drop: Array(text.utf8.dropFirst(40)),
                answers: answered)
        }
        while answered.octets.isEmpty, whole.isActive { await Task.yield() }
        #expect(String(decoding: answered.octets.prefix(11), as: UTF8.self) == "SIP/2.0 200")
        for channel in drips { try await channel.closeFuture.get() }
        #expect(quiet.isActive && whole.isActive)
        #expect(try await refused(runtime, .e704) == 50)
        try await quiet.close()
        try await whole.close()
        await runtime.stop(drainSeconds: 0)
    }
}

/// What came back on a connection.
private final class Answers: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    var octets: [UInt8] { bytes.withLock { $0 } }

    func add(_ more: [UInt8]) { bytes.withLock { $0 += more } }
}

/// Sends a beginning, then a drop at a time until the connection ends.
private final class Drip: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The beginning of a ClientHello of 512 octets that never comes whole.
    static let hello: [UInt8] = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]

    private let start: [UInt8]
    private let drop: [UInt8]
    private let interval: TimeAmount
    private let answers: Answers?
    private var task: RepeatedTask?

    init(after start: [UInt8], every interval: TimeAmount, drop: [UInt8] = [UInt8(ascii: "x")], answers: Answers? = nil)
    {
        self.start = start
        self.interval = interval
        self.drop = drop
        self.answers = answers
    }

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: start)), promise: nil)
        let drop = drop
        task = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            let context = bound.value
            context.writeAndFlush(NIOAny(ByteBuffer(bytes: drop)), promise: nil)
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        answers?.add(Array(buffer.readableBytesView))
    }

    func channelInactive(context: ChannelHandlerContext) {
        task?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
