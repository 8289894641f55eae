public import Basis
import NIOCore
import NIOPosix
import SIP
public import Server
public import Shards
public import Trust

/// The connections of one loop: what a shard sees of NIO.
///
/// Confined to its loop. Its table numbers the connections; a stale number finds nothing and does nothing.
public final class LoopConnections: Connections {
    let limits: TransportLimits
    let driver: LoopDriver
    /// What outbound links show and offer.
    private let dialling: DiallingContexts
    private let reportEvent: @Sendable (TransportEvent) -> Void
    private var table: SlotTable<LinkHandler>
    private var touched: [LinkHandler] = []
    private var ending: [LinkHandler] = []
    private var framed: [Framed] = []
    private var spareBuffers: [ByteBuffer] = []
    /// TLS handshakes under way, by listener: strangers who dawdle outside hold up nobody inside.
    private var handshakes: [String: Int] = [:]
    private var gates: [AcceptGate] = []
    private var quota = AddressQuota()

    /// Buffers that wait for the next turn's writes.
    private static let spareBuffersMax = 64
    /// A larger buffer is not kept.
    private static let spareBytesMax = 16_384

    init(
        shard: ShardID, driver: LoopDriver, limits: TransportLimits, dialling: DiallingContexts,
        report: @escaping @Sendable (TransportEvent) -> Void
    ) {
        self.table = SlotTable(shard: shard)
        self.driver = driver
        self.limits = limits
        self.dialling = dialling
        self.reportEvent = report
    }

    /// How many connections are registered.
    public var count: Int { table.count }

    // MARK: What the shard asks for

    public func admit(_ id: ConnectionID, as peer: VerifiedPeer) {
        table[id]?.admit(peer)
    }

    public func markProven(_ id: ConnectionID) {
        guard let handler = table[id] else { return }
        markProven(handler.remoteAddress, of: handler)
    }

    public func hold(_ id: ConnectionID, for interval: Interval) {
        table[id]?.hold(for: interval)
    }

    public func write(_ bytes: ArraySlice<UInt8>, to id: ConnectionID) {
        table[id]?.write(bytes)
    }

    public func close(_ id: ConnectionID, cause: CloseCause) {
        table[id]?.close(cause)
    }

    public func dial(_ request: DialRequest) {
        connect(to: request.address, as: request.dialled)
    }

    public func endTurn() {
        guard !touched.isEmpty else { return }
        // What a handler touches while it ends its turn belongs to the next one.
        swap(&touched, &ending)
        for handler in ending { handler.endTurn() }
        ending.removeAll(keepingCapacity: true)
    }

    // MARK: What handlers report

    func post(_ input: Input) {
        driver.post(input)
    }

    func report(_ event: TransportEvent) {
        reportEvent(event)
    }

    func register(_ handler: LinkHandler) -> ConnectionID? {
        table.insert(handler, max: limits.connectionsMax)
    }

    func unregister(_ id: ConnectionID) {
        _ = table.remove(id)
    }

    /// Remembers that `handler` has something to do when the turn ends.
    func finishTurn(_ handler: LinkHandler) {
        guard !handler.isTouched else { return }
        handler.isTouched = true
        touched.append(handler)
    }

    /// Reads octets of the connection `id`, posts what they complete and returns how much that was.
    func frame(_ bytes: Span<UInt8>, with reader: inout LinkReader?, as id: ConnectionID) -> Int {
        framed.removeAll(keepingCapacity: true)
        reader?.receive(bytes, into: &framed)
        for found in framed { driver.post(.received(id, found)) }
        defer { framed.removeAll(keepingCapacity: true) }
        return framed.count
    }

    func spareBuffer(_ allocator: ByteBufferAllocator) -> ByteBuffer {
        spareBuffers.popLast() ?? allocator.buffer(capacity: 2_048)
    }

    /// Keeps a buffer whose octets TLS has taken. One that a slow socket still holds is replaced by `clear`.
    func reuse(_ buffer: consuming ByteBuffer) {
        guard spareBuffers.count < Self.spareBuffersMax, buffer.capacity <= Self.spareBytesMax else { return }
        buffer.clear()
        spareBuffers.append(buffer)
    }

    // MARK: Accepting

    func add(_ gate: AcceptGate) {
        gates.append(gate)
    }

    func remove(_ gate: AcceptGate) {
        gates.removeAll { $0 === gate }
    }

    func mayAccept(at listener: String) -> Bool { handshakes[listener, default: 0] < limits.handshakesInProgressMax }

    func handshakeBegan(at listener: String) {
        handshakes[listener, default: 0] += 1
    }

    func handshakeEnded(at listener: String) {
        handshakes[listener, default: 1] -= 1
        guard mayAccept(at: listener) else { return }
        for gate in gates where gate.listener == listener { gate.open() }
    }

    /// Counts an accepted connection for its address; false when that has too many.
    func take(_ handler: LinkHandler, from address: NetworkAddress?) -> Bool {
        quota.take(address, by: ObjectIdentifier(handler), max: limits.unprovenPerAddressMax)
    }

    func markProven(_ address: NetworkAddress?, of handler: LinkHandler) {
        quota.release(address, by: ObjectIdentifier(handler))
    }

    func forget(_ handler: LinkHandler, at address: NetworkAddress?) {
        quota.release(address, by: ObjectIdentifier(handler))
    }

    // MARK: Dialling

    private func connect(to address: NetworkAddress, as dialled: Dialled) {
        do {
            let target = try address.socketAddress()
            let context = try dialling.contexts(for: dialled).context(at: LoopClock.now)
            let watch = try HandshakeWatch(dialling: dialled, context: context, limits: limits)
            let handler = NIOLoopBound(
                LinkHandler(watch: watch, origin: .dialled(dialled), connections: self), eventLoop: driver.eventLoop)
            let connect = ClientBootstrap(group: driver.eventLoop)
                .connectTimeout(.nanoseconds(Int64(clamping: limits.connectDeadline.nanoseconds)))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try handler.value.install(in: channel)
                    }
                }
                .connect(to: target)
            connect.assumeIsolated().whenFailure { error in
                self.post(.dialFailed(dialled, why: "\(address): \(error)"))
            }
        } catch {
            post(.dialFailed(dialled, why: "\(address): \(error)"))
        }
    }

    /// Closes every connection at once, when the process ends.
    func closeAll() {
        for id in table.ids { table[id]?.cut() }
    }
}

extension LinkHandler {
    /// Sets the options of a new connection and fills its empty pipeline: hello reader, TLS, this handler.
    ///
    /// The options are set at once; a bootstrap would make a future for each. NIO sets TCP_NODELAY, which accepted sockets inherit.
    func install(in channel: any Channel) throws {
        if let options = channel.syncOptions {
            let limits = connections.limits
            try options.setOption(.autoRead, value: false)
            try options.setOption(.maxMessagesPerRead, value: 1)
            try options.setOption(.recvAllocator, value: limits.receiveAllocator)
            try options.setOption(.writeBufferWaterMark, value: limits.waterMark)
        }
        let pipeline = channel.pipeline.syncOperations
        try watch.install(in: pipeline)
        try pipeline.addHandler(self)
    }
}

extension TransportLimits {
    var receiveAllocator: AdaptiveRecvByteBufferAllocator {
        AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 2_048, maximum: max(receiveBytesMax, 2_048))
    }

    /// Congested above `pendingBytesMax`, free again when nothing waits.
    var waterMark: ChannelOptions.Types.WriteBufferWaterMark {
        ChannelOptions.Types.WriteBufferWaterMark(low: 1, high: max(pendingBytesMax, 2))
    }
}
