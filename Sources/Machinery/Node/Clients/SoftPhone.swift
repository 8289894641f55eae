public import Basis
import Foundation
import NIOCore
import SIP
public import Transport
public import Trust
public import UserAgent

/// A user agent over a real TLS connection: what `entente message`, the demo and tests sign in with.
///
/// Control path: one actor for one user. The protocol is `UserAgent`'s; here are the connection, the clock and the waiting.
public actor SoftPhone {
    /// Why something that was asked for did not happen.
    public enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
        /// REGISTER got this final response.
        case notRegistered(status: UInt16, reason: String)
        /// The connection ended first.
        case connectionLost
        /// Nothing came within the time.
        case timeOut(String)

        public var description: String {
            switch self {
            case .notRegistered(let status, let reason): "not signed in: \(status) \(reason)"
            case .connectionLost: "the connection was lost"
            case .timeOut(let what): "no \(what) within the time"
            }
        }
    }

    /// How a message ended.
    public struct Delivery: Sendable, Hashable {
        /// The final response; 200 for delivered, 202 for taken into keeping.
        public let status: UInt16
        /// Its reason phrase; empty for 2xx.
        public let reason: String

        /// Whether it is a 2xx.
        public var isDelivered: Bool { (200..<300).contains(status) }
    }

    /// Everything that the user agent reports, in order; ends with the connection.
    public nonisolated let events: AsyncStream<UserAgentEvent>
    /// Who the other end was proven to be.
    public nonisolated let connection: ClientConnection

    private let continuation: AsyncStream<UserAgentEvent>.Continuation
    private var userAgent: UserAgent
    private var outputs: [UserAgentOutput] = []
    private var timer: Task<Void, Never>?
    private var reader: Task<Void, Never>?
    private var nextTag: UInt32 = 1
    private var deliveries: [UInt32: CheckedContinuation<Delivery, any Error>] = [:]
    private var registration: CheckedContinuation<UInt32, any Error>?

    /// A phone for `account` over a connection that is up.
    public init(account: UserAgentAccount, connection: ClientConnection, chance: Chance) {
        self.connection = connection
        (events, continuation) = AsyncStream.makeStream(
            of: UserAgentEvent.self, bufferingPolicy: .bufferingNewest(Self.eventsMax))
        // One connection for one user agent: its number tells nothing, because it is never compared with another's.
        userAgent = UserAgent(account: account, connection: ConnectionID(rawValue: 0), chance: chance)
    }

    /// Events that may wait for a program that does not read them.
    public static let eventsMax = 1_024

    /// Connects to `server` at `address`, verifies it by `roots` (DER), and makes a phone for `aor` (`user@domain`).
    ///
    /// - Throws: `ClientConnectionError` when there is no connection, or the decision refused the server.
    public static func connect(
        _ aor: String, password: String, to address: NetworkAddress, server: String, roots: [[UInt8]],
        through connector: ClientConnector
    ) async throws -> SoftPhone {
        let connection = try await connector.connect(
            to: address, as: .registrar(server), trust: TrustContext(roots: roots, now: OperatingSystem.wallTime))
        var chance = OperatingSystem.chance()
        let instance = Hex.encode(chance.bytes(16))
        let account = UserAgentAccount(
            addressOfRecord: "sip:\(aor)", userName: String(aor.prefix { $0 != "@" }), password: password,
            instanceID: "urn:uuid:\(Self.uuid(instance))", sentBy: "\(instance.prefix(12)).invalid")
        let phone = SoftPhone(account: account, connection: connection, chance: chance)
        await phone.start()
        return phone
    }

    /// RFC 9562 §4: the text form of 128 bits.
    private static func uuid(_ hex: String) -> String {
        var rest = hex[...]
        return [8, 4, 4, 4, 12].map { count in
            defer { rest = rest.dropFirst(count) }
            return String(rest.prefix(count))
        }.joined(separator: "-")
    }

    private func start() {
        reader = Task {
            for await framed in connection.incoming {
                switch framed {
                case .message(let message): self.handle(.received(message))
                case .keepAlivePong: self.handle(.pong)
                case .keepAlivePing, .violation: break
                }
            }
            self.handle(.connectionClosed)
            self.end()
        }
    }

    // MARK: What a person does

    /// Signs in and keeps the binding fresh; returns its lifetime in seconds.
    public func register() async throws -> UInt32 {
        try await withCheckedThrowingContinuation { waiting in
            registration = waiting
            handle(.command(.register))
        }
    }

    /// Sends a message to `recipient`, a SIP URI, and waits for its final response.
    public func send(_ text: String, to recipient: String) async throws -> Delivery {
        let tag = nextTag
        nextTag += 1
        return try await withCheckedThrowingContinuation { waiting in
            deliveries[tag] = waiting
            handle(.command(.sendMessage(to: recipient, text: text, tag: tag)))
        }
    }

    /// Gives a command whose outcome comes as an event.
    public func perform(_ command: UserAgentCommand) {
        handle(.command(command))
    }

    /// Waits for the first event that nobody waited for before and for which `pick` returns a value. One waiter at a time;
    /// after a time-out `events` has ended.
    ///
    /// - Throws: `Failure.timeOut` naming `what`, `Failure.connectionLost`.
    public nonisolated func wait<Value: Sendable>(
        for what: String, seconds: Int64, _ pick: @escaping @Sendable (UserAgentEvent) -> Value?
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask {
                for await event in self.events {
                    if let value = pick(event) { return value }
                }
                throw Failure.connectionLost
            }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                throw Failure.timeOut(what)
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw Failure.connectionLost }
            return value
        }
    }

    /// Removes the binding, waits for the answer at most five seconds, and closes the connection.
    public func signOut() async {
        handle(.command(.unregister))
        try? await wait(for: "sign-out", seconds: 5) { $0 == .unregistered ? () : nil }
        close()
    }

    /// Closes the connection after what was sent has left.
    public func close() {
        timer?.cancel()
        connection.close()
    }

    // MARK: The user agent

    private func handle(_ input: UserAgentInput) {
        userAgent.handle(input, at: LoopClock.now, into: &outputs)
        let batch = outputs
        outputs.removeAll(keepingCapacity: true)
        for output in batch {
            switch output {
            case .send(let bytes): connection.send(bytes)
            case .event(let event): report(event)
            }
        }
        armTimer()
    }

    private func report(_ event: UserAgentEvent) {
        switch event {
        case .registered(let seconds):
            registration?.resume(returning: seconds)
            registration = nil
        case .registrationFailed(let status, let reason):
            registration?.resume(throwing: Failure.notRegistered(status: status, reason: reason))
            registration = nil
        case .messageDelivered(let tag, let status):
            deliveries.removeValue(forKey: tag)?.resume(returning: Delivery(status: status, reason: ""))
        case .messageFailed(let tag, let status, let reason):
            deliveries.removeValue(forKey: tag)?.resume(returning: Delivery(status: status, reason: reason))
        case .unregistered, .messageReceived, .optionsAnswered, .flowFailed, .incomingCall, .callRinging, .callAnswered,
            .callEnded:
            break
        }
        continuation.yield(event)
    }

    private func armTimer() {
        timer?.cancel()
        timer = userAgent.nextDeadline.map { deadline in
            let now = LoopClock.now
            let wait = deadline > now ? (deadline - now).nanoseconds : 0
            return Task {
                do {
                    try await Task.sleep(for: .nanoseconds(Int64(clamping: wait)))
                } catch {
                    return
                }
                self.handle(.timePassed)
            }
        }
    }

    private func end() {
        timer?.cancel()
        registration?.resume(throwing: Failure.connectionLost)
        registration = nil
        for waiting in deliveries.values { waiting.resume(throwing: Failure.connectionLost) }
        deliveries = [:]
        continuation.finish()
    }
}
