import Foundation
import NIOCore
import NIOPosix
import Testing
import Trust
import Web

@Suite("The small HTTP server and strangers")
struct WebServerTests {
    /// A server on loopback that answers with the length of the body.
    private func server(isKnown: Bool) async throws -> (server: WebServer, address: NetworkAddress) {
        let server = try await WebServer.start(
            on: .network(try #require(NetworkAddress("127.0.0.1:0"))), security: .none,
            group: MultiThreadedEventLoopGroup.singleton, isKnown: { _ in isKnown },
            handler: { .text("\($0.body.count)") })
        guard case .network(let address) = server.address else { throw ChannelError.unknownLocalAddress }
        return (server, address)
    }

    private func send(_ count: Int, to address: NetworkAddress) async throws -> String {
        let response = try await WebClient.send(
            WebRequest(method: "POST", path: "/", body: [UInt8](repeating: 65, count: count)), to: .network(address),
            security: .none, seconds: 60)
        return String(decoding: response.body, as: UTF8.self)
    }

    @Test("A stranger's body is small; who is known may send a large one")
    func bodies() async throws {
        let (open, known) = try await server(isKnown: true)
        let (closed, unknown) = try await server(isKnown: false)
        let large = WebLimits.strangerBodyBytesMax + 1
        #expect(try await send(large, to: known) == "\(large)")
        #expect(try await send(large - 1, to: unknown) == "\(large - 1)")
        await #expect(throws: WebFailure.self) { try await send(large, to: unknown) }
        await open.stop()
        await closed.stop()
    }

    @Test("A stranger has one request for each connection, and no more than so many at once", arguments: [true, false])
    func requests(isKnown: Bool) async throws {
        let (server, address) = try await server(isKnown: isKnown)
        let answers = try await answers(
            to: ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"], at: address)
        #expect(answers == (isKnown ? 2 : 1))
        await server.stop()
        // Heads without an end hold their places; the next one is turned away.
        guard !isKnown else { return }
        let (crowded, place) = try await self.server(isKnown: false)
        var held: [any Channel] = []
        for _ in 0..<WebLimits.strangersMax {
            let channel = try await connect(to: place)
            try await channel.writeAndFlush(
                ByteBuffer(string: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"))
            held.append(channel)
        }
        var isTurnedAway = false
        for _ in 0..<100 where !isTurnedAway {
            do { _ = try await send(1, to: place) } catch is WebFailure { isTurnedAway = true }
        }
        #expect(isTurnedAway)
        for channel in held { try? await channel.close() }
        await crowded.stop()
    }

    @Test("A socket is made and reached in a folder of any depth, for its owner alone", arguments: [1, 8])
    func socket(depth: Int) async throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "socket-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        // With eight of these the name is longer than the 107 octets that the system takes.
        let folder = (0..<depth).reduce(root) { folder, _ in folder.appending(path: "a-folder-in-a-folder") }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appending(path: "admin.sock").path
        let server = try await WebServer.start(
            on: .socket(path: path), security: .none, group: MultiThreadedEventLoopGroup.singleton,
            isKnown: { _ in true }, handler: { .text($0.path) })
        let response = try await WebClient.send(
            WebRequest(method: "GET", path: "/here"), to: .socket(path: path), security: .none, seconds: 60)
        #expect(String(decoding: response.body, as: UTF8.self) == "/here")
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        await server.stop()
    }

    private func connect(to address: NetworkAddress) async throws -> any Channel {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: address.host, port: Int(address.port)).get()
    }

    /// Sends the requests in one go and counts the answers until the server closes, or all are there.
    private func answers(to requests: [String], at address: NetworkAddress) async throws -> Int {
        let done = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: Int.self)
        let wanted = requests.count
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AnswerCounter(wanted: wanted, done: done))
                }
            }
            .connect(host: address.host, port: Int(address.port)).get()
        try await channel.writeAndFlush(ByteBuffer(string: requests.joined()))
        let count = try await done.futureResult.get()
        try? await channel.close()
        return count
    }
}

/// Counts status lines.
private final class AnswerCounter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let wanted: Int
    private let done: EventLoopPromise<Int>
    private var text = ""

    init(wanted: Int, done: EventLoopPromise<Int>) {
        self.wanted = wanted
        self.done = done
    }

    private var count: Int { text.components(separatedBy: "HTTP/1.1 200").count - 1 }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text += String(buffer: unwrapInboundIn(data))
        if count == wanted { done.succeed(count) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        done.succeed(count)
    }
}
