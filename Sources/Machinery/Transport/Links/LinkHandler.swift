import Basis
import NIOCore
import NIOSSL
import NIOTLS
import SIP
import Server
import Trust

/// One connection, behind TLS: waits for the handshake, waits for the decision, then turns octets into inputs.
///
/// No protocol lives here. What a handler may do to a connection is asked by the shard through `LoopConnections`.
final class LinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Where a connection stands. It only moves downwards, and may skip.
    private enum Phase {
        /// TLS is under way; nothing is registered.
        case handshaking
        /// Registered and reported; what the peer sent meanwhile is held unread.
        case waiting(held: [UInt8])
        /// Admitted: octets go to the reader.
        case admitted
        /// The last octets leave; nothing is read.
        case draining
        /// The socket is closed, or about to be.
        case closed
    }

    let watch: HandshakeWatch
    let connections: LoopConnections
    private let origin: Origin
    private var phase = Phase.handshaking
    private var context: ChannelHandlerContext?
    private var id: ConnectionID?
    private var reader: LinkReader?
    private var pending: ByteBuffer?
    // Timers hold the handler and are cancelled with it. A weak reference would cost every later retain of it a side table.
    private var deadline: Scheduled<Void>?
    private var patience: Scheduled<Void>?
    /// While it is there nothing is read: the peer asked for too much.
    private var hold: Scheduled<Void>?
    private var countsAsHandshake = false
    private var messagesThisTurn = 0
    /// Whether the end of this turn is waited for already.
    var isTouched = false
    private var isReadingPaused = false
    private var isCongested = false
    /// A client that does not read its answers is not read either; links between servers go on, or two could stop each other.
    private var stopsReadingWhenCongested = false

    /// What began this connection.
    enum Origin {
        /// The listener with this name accepted it.
        case accepted(listener: String)
        /// The shard asked for it.
        case dialled(Dialled)
    }

    init(watch: HandshakeWatch, origin: Origin, connections: LoopConnections) {
        self.watch = watch
        self.origin = origin
        self.connections = connections
    }

    // MARK: Handshake

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if case .accepted(let listener) = origin {
            countsAsHandshake = true
            connections.handshakeBegan(at: listener)
            let patience = TimeAmount.nanoseconds(Int64(clamping: connections.limits.handshakePatience.nanoseconds))
            self.patience = context.eventLoop.assumeIsolated().scheduleTask(in: patience) { self.leaveGate() }
        }
        if context.channel.isActive { start(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
    }

    private func start(_ context: ChannelHandlerContext) {
        guard deadline == nil, case .handshaking = phase else { return }
        arm(connections.limits.handshakeDeadline, context) { handler in
            handler.handshakePassedDeadline()
        }
        context.read()
    }

    private func handshakePassedDeadline() {
        guard case .handshaking = phase else { return }
        let why = "no complete handshake after \(connections.limits.handshakeDeadline.wholeMilliseconds) ms"
        switch origin {
        case .accepted: connections.report(.limitReached(.e704, remoteAddress: remoteAddress, why: why))
        case .dialled(let dialled): connections.post(.dialFailed(dialled, why: "\(TrustCode.e704.rawValue): \(why)"))
        }
        cut()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted(let protocolName):
            handshakeCompleted(protocolName, context)
        case HelloReader.Finding.notTLS(let octet):
            handshakeFailed("first octet 0x\(String(octet, radix: 16)) is none of TLS", isTLS: false)
        default:
            break
        }
    }

    private func handshakeCompleted(_ protocolName: String?, _ context: ChannelHandlerContext) {
        guard case .handshaking = phase else { return }
        endHandshake()
        let evidence = watch.evidence(selected: protocolName, context: context)
        guard let id = connections.register(self) else {
            let why = "\(connections.limits.connectionsMax) connections are open on this loop"
            switch origin {
            case .accepted: connections.report(.limitReached(.e702, remoteAddress: remoteAddress, why: why))
            case .dialled(let dialled):
                connections.post(.dialFailed(dialled, why: "\(TrustCode.e702.rawValue): \(why)"))
            }
            return cut()
        }
        self.id = id
        phase = .waiting(held: [])
        // First registered, then decided, then read: no change of the trust slips between.
        connections.post(.established(id, evidence))
    }

    private func handshakeFailed(_ why: String, isTLS: Bool) {
        guard case .handshaking = phase else { return }
        phase = .closed
        endHandshake()
        switch origin {
        case .accepted:
            connections.report(
                .handshakeFailed(watch.evidence(ofFailure: why, isTLS: isTLS, remoteAddress: remoteAddress)))
        case .dialled(let dialled):
            let code = isTLS ? TrustCode.e005 : TrustCode.e001
            connections.post(.dialFailed(dialled, why: "\(code.rawValue): \(why)"))
        }
    }

    private func endHandshake() {
        disarm()
        leaveGate()
    }

    /// Lets the next connection in: the handshake has ended, or waits for its peer.
    private func leaveGate() {
        patience?.cancel()
        patience = nil
        if countsAsHandshake, case .accepted(let listener) = origin {
            countsAsHandshake = false
            connections.handshakeEnded(at: listener)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        handshakeFailed(String(describing: error), isTLS: true)
        context.close(promise: nil)
    }

    // MARK: Reading

    /// The shard admitted the link: the reader is made with the proof, and what was held goes first.
    func admit(_ peer: VerifiedPeer) {
        guard case .waiting(let held) = phase, let context else { return }
        phase = .admitted
        var isOutbound = false
        if case .dialled = origin { isOutbound = true }
        reader = LinkReader(admitted: peer, isOutbound: isOutbound)
        stopsReadingWhenCongested = peer.peerClass == .client
        if peer.peerClass != .client { connections.markProven(remoteAddress, of: self) }
        if !held.isEmpty { read(held.span, context) }
        setReading(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        switch phase {
        case .waiting(var held):
            phase = .closed
            guard held.count + buffer.readableBytes <= connections.limits.heldBytesMax else {
                connections.report(
                    .limitReached(.e703, remoteAddress: remoteAddress, why: "too much was sent before the admission"))
                return cut()
            }
            held.append(contentsOf: buffer.readableBytesView)
            phase = .waiting(held: held)
        case .admitted:
            read(buffer.readableBytesUInt8Span, context)
        case .handshaking, .draining, .closed:
            break
        }
    }

    private func read(_ bytes: Span<UInt8>, _ context: ChannelHandlerContext) {
        guard let id else { return }
        let count = connections.frame(bytes, with: &reader, as: id)
        watchPartial(context, hasProgress: count > 0)
        messagesThisTurn += count
        if messagesThisTurn > 0 { connections.finishTurn(self) }
        if messagesThisTurn >= connections.limits.messagesPerTurnMax, !isReadingPaused {
            isReadingPaused = true
            setReading(context)
        }
    }

    /// The octets of a message come within its deadline, or not at all: drops cannot hold a connection for ever.
    private func watchPartial(_ context: ChannelHandlerContext, hasProgress: Bool) {
        let hasPartial = reader?.hasPartial ?? false
        if hasProgress || !hasPartial { disarm() }
        if hasPartial, deadline == nil {
            arm(connections.limits.messageDeadline, context) { handler in
                handler.connections.report(
                    .limitReached(.e704, remoteAddress: handler.remoteAddress, why: "a message began and did not end"))
                handler.cut()
            }
        }
    }

    private func setReading(_ context: ChannelHandlerContext) {
        guard case .admitted = phase else { return }
        let isOn = !isReadingPaused && hold == nil && !(isCongested && stopsReadingWhenCongested)
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }

    /// Reads nothing for so long: what the peer sends meanwhile stays in the kernel, and then with him.
    func hold(for interval: Interval) {
        guard case .admitted = phase, hold == nil, let context else { return }
        let delay = TimeAmount.nanoseconds(Int64(clamping: interval.nanoseconds))
        hold = context.eventLoop.assumeIsolated().scheduleTask(in: delay) {
            self.hold = nil
            self.setReading(context)
        }
        setReading(context)
    }

    // MARK: Writing

    /// Appends to what leaves at the end of the turn.
    func write(_ bytes: ArraySlice<UInt8>) {
        guard case .admitted = phase, let context else { return }
        if pending == nil { pending = connections.spareBuffer(context.channel.allocator) }
        pending?.writeBytes(bytes)
        connections.finishTurn(self)
    }

    /// The end of a turn: one write and one flush for everything that the turn wrote, and reading goes on.
    func endTurn() {
        isTouched = false
        messagesThisTurn = 0
        guard let context else { return }
        if let buffer = pending.take() {
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
            connections.reuse(consume buffer)
            if isCongested, stalledBytes(context) > connections.limits.stalledBytesMax { return cut() }
        }
        if isReadingPaused {
            isReadingPaused = false
            setReading(context)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isCongested = !context.channel.isWritable
        guard let id, isCongested != self.isCongested, case .admitted = phase else { return }
        self.isCongested = isCongested
        connections.post(.congested(id, isCongested))
        if stopsReadingWhenCongested { setReading(context) }
    }

    private func stalledBytes(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    // MARK: Closing

    /// Closes as the cause wants it: in order, or at once.
    func close(_ cause: CloseCause) {
        guard cause.drainsFirst, case .admitted = phase, let context else { return cut() }
        phase = .draining
        reader = nil
        disarm()
        endHold()
        arm(connections.limits.drainDeadline, context) { handler in handler.cut() }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in self.context?.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(pending ?? ByteBuffer()), promise: written)
        pending = nil
        // The peer's own close must be seen, and what it still sends must not turn our last octets into a reset.
        try? context.channel.syncOptions?.setOption(.autoRead, value: true)
    }

    /// Closes at once: one TLS close is tried, what was not sent is dropped, what was not read stays unread.
    func cut() {
        phase = .closed
        reader = nil
        pending = nil
        endHandshake()
        endHold()
        guard let context else { return }
        let channel = context.channel
        context.close(promise: nil)
        watch.removeTLS(from: channel.pipeline.syncOperations)
        channel.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        handshakeFailed("the peer closed the connection", isTLS: true)
        gone()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        gone()
        self.context = nil
        watch.release()
    }

    /// Reports the end of a registered connection, once.
    private func gone() {
        phase = .closed
        endHandshake()
        endHold()
        reader = nil
        pending = nil
        connections.forget(self, at: remoteAddress)
        guard let id else { return }
        self.id = nil
        connections.unregister(id)
        connections.post(.closed(id))
    }

    // MARK: Small parts

    /// The peer's address, kept because a closed socket has none.
    private(set) lazy var remoteAddress: NetworkAddress? = NetworkAddress(context?.channel.remoteAddress)

    private func arm(
        _ interval: Interval, _ context: ChannelHandlerContext, _ action: @escaping (LinkHandler) -> Void
    ) {
        disarm()
        let delay = TimeAmount.nanoseconds(Int64(clamping: interval.nanoseconds))
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: delay) {
            self.deadline = nil
            action(self)
        }
    }

    private func endHold() {
        hold?.cancel()
        hold = nil
    }

    private func disarm() {
        deadline?.cancel()
        deadline = nil
    }
}
