import Basis
import NIOCore
import NIOPosix
public import SIP
import Server
import Shards
public import Trust

/// One TLS connection of a program that is a client: a command that sends a message, a test, the demo.
///
/// The same handlers as in a server carry it, and the same decision admits the other end before a byte of SIP is written.
public final class ClientConnection: Sendable {
    /// Who the other end was proven to be.
    public let peer: VerifiedPeer
    /// What was decided on.
    public let evidence: LinkEvidence
    /// What the other end sends; ends when the connection ends.
    public let incoming: AsyncStream<Framed>
    private let seat: NIOLoopBound<ClientSeat>

    fileprivate init(
        peer: VerifiedPeer, evidence: LinkEvidence, incoming: AsyncStream<Framed>, seat: NIOLoopBound<ClientSeat>
    ) {
        self.peer = peer
        self.evidence = evidence
        self.incoming = incoming
        self.seat = seat
    }

    /// Sends these octets, after those of earlier calls.
    public func send(_ bytes: [UInt8]) {
        seat.eventLoop.execute { self.seat.value.send(bytes) }
    }

    /// Closes after what was sent has left.
    public func close() {
        seat.eventLoop.execute { self.seat.value.close() }
    }
}

/// Why a client has no connection.
public enum ClientConnectionError: Error, Sendable, CustomStringConvertible {
    /// TCP or TLS did not come up.
    case unreachable(String)
    /// The decision refused the other end.
    case refused(Refusal, Trace)

    public var description: String {
        switch self {
        case .unreachable(let why): why
        case .refused(let refusal, _): "\(refusal.code.rawValue): \(refusal.seen); expected \(refusal.expected)"
        }
    }
}

/// Opens connections for programs that are clients.
public final class ClientConnector: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let limits: TransportLimits

    /// A connector with one loop of its own.
    public init(limits: TransportLimits = .standard) {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.limits = limits
    }

    /// Connects, makes the handshake, and asks `decide` about the other end.
    ///
    /// - Parameters:
    ///   - address: where to; the name that must be proven comes from `dialled` alone.
    ///   - material: the certificate to show when one is asked for; nil for none.
    ///   - trust: the roots and the time to judge by.
    /// - Throws: `ClientConnectionError`.
    public func connect(
        to address: NetworkAddress, as dialled: Dialled, material: TLSMaterial? = nil, trust: TrustContext
    ) async throws -> ClientConnection {
        let dialling = try DiallingContexts(material: material, limits: limits, now: LoopClock.now)
        let eventLoop = group.next()
        let limits = limits
        return try await eventLoop.flatSubmit {
            let base = LoopBase(
                shard: ShardID(0), eventLoop: eventLoop, limits: limits, dialling: dialling, report: { _ in })
            let promise = eventLoop.makePromise(of: ClientConnection.self)
            let seat = ClientSeat(base: base, trust: trust, promise: promise)
            base.driver.attach(seat)
            base.connections.dial(DialRequest(dialled: dialled, address: address))
            return promise.futureResult
        }.get()
    }

    /// Ends the loop; connections that are open end with it.
    public func stop() async throws {
        try await group.shutdownGracefully()
    }
}

/// Sits on a loop in the place of a shard, for one connection.
private final class ClientSeat: InputSink {
    private let base: LoopBase
    private let trust: TrustContext
    private var promise: EventLoopPromise<ClientConnection>?
    private var inputs: [Input] = []
    private var id: ConnectionID?
    private let stream: AsyncStream<Framed>
    private let continuation: AsyncStream<Framed>.Continuation

    /// Messages that may wait for a slow program; the oldest are dropped above it.
    static let incomingMax = 1_024

    init(base: LoopBase, trust: TrustContext, promise: EventLoopPromise<ClientConnection>) {
        self.base = base
        self.trust = trust
        self.promise = promise
        (stream, continuation) = AsyncStream.makeStream(
            of: Framed.self, bufferingPolicy: .bufferingNewest(Self.incomingMax))
    }

    func receive(_ input: Input) -> Bool {
        inputs.append(input)
        return inputs.count == 1
    }

    func turn() -> Bool {
        let batch = inputs
        inputs = []
        for input in batch { handle(input) }
        base.connections.endTurn()
        return !inputs.isEmpty
    }

    func send(_ bytes: [UInt8]) {
        guard let id else { return }
        base.connections.write(bytes[...], to: id)
        base.connections.endTurn()
    }

    func close() {
        guard let id else { return }
        base.connections.close(id, cause: .done)
    }

    private func handle(_ input: Input) {
        switch input {
        case .established(let id, let evidence):
            judge(evidence, on: id)
        case .received(_, let framed):
            continuation.yield(framed)
        case .closed:
            id = nil
            continuation.finish()
            fail(.unreachable("the connection was closed"))
            base.driver.detach()
        case .dialFailed(_, let why):
            fail(.unreachable(why))
            base.driver.detach()
        case .congested, .committed, .commitFailed, .trustChanged, .mail, .drain:
            break
        }
    }

    private func judge(_ evidence: LinkEvidence, on id: ConnectionID) {
        switch decide(evidence, in: trust) {
        case .admitted(let peer, _):
            self.id = id
            base.connections.admit(id, as: peer)
            let connection = ClientConnection(
                peer: peer, evidence: evidence, incoming: stream,
                seat: NIOLoopBound(self, eventLoop: base.driver.eventLoop))
            promise?.succeed(connection)
            promise = nil
        case .refused(let refusal, let trace):
            base.connections.close(id, cause: .refused(refusal.code))
            fail(.refused(refusal, trace))
        }
    }

    private func fail(_ error: ClientConnectionError) {
        promise?.fail(error)
        promise = nil
    }
}
