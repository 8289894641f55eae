import Basis
public import NIOCore
import NIOSSL
import NIOTLS
public import Trust

/// TLS for channels that speak something else than SIP: the trust channel between servers.
///
/// The pipeline gets the hello reader, TLS, and a gate. The gate makes the evidence when the handshake has ended, asks the
/// caller's `admit`, and lets nothing of what the peer sent through to the handlers behind before the answer is yes.
public struct TrustTLS: Sendable {
    private let contexts: TLSContexts
    private let limits: TransportLimits

    /// TLS for accepted channels. A certificate is asked for and not required: `admit` sees what came.
    public static func server(
        material: TLSMaterial, protocols: [String] = ["http/1.1"], limits: TransportLimits = .standard
    ) throws(TLSMaterial.Problem) -> TrustTLS {
        let contexts = try TLSContexts(
            .server(protocols: protocols), material: material, lifetime: limits.contextLifetime, now: LoopClock.now)
        return TrustTLS(contexts: contexts, limits: limits)
    }

    /// TLS for channels that we open.
    public static func client(
        material: TLSMaterial?, protocols: [String] = ["http/1.1"], limits: TransportLimits = .standard
    ) throws(TLSMaterial.Problem) -> TrustTLS {
        let contexts = try TLSContexts(
            .client(protocols: protocols), material: material, lifetime: limits.contextLifetime, now: LoopClock.now)
        return TrustTLS(contexts: contexts, limits: limits)
    }

    private init(contexts: TLSContexts, limits: TransportLimits) {
        self.contexts = contexts
        self.limits = limits
    }

    /// Shows another certificate from the next channel on.
    public func replace(_ material: TLSMaterial) {
        contexts.replace(material)
    }

    /// The trust changed: session tickets that were given out until now are void.
    public func endGeneration() {
        contexts.endGeneration()
    }

    /// Puts TLS and the gate into the pipeline of an accepted channel, before anything else. On the channel's loop.
    ///
    /// The channel must not have begun to read: call it from the initialiser. `admit` is called once, on the loop.
    public func install(
        accepting facts: ListenerFacts, in channel: any Channel, admit: @escaping @Sendable (LinkEvidence) -> Bool
    ) throws {
        let watch = HandshakeWatch(
            accepting: facts, context: try contexts.context(at: LoopClock.now), limits: limits)
        try install(watch, in: channel, admit)
    }

    /// Puts TLS and the gate into the pipeline of a channel that is about to connect. On the channel's loop.
    public func install(
        dialling dialled: Dialled, in channel: any Channel, admit: @escaping @Sendable (LinkEvidence) -> Bool
    ) throws {
        let watch = try HandshakeWatch(
            dialling: dialled, context: try contexts.context(at: LoopClock.now), limits: limits)
        try install(watch, in: channel, admit)
    }

    private func install(
        _ watch: HandshakeWatch, in channel: any Channel, _ admit: @escaping @Sendable (LinkEvidence) -> Bool
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        try watch.install(in: pipeline)
        try pipeline.addHandler(EvidenceGate(watch: watch, limits: limits, admit: admit))
    }
}

/// Holds back what a peer sends until its evidence was judged.
///
/// The handlers behind may write before that: TLS keeps it, and a refusal drops it.
public final class EvidenceGate: ChannelDuplexHandler {
    public typealias InboundIn = ByteBuffer
    public typealias InboundOut = ByteBuffer
    public typealias OutboundIn = ByteBuffer
    public typealias OutboundOut = ByteBuffer

    /// What the handshake showed; nil before it ended and after a refusal. Read it on the channel's loop.
    public private(set) var evidence: LinkEvidence?

    private let watch: HandshakeWatch
    private let limits: TransportLimits
    private let admit: @Sendable (LinkEvidence) -> Bool
    private var deadline: Scheduled<Void>?
    private var waiting: [(NIOAny, EventLoopPromise<Void>?)] = []

    init(watch: HandshakeWatch, limits: TransportLimits, admit: @escaping @Sendable (LinkEvidence) -> Bool) {
        self.watch = watch
        self.limits = limits
        self.admit = admit
    }

    public func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    public func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted(let protocolName) = event {
            deadline?.cancel()
            deadline = nil
            let shown = watch.evidence(selected: protocolName, context: context)
            guard admit(shown) else { return refuse(context) }
            evidence = shown
            for (data, promise) in waiting { context.write(data, promise: promise) }
            waiting = []
            context.flush()
        }
        context.fireUserInboundEventTriggered(event)
    }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if evidence != nil { context.fireChannelRead(data) }
    }

    public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if evidence != nil {
            context.write(data, promise: promise)
        } else {
            waiting.append((data, promise))
        }
    }

    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }

    public func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    public func handlerRemoved(context: ChannelHandlerContext) {
        end()
        watch.release()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard deadline == nil else { return }
        let delay = TimeAmount.nanoseconds(Int64(clamping: limits.handshakeDeadline.nanoseconds))
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: delay) { context.close(promise: nil) }
    }

    private func refuse(_ context: ChannelHandlerContext) {
        end()
        context.close(promise: nil)
    }

    private func end() {
        deadline?.cancel()
        deadline = nil
        let dropped = waiting
        waiting = []
        for (_, promise) in dropped { promise?.fail(ChannelError.ioOnClosedChannel) }
    }
}
