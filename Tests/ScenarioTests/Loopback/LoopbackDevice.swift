import Node
import Scenarios
import Synchronization
import Transport
import Trust
import UserAgent

/// What all devices of a stage have seen, written by the tasks that read their events.
final class LoopbackMemory: Sendable {
    private struct State {
        var witnesses: [String: Witness] = [:]
        var connected: Set<String> = []
        var lines: [String] = []
    }

    private let state = Mutex(State())
    /// Rings after each change; a ring that nobody heard is kept.
    let changes: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    init() {
        (changes, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var witnesses: [String: Witness] { state.withLock { $0.witnesses } }
    /// Every event, a line each.
    var lines: [String] { state.withLock { $0.lines } }

    func isConnected(_ name: String) -> Bool { state.withLock { $0.connected.contains(name) } }

    func connected(_ name: String) { state.withLock { _ = $0.connected.insert(name) } }

    func change(_ name: String, _ change: (inout Witness) -> Void) {
        state.withLock { change(&$0.witnesses[name, default: Witness()]) }
    }

    func take(_ event: UserAgentEvent, of name: String) {
        state.withLock { state in
            state.witnesses[name, default: Witness()].take(event)
            state.lines.append("\(name): \(event)")
            if event == .flowFailed { state.connected.remove(name) }
        }
        bell.yield()
    }
}

/// One user's device: a `SoftPhone` for each of its connections.
final class LoopbackDevice {
    /// `alice`, or `alice-abroad` for a second device of the same user.
    let name: String
    let organisation: LoopbackOrganisation
    var password: String
    private let isOutside: Bool
    private let memory: LoopbackMemory
    private var phone: SoftPhone?
    private var lastHandle: UInt32 = 0

    /// A device that connects to its organisation's edge, or from inside to the front end.
    init(_ name: String, of organisation: LoopbackOrganisation, isOutside: Bool, memory: LoopbackMemory) {
        self.name = name
        self.organisation = organisation
        self.isOutside = isOutside
        self.memory = memory
        password = "first word of \(name.prefix { $0 != "-" })"
        memory.change(name) { _ in }
    }

    /// The user whose device it is.
    var user: String { String(name.prefix { $0 != "-" }) }
    var address: String { "\(user)@\(organisation.domain)" }
    private var witness: Witness { memory.witnesses[name] ?? Witness() }

    /// Gives a command; connects before it when there is no connection.
    func perform(_ command: UserAgentCommand, through connector: ClientConnector) async throws {
        if !memory.isConnected(name) { try await connect(through: connector) }
        await phone?.perform(command)
    }

    func call(_ other: LoopbackDevice, through connector: ClientConnector) async throws {
        lastHandle += 1
        let handle = CallHandle(lastHandle)
        memory.change(name) { $0.begins(handle) }
        try await perform(.call(to: "sip:\(other.address)", handle), through: connector)
    }

    func send(_ text: String, tag: UInt32, to other: LoopbackDevice, through connector: ClientConnector) async throws {
        memory.change(name) { $0.sends(text, tag: tag) }
        try await perform(.sendMessage(to: "sip:\(other.address)", text: text, tag: tag), through: connector)
    }

    /// Gives a command about the call that began last.
    func forLastCall(_ make: (CallHandle) -> UserAgentCommand) async throws {
        guard let handle = witness.calls.last else { throw ScenarioFailure("\(name) has no call") }
        await phone?.perform(make(handle))
    }

    /// Hangs up whatever is there.
    func endCalls() async {
        for handle in witness.calls { await phone?.perform(.hangUp(handle)) }
    }

    /// Closes the connection without a word of SIP.
    func close() async {
        await phone?.close()
        phone = nil
    }

    private func connect(through connector: ClientConnector) async throws {
        let server = isOutside ? organisation.edge : organisation.frontEnd
        let phone = try await SoftPhone.connect(
            address, password: password, to: server.external ?? server.address,
            server: isOutside ? organisation.externalName : server.name, roots: [organisation.rootCertificate],
            through: connector)
        self.phone = phone
        memory.connected(name)
        let (name, memory) = (name, memory)
        Task {
            for await event in phone.events { memory.take(event, of: name) }
        }
    }
}
