import Basis
import SIP
import UserAgent

/// How things are called in the log.
extension World {
    func name(_ id: SeatID) -> String { "\(machines[id.machine].shortName)/\(id.shard)" }

    func name(_ host: Host) -> String {
        switch host {
        case .machine(let number): machines[number].shortName
        case .device(let number): devices[number].name
        }
    }

    func name(_ end: End) -> String {
        switch end.party {
        case .device(let number, _): devices[number].name
        case .seat(let id): name(id)
        }
    }

    /// One line about a message: start line, the beginning of its Call-ID, CSeq, and a hash of every octet, so that two
    /// logs are equal only when the messages were.
    func summary(_ message: SIPMessage) -> String {
        let callID = String(decoding: message.callID?.prefix(6) ?? [], as: UTF8.self)
        let cseq = message.cSeq.map { "\($0.number) \($0.method.text)" } ?? "-"
        let octets = Array(message.head) + Array(message.body)
        let start =
            message.isRequest
            ? "\(message.method.text) \(String(decoding: message.requestURIBytes.prefix(48), as: UTF8.self))"
            : "\(message.status) \(String(decoding: message.reasonPhrase, as: UTF8.self))"
        return "\(start)  [\(callID) \(cseq)] \(octets.count) octets, \(String(Self.hash(octets), radix: 16))"
    }

    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return hash
    }

    func describe(_ command: UserAgentCommand) -> String {
        switch command {
        case .register: "registers"
        case .unregister: "unregisters"
        case .sendMessage(let to, let text, _): "sends \"\(text)\" to \(to)"
        case .sendOptions(let to, _): "asks \(to) for its options"
        case .call(let to, let handle): "calls \(to) as \(handle.number)"
        case .answer(let handle): "answers \(handle.number)"
        case .reject(let handle, let status): "refuses \(handle.number) with \(status)"
        case .hangUp(let handle): "hangs up \(handle.number)"
        }
    }

    func describe(_ event: UserAgentEvent) -> String {
        switch event {
        case .registered(let seconds): "is registered for \(seconds) s"
        case .unregistered: "is not registered any more"
        case .registrationFailed(let status, let reason): "cannot register: \(status) \(reason)"
        case .messageDelivered(let tag, let status): "message \(tag) delivered, \(status)"
        case .messageFailed(let tag, let status, let reason): "message \(tag) failed, \(status) \(reason)"
        case .messageReceived(let from, _, let body):
            "receives \"\(String(decoding: body, as: UTF8.self))\" from \(from)"
        case .optionsAnswered(let tag, let status): "options \(tag) answered, \(status)"
        case .flowFailed: "gives its flow up"
        case .incomingCall(let handle, let from): "rings \(handle.number), called by \(from)"
        case .callRinging(let handle): "hears ringing \(handle.number)"
        case .callAnswered(let handle): "is in call \(handle.number)"
        case .callEnded(let handle, let end): "call \(handle.number) ended: \(end)"
        }
    }
}
