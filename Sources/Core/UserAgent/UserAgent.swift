public import Basis
internal import SIP
internal import Transactions

/// A UAC and UAS for one account over one connection, as a value.
///
/// It registers with digest and outbound, sends and takes pager-mode messages, calls and is called. It owns no socket:
/// the owner hands in what came, with the time, and performs what `outputs` asks for. When the connection has gone, the
/// owner makes a new value.
public struct UserAgent: Sendable {
    /// Whose it is.
    public let account: UserAgentAccount
    let limits: UserAgentLimits
    let connection: ConnectionID
    var chance: Chance
    var table: TransactionTable
    /// Requests on their way, by the tag of their transaction. Only looked up, never walked.
    var pending: [UInt64: PendingRequest] = [:]
    var lastTag: UInt64 = 0
    var registration: Registration
    /// RFC 3261 §22.2, RFC 3261 §22.3: the challenges of the registrar and of the proxies.
    var registrarAuthenticator = Authenticator()
    var proxyAuthenticator = Authenticator()
    var keepAlive = KeepAliveTimer()
    var calls: [Call] = []
    var lastIncomingHandle: UInt32 = 0x8000_0000
    var isClosed = false

    /// A user agent whose connection is up. `chance` gives tags, branches, Call-IDs and keys.
    public init(
        account: UserAgentAccount, connection: ConnectionID, chance: Chance,
        limits: UserAgentLimits = UserAgentLimits()
    ) {
        var chance = chance
        self.account = account
        self.limits = limits
        self.connection = connection
        self.table = TransactionTable(shard: connection.shard, chance: &chance)
        self.registration = Registration(
            callID: Hex.encode(chance.bytes(16)), tag: Hex.encode(chance.bytes(8)),
            lifetimeSeconds: account.registrationLifetimeSeconds)
        self.chance = chance
    }

    /// Whether a binding of this user agent is alive.
    public var isRegistered: Bool { registration.isBound }

    /// How many requests and calls are open; 0 at rest.
    public var openCount: Int { pending.count + calls.count }

    /// When `UserAgentInput.timePassed` must be handed in; nil when nothing waits for time.
    public var nextDeadline: Instant? {
        guard !isClosed else { return nil }
        var deadlines = [table.nextDeadline, registration.refreshAt, keepAlive.deadline].compactMap { $0 }
        for call in calls {
            if let deadline = call.ackDeadline { deadlines.append(deadline) }
        }
        return deadlines.min()
    }

    /// Takes one input and appends what is to be done to `outputs`.
    public mutating func handle(_ input: UserAgentInput, at now: Instant, into outputs: inout [UserAgentOutput]) {
        guard !isClosed else { return }
        switch input {
        case .command(let command): perform(command, at: now, into: &outputs)
        case .received(let message):
            if message.isRequest {
                receiveRequest(message, at: now, into: &outputs)
            } else {
                receiveResponse(message, at: now, into: &outputs)
            }
        case .pong: keepAlive.receivedPong(at: now, chance: &chance)
        case .connectionClosed: close(at: now, into: &outputs)
        case .timePassed: passTime(at: now, into: &outputs)
        }
    }

    private mutating func perform(
        _ command: UserAgentCommand, at now: Instant, into outputs: inout [UserAgentOutput]
    ) {
        switch command {
        case .register: register(at: now, into: &outputs)
        case .unregister: unregister(at: now, into: &outputs)
        case .sendMessage(let to, let text, let tag): sendMessage(to: to, text, tag, at: now, into: &outputs)
        case .sendOptions(let to, let tag): sendOptions(to: to, tag, at: now, into: &outputs)
        case .call(let to, let handle): call(to, handle, at: now, into: &outputs)
        case .answer(let handle): answer(handle, at: now, into: &outputs)
        case .reject(let handle, let status): reject(handle, status: status, at: now, into: &outputs)
        case .hangUp(let handle): hangUp(handle, at: now, into: &outputs)
        }
    }

    private mutating func passTime(at now: Instant, into outputs: inout [UserAgentOutput]) {
        var events: [TransactionEvent] = []
        table.advance(to: now, into: &events)
        receive(events, at: now, into: &outputs)
        if let refreshAt = registration.refreshAt, refreshAt <= now { register(at: now, into: &outputs) }
        endUnacknowledgedCalls(at: now, into: &outputs)
        switch keepAlive.passTime(at: now) {
        case .nothing: return
        case .ping: outputs.append(.send(Array("\r\n\r\n".utf8)))
        case .flowFailed: close(at: now, into: &outputs)
        }
    }

    /// Everything that is open ends: nothing can come any more.
    private mutating func close(at now: Instant, into outputs: inout [UserAgentOutput]) {
        isClosed = true
        var events: [TransactionEvent] = []
        table.connectionClosed(connection, into: &events)
        receive(events, at: now, into: &outputs)
        for call in calls {
            outputs.append(.event(.callEnded(call.handle, .failed(status: 503, reason: "Connection lost"))))
        }
        calls.removeAll()
        pending.removeAll()
        registration.unbind()
        outputs.append(.event(.flowFailed))
    }
}

extension Call {
    /// When the wait for the ACK ends.
    var ackDeadline: Instant? {
        switch phase {
        case .answered(let deadline, _): deadline
        case .calling, .cancelling, .offered, .established: nil
        }
    }
}
