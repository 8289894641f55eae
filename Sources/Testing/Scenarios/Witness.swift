public import UserAgent

/// What one device has seen: the events of its user agent, told from its first connection to its last.
public struct Witness: Sendable {
    /// Whether its binding is alive.
    public private(set) var isRegistered = false
    /// Calls that are up or ring, in the order in which they began.
    public private(set) var calls: [CallHandle] = []
    /// Those of them that were answered.
    public private(set) var activeCalls: [CallHandle] = []
    /// The texts of the messages that it received, in their order.
    public private(set) var received: [String] = []
    /// The final status of each message that it sent, by its tag; absent while nobody knows.
    public private(set) var outcomes: [UInt32: UInt16] = [:]
    private var tags: [String: UInt32] = [:]

    /// Of a device that has not done anything.
    public init() {}

    /// Keeps that the device sends this text under this tag.
    public mutating func sends(_ text: String, tag: UInt32) { tags[text] = tag }

    /// Keeps that the device begins this call.
    public mutating func begins(_ call: CallHandle) { calls.append(call) }

    /// Keeps that the connection has gone, and with it the binding and every call.
    public mutating func losesConnection() {
        isRegistered = false
        calls = []
        activeCalls = []
    }

    /// Takes what the device's user agent reports.
    public mutating func take(_ event: UserAgentEvent) {
        switch event {
        case .registered: isRegistered = true
        case .unregistered, .registrationFailed: isRegistered = false
        case .flowFailed: losesConnection()
        case .messageReceived(_, _, let body): received.append(String(decoding: body, as: UTF8.self))
        case .messageDelivered(let tag, let status), .messageFailed(let tag, let status, _): outcomes[tag] = status
        case .incomingCall(let handle, _): calls.append(handle)
        case .callAnswered(let handle): activeCalls.append(handle)
        case .callEnded(let handle, _):
            calls.removeAll { $0 == handle }
            activeCalls.removeAll { $0 == handle }
        case .callRinging, .optionsAnswered: break
        }
    }

    /// How often this text was received.
    public func receipts(of text: String) -> Int { received.count { $0 == text } }

    /// The tag under which it sent this text; nil when it did not.
    func tag(of text: String) -> UInt32? { tags[text] }
}

extension [String: Witness] {
    /// The witness of this name.
    /// - Throws: when nobody is called so.
    func of(_ name: String) throws(ScenarioFailure) -> Witness {
        guard let witness = self[name] else { throw ScenarioFailure("nobody is called \(name)") }
        return witness
    }

    /// The final status of a message; nil while there is none.
    /// - Throws: when nobody has sent it.
    func outcome(of text: String) throws(ScenarioFailure) -> UInt16? {
        for witness in values {
            if let tag = witness.tag(of: text) { return witness.outcomes[tag] }
        }
        throw ScenarioFailure("nobody has sent \"\(text)\"")
    }

    /// Whether a message ended with a 2xx; nil while it has not ended.
    func isDelivered(_ text: String) throws(ScenarioFailure) -> Bool? {
        try outcome(of: text).map { (200..<300).contains($0) }
    }
}

extension ScenarioExpectation {
    /// Whether it can only be judged when everything is at rest.
    var isLasting: Bool {
        switch self {
        case .neverReceives: true
        case .registered, .notRegistered, .receives, .delivered, .fails, .rings, .inCall, .inNoCall: false
        }
    }

    /// Whether it is so now.
    func holds(for witnesses: [String: Witness]) throws(ScenarioFailure) -> Bool {
        switch self {
        case .registered(let name): try witnesses.of(name).isRegistered
        case .notRegistered(let name): try !witnesses.of(name).isRegistered
        case .receives(let name, let text): try witnesses.of(name).receipts(of: text) > 0
        case .neverReceives(let name, let text): try witnesses.of(name).receipts(of: text) == 0
        case .delivered(let text): try witnesses.isDelivered(text) == true
        case .fails(let text): try witnesses.isDelivered(text) == false
        case .rings(let name): try !witnesses.of(name).calls.isEmpty
        case .inCall(let name): try !witnesses.of(name).activeCalls.isEmpty
        case .inNoCall(let name): try witnesses.of(name).calls.isEmpty
        }
    }
}
