public import NIOCore
import NIOHTTP1
public import NIOPosix
public import Transport
public import Trust

/// One HTTP request over a connection of its own: to the trust channel of another server by its key, or to the
/// administration socket of this machine.
public enum WebClient {
    /// How the connection is protected.
    public enum Security: Sendable {
        /// TLS; `admit` judges what the handshake showed.
        case tls(TrustTLS, Dialled, admit: @Sendable (LinkEvidence) -> Bool)
        /// None: a Unix socket, or loopback.
        case none
    }

    /// Sends a request and waits for the answer, at most `seconds`.
    public static func send(
        _ request: WebRequest, to address: WebAddress, security: Security,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, seconds: Int64
    ) async throws(WebFailure) -> WebResponse {
        let answer = group.next().makePromise(of: WebResponse.self)
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(.seconds(min(seconds, 5)))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if case .tls(let tls, let dialled, let admit) = security {
                        try tls.install(dialling: dialled, in: channel) { evidence in
                            let isAdmitted = admit(evidence)
                            if !isAdmitted { answer.fail(WebFailure.refused(address)) }
                            return isAdmitted
                        }
                    }
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(ResponseHandler(address: address, answer: answer))
                }
            }
        let connected: EventLoopFuture<any Channel>
        switch address {
        case .network(let network): connected = bootstrap.connect(host: network.host, port: Int(network.port))
        case .socket(let path):
            let name = SocketName(path)
            connected = bootstrap.connect(unixDomainSocketPath: name.path)
            connected.whenComplete { _ in name.release() }
        }
        connected.whenFailure { answer.fail(WebFailure.unreachable(address, String(describing: $0))) }
        connected.whenSuccess { channel in
            let deadline = channel.eventLoop.scheduleTask(in: .seconds(seconds)) { channel.close(promise: nil) }
            answer.futureResult.whenComplete { _ in
                deadline.cancel()
                channel.close(promise: nil)
            }
            write(request, to: channel)
        }
        do {
            return try await withTaskCancellationHandler {
                try await answer.futureResult.get()
            } onCancel: {
                answer.fail(WebFailure.unreachable(address, "the request was cancelled"))
            }
        } catch let failure as WebFailure {
            throw failure
        } catch {
            throw .unreachable(address, String(describing: error))
        }
    }

    private static func write(_ request: WebRequest, to channel: any Channel) {
        var uri = request.path
        if !request.query.isEmpty {
            uri +=
                "?" + request.query.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "&")
        }
        var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: request.method), uri: uri)
        head.headers.add(name: "Host", value: "localhost")
        head.headers.add(name: "Content-Length", value: String(request.body.count))
        head.headers.add(name: "Connection", value: "close")
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: request.body))), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }
}

private final class ResponseHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let address: WebAddress
    private let answer: EventLoopPromise<WebResponse>
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []

    init(address: WebAddress, answer: EventLoopPromise<WebResponse>) {
        self.address = address
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
        case .body(let part):
            guard body.count + part.readableBytes <= WebLimits.bodyBytesMax else {
                answer.fail(WebFailure.malformed(address))
                return context.close(promise: nil)
            }
            body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let head else { return answer.fail(WebFailure.malformed(address)) }
            let type = head.headers.first(name: "Content-Type") ?? ""
            answer.succeed(WebResponse(status: Int(head.status.code), contentType: type, body: body))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(WebFailure.unreachable(address, String(describing: error)))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.fail(WebFailure.unreachable(address, "the connection was closed"))
        context.fireChannelInactive()
    }
}
