public import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
public import Transport
public import Trust

/// A small HTTP server: whole requests in, whole responses out. One for the trust channel, one for metrics and health, one
/// on a Unix socket for administration.
///
/// Control path only: its handlers are async, and no SIP message ever comes here.
public final class WebServer: Sendable {
    /// How a listener protects itself.
    public enum Security: Sendable {
        /// TLS with a certificate asked for; `admit` judges what the handshake showed.
        case tls(TrustTLS, ListenerFacts, admit: @Sendable (LinkEvidence) -> Bool)
        /// None: a Unix socket, or loopback.
        case none
    }

    /// The address, with the port that the system chose when it was asked to.
    public let address: WebAddress
    /// The same, where it is one of the network.
    public var networkAddress: NetworkAddress? {
        if case .network(let address) = address { address } else { nil }
    }
    private let channel: any Channel
    private let answers: RunningAnswers

    private init(address: WebAddress, channel: any Channel, answers: RunningAnswers) {
        self.address = address
        self.channel = channel
        self.answers = answers
    }

    /// Opens a listener. A Unix socket is its owner's alone from the first moment, and replaces the one of a process before.
    ///
    /// - Parameter isKnown: Whether requests with this evidence may be large and many on one connection. Of everybody else
    ///   there are at most `WebLimits.strangersMax` at once, each small and alone on its connection.
    public static func start(
        on address: WebAddress, security: Security, group: any EventLoopGroup,
        isKnown: @escaping @Sendable (LinkEvidence?) -> Bool,
        handler: @escaping @Sendable (WebRequest) async -> WebResponse
    ) async throws -> WebServer {
        let strangers = ConnectionCount(max: WebLimits.strangersMax)
        let places = Places()
        let answers = RunningAnswers()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(ChannelOptions.backlog, value: 128)
            // A restart must not wait for connections of the process before that are in TIME_WAIT.
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                let place =
                    if case .tls = security {
                        places.enter(from: channel.remoteAddress) { channel.close(promise: nil) }
                    } else {
                        places.enterKnown()
                    }
                guard let place else { return channel.close() }
                channel.closeFuture.whenComplete { _ in places.leave(place) }
                return channel.eventLoop.makeCompletedFuture {
                    var gate: NIOLoopBound<EvidenceGate>?
                    if case .tls(let tls, let facts, let admit) = security {
                        try tls.install(accepting: facts, in: channel) { evidence in
                            admit(evidence) && (!isKnown(evidence) || places.admit(place))
                        }
                        gate = NIOLoopBound(
                            try channel.pipeline.syncOperations.handler(type: EvidenceGate.self),
                            eventLoop: channel.eventLoop)
                    }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(
                        RequestHandler(
                            gate: gate, isKnown: isKnown, strangers: strangers, answers: answers, handler: handler))
                }
            }
        switch address {
        case .network(let network):
            let channel = try await bootstrap.bind(host: network.host, port: Int(network.port)).get()
            let port = UInt16(clamping: channel.localAddress?.port ?? Int(network.port))
            let bound = network.with(port: port)
            return WebServer(address: .network(bound), channel: channel, answers: answers)
        case .socket(let path):
            let channel = try await bootstrap.bind(toOwnSocket: path)
            return WebServer(address: address, channel: channel, answers: answers)
        }
    }

    /// Stops accepting, and returns when no handler runs any more: those that wait for something are cancelled, and what
    /// they answer then is still sent.
    public func stop() async {
        try? await channel.close()
        await answers.stop()
    }
}

/// The handlers that are at work for a listener.
private final class RunningAnswers: Sendable {
    private struct State {
        var tasks: [UInt64: Task<Void, Never>] = [:]
        var started: UInt64 = 0
    }

    private let state = Mutex(State())

    func start(_ work: @escaping @Sendable () async -> Void) {
        state.withLock { state in
            state.started += 1
            let id = state.started
            state.tasks[id] = Task {
                await work()
                self.state.withLock { $0.tasks[id] = nil }
            }
        }
    }

    func stop() async {
        let running = state.withLock { Array($0.tasks.values) }
        for task in running { task.cancel() }
        for task in running { await task.value }
    }
}

/// Collects a request, hands it on, writes the answer.
private final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let gate: NIOLoopBound<EvidenceGate>?
    private let isKnown: @Sendable (LinkEvidence?) -> Bool
    private let strangers: ConnectionCount
    private let answers: RunningAnswers
    private let handler: @Sendable (WebRequest) async -> WebResponse
    /// Whether this connection counts among the strangers.
    private var isStranger = false
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var deadline: Scheduled<Void>?

    init(
        gate: NIOLoopBound<EvidenceGate>?, isKnown: @escaping @Sendable (LinkEvidence?) -> Bool,
        strangers: ConnectionCount, answers: RunningAnswers,
        handler: @escaping @Sendable (WebRequest) async -> WebResponse
    ) {
        self.gate = gate
        self.isKnown = isKnown
        self.strangers = strangers
        self.answers = answers
        self.handler = handler
    }

    func channelActive(context: ChannelHandlerContext) {
        startDeadline(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        if isStranger { strangers.leave() }
        isStranger = false
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard isAdmitted() else { return context.close(promise: nil) }
            self.head = head
            body = []
        case .body(let part):
            let bytesMax = isStranger ? WebLimits.strangerBodyBytesMax : WebLimits.bodyBytesMax
            // Without a head this is the rest of a request that was refused.
            guard head != nil else { return }
            guard body.count + part.readableBytes <= bytesMax else {
                (head, body) = (nil, [])
                return context.close(promise: nil)
            }
            body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let head else { return context.close(promise: nil) }
            deadline?.cancel()
            answer(head, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Judged for each request: the trust may have changed since the one before.
    private func isAdmitted() -> Bool {
        guard !isStranger, !isKnown(gate?.value.evidence) else { return true }
        isStranger = strangers.enter()
        return isStranger
    }

    private func startDeadline(_ context: ChannelHandlerContext) {
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: .seconds(WebLimits.requestSecondsMax)) {
            channel.close(promise: nil)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let (path, query) = Self.split(head.uri)
        let request = WebRequest(
            method: head.method.rawValue, path: path, query: query, body: body, evidence: gate?.value.evidence)
        self.head = nil
        body = []
        let handler = handler
        let keepAlive = head.isKeepAlive && !isStranger
        let promise = context.eventLoop.makePromise(of: WebResponse.self)
        answers.start { promise.succeed(await handler(request)) }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        promise.futureResult.whenSuccess { response in
            let (handler, context) = bound.value
            handler.write(response, keepAlive: keepAlive, context)
        }
    }

    private func write(_ response: WebResponse, keepAlive: Bool, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: response.contentType)
        headers.add(name: "Content-Length", value: String(response.body.count))
        headers.add(name: "Cache-Control", value: "no-store")
        if !keepAlive { headers.add(name: "Connection", value: "close") }
        let status = HTTPResponseStatus(statusCode: response.status)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: response.body)))), promise: nil)
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
        // Who does not take the answer is not waited for either.
        startDeadline(context)
        if !keepAlive {
            let channel = context.channel
            written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        }
    }

    /// Path and query of a request target. Nothing here needs percent-encoding, so it is not decoded: what does not match a
    /// path exactly is not found.
    private static func split(_ uri: String) -> (path: String, query: [String: String]) {
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var query: [String: String] = [:]
        for pair in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[String(sides[0])] = sides.count > 1 ? String(sides[1]) : ""
        }
        return (String(parts[0]), query)
    }
}
