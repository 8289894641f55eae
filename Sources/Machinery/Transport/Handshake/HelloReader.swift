import NIOCore

/// Stands before TLS during the handshake, notes what both hellos say, and is taken out when the handshake has ended.
///
/// NIOSSL reports neither the group, nor the name asked for, nor an ALPN offer that found no match. The octets pass
/// through unchanged; only a stream that does not begin like TLS is stopped here.
final class HelloReader: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What is told to the handlers behind TLS.
    enum Finding: Sendable {
        /// E001: the first octet is not that of a TLS record. The socket has been closed.
        case notTLS(firstOctet: UInt8)
    }

    /// Which end of the handshake this process is.
    enum Side {
        case client
        case server
    }

    private(set) var facts = HelloFacts()

    private let side: Side
    private var client = HandshakeScanner()
    private var server = HandshakeScanner()
    private var hasFirstOctet = false
    private var isStopped = false

    init(side: Side) {
        self.side = side
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isStopped else { return }
        let buffer = unwrapInboundIn(data)
        if !hasFirstOctet, let octet = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) {
            hasFirstOctet = true
            guard Self.beginsRecord(octet) else { return stop(context, octet) }
        }
        observe(buffer, fromClient: side == .server)
        // Nothing may follow: the handlers behind may have taken this one out when the call returns.
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        observe(unwrapOutboundIn(data), fromClient: side == .client)
        context.write(data, promise: promise)
    }

    // RFC 8446 §5.1: a handshake begins with a record of type handshake; the answer may be one of type alert.
    private static func beginsRecord(_ octet: UInt8) -> Bool { octet == 22 || octet == 21 }

    private func stop(_ context: ChannelHandlerContext, _ octet: UInt8) {
        isStopped = true
        context.fireUserInboundEventTriggered(Finding.notTLS(firstOctet: octet))
        context.close(promise: nil)
    }

    private func observe(_ buffer: ByteBuffer, fromClient: Bool) {
        if fromClient {
            guard !client.hasEnded else { return }
            client.receive(buffer.readableBytesUInt8Span) { message in
                guard message.type == .clientHello else { return true }
                // RFC 8446 §4.1.2: a second ClientHello repeats the names and protocols of the first.
                facts.readClientHello(message.body)
                return false
            }
        } else {
            guard !server.hasEnded else { return }
            server.receive(buffer.readableBytesUInt8Span) { message in
                switch message.type {
                case .clientHello:
                    return true
                case .serverHello:
                    return !facts.readServerHello(message.body)
                case .serverKeyExchange:
                    facts.readServerKeyExchange(message.body)
                    return false
                case .serverHelloDone:
                    return false
                }
            }
        }
    }
}
