import Basis
import NIOCore
import NIOPosix
import NIOTLS
import Server
import Testing
import Transport
import Trust
import UserAgent

@testable import Node

/// T37 on real sockets: who asks and does not listen is not listened to, and nobody else notices.
@Suite("Threat T37: a reader that stands still", .serialized, .timeLimit(.minutes(1)))
struct StalledReaderTests {
    private static let requests = 10_000
    /// What the burst of an unproven connection and a few seconds of its rate come to, with what each pause has read already.
    private static let readMax = 1_500.0

    @Test(
        "10,000 requests of a client that reads nothing: the server leaves most of them unread, and two users write on")
    func client() async throws {
        let organisation = try await NodeOrganisation(users: ["alice", "bob"])
        let runtime = try await NodeStart(folder: organisation.front, loops: 1, manager: nil).run()
        let connector = ClientConnector()
        let (alice, bob) = (
            try await runtime.phone("alice", through: connector), try await runtime.phone("bob", through: connector)
        )
        #expect(try await alice.register() > 0)
        #expect(try await bob.register() > 0)
        let address = try #require(runtime.addresses.listeners["internal"])
        let tls = try TrustTLS.client(material: nil, protocols: ["sip"])
        let stalled = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try tls.install(dialling: .server(NodeOrganisation.frontName), in: channel) { _ in true }
                    try channel.pipeline.syncOperations.addHandler(Flood(count: Self.requests))
                }
            }
            .connect(host: address.host, port: Int(address.port)).get()
        for _ in 0..<50 {
            #expect(try await alice.send("hello", to: "sip:bob@contoso.example").status == 200)
        }
        let metrics = try await runtime.metrics()
        let received = try #require(metrics[#"entente_sip_messages_received_total{class="client"}"#])
        #expect(received < Self.readMax, "\(received)")
        #expect(try #require(metrics[#"entente_requests_refused_total{of="connection"}"#]) > 0)
        #expect(stalled.isActive)
        try await stalled.close()
        await alice.close()
        await bob.close()
        try await connector.stop()
        await runtime.stop(drainSeconds: 0)
    }
}

/// Writes so many requests as soon as TLS stands, and reads nothing from then on.
private final class Flood: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let count: Int

    init(count: Int) {
        self.count = count
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case TLSUserEvent.handshakeCompleted = event else { return }
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        var buffer = context.channel.allocator.buffer(capacity: count * 300)
        for number in 0..<count {
            buffer.writeString(
                "OPTIONS sip:contoso.example SIP/2.0\r\nVia: SIP/2.0/TLS x.example;branch=z9hG4bK\(number)\r\n"
                    + "Max-Forwards: 70\r\nFrom: <sip:x@contoso.example>;tag=1\r\nTo: <sip:contoso.example>\r\n"
                    + "Call-ID: \(number)\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")
        }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }
}
