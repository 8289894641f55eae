import Basis
import SIP
import Testing

@testable import UserAgent

@Suite("Parts of a user agent, and all of them at random")
struct UserAgentPartsTests {
    @Test(
        "RFC 4648 §10: the test vectors of base64",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
    }

    @Test("The password of an account shows in no description")
    func passwordIsHidden() {
        let bench = UserAgentBench("alice", password: "hunter2")
        #expect(!String(describing: bench.agent.account).contains("hunter2"))
        #expect(!String(reflecting: bench.agent.account).contains("hunter2"))
    }

    @Test(
        "What a person typed becomes an address or nothing",
        arguments: [
            "", "bob", "sip:", "sip:bob@contoso.example\r\nEvil: 1", "sip:bob@contoso.example>", "tel:+1", "http://a",
        ])
    func targets(text: String) throws {
        var alice = UserAgentBench("alice")
        try alice.command(.sendMessage(to: text, text: "hi", tag: 1))
        try alice.command(.call(to: text, CallHandle(2)))
        try alice.command(.sendOptions(to: text, tag: 3))
        #expect(alice.sent.isEmpty)
        #expect(
            alice.takeEvents() == [
                .messageFailed(tag: 1, status: 400, reason: "Malformed address"),
                .callEnded(CallHandle(2), .failed(status: 400, reason: "Malformed address")),
                .optionsAnswered(tag: 3, status: 400),
            ])
        #expect(alice.agent.openCount == 0)
    }

    @Test(
        "In random calls and messages each one is reported to its end exactly once, and nothing stays",
        arguments: 0..<6)
    func randomCommands(seed: UInt8) throws {
        var chance = Chance(seed: [seed])
        var pair = UserAgentPair()
        var ledger = Ledger()
        for step in 0..<200 {
            try randomStep(step, &pair, &chance, &ledger)
            ledger.read(pair.alice.takeEvents(), side: 0)
            ledger.read(pair.bob.takeEvents(), side: 1)
        }
        try pair.settle()
        for (side, handles) in [ledger.open[0], ledger.open[1]].enumerated() {
            for handle in handles.sorted(by: { $0.number < $1.number }) {
                if side == 0 { try pair.alice.command(.hangUp(handle)) } else { try pair.bob.command(.hangUp(handle)) }
            }
        }
        for _ in 0..<5 { try pair.pass(.seconds(32)) }
        ledger.read(pair.alice.takeEvents(), side: 0)
        ledger.read(pair.bob.takeEvents(), side: 1)
        #expect(ledger.faults.isEmpty)
        #expect(ledger.open[0].isEmpty && ledger.open[1].isEmpty)
        #expect(ledger.messages == ledger.messagesEnded)
        #expect(pair.alice.agent.openCount == 0)
        #expect(pair.bob.agent.openCount == 0)
        #expect(pair.alice.agent.nextDeadline == nil)
        #expect(pair.bob.agent.nextDeadline == nil)
    }

    private func randomStep(
        _ step: Int, _ pair: inout UserAgentPair, _ chance: inout Chance, _ ledger: inout Ledger
    ) throws {
        let number = UInt32(step)
        switch chance.next() % 8 {
        case 0:
            ledger.messages.insert(number)
            try pair.alice.command(.sendMessage(to: "sip:bob@contoso.example", text: "hi", tag: number))
        case 1:
            ledger.open[0].insert(CallHandle(number))
            try pair.alice.command(.call(to: "sip:bob@contoso.example", CallHandle(number)))
        case 2:
            if let handle = ledger.random(side: 1, &chance) { try pair.bob.command(.answer(handle)) }
        case 3:
            if let handle = ledger.random(side: 1, &chance) { try pair.bob.command(.reject(handle, status: 480)) }
        case 4:
            if let handle = ledger.random(side: 0, &chance) { try pair.alice.command(.hangUp(handle)) }
        case 5:
            if let handle = ledger.random(side: 1, &chance) { try pair.bob.command(.hangUp(handle)) }
        case 6:
            try pair.pass(.milliseconds(chance.next() % 20_000))
        default:
            // Only some of what waits is carried, so that commands cross on the way.
            if let message = pair.alice.takeSent() { try pair.bob.give(.received(message)) }
            if let message = pair.bob.takeSent() { try pair.alice.give(.received(message)) }
        }
    }

    /// What the two sides were told.
    private struct Ledger {
        var open: [Set<CallHandle>] = [[], []]
        var messages: Set<UInt32> = []
        var messagesEnded: Set<UInt32> = []
        var faults: [String] = []

        func random(side: Int, _ chance: inout Chance) -> CallHandle? {
            let handles = open[side].sorted { $0.number < $1.number }
            return handles.isEmpty ? nil : handles[Int(chance.next() % UInt64(handles.count))]
        }

        mutating func read(_ events: [UserAgentEvent], side: Int) {
            for event in events {
                switch event {
                case .incomingCall(let handle, _):
                    if !open[side].insert(handle).inserted { faults.append("\(handle) came twice") }
                case .callEnded(let handle, _):
                    if open[side].remove(handle) == nil { faults.append("\(handle) ended twice") }
                case .callRinging(let handle), .callAnswered(let handle):
                    if !open[side].contains(handle) { faults.append("\(handle) is not open") }
                case .messageDelivered(let tag, _), .messageFailed(let tag, _, _):
                    if !messagesEnded.insert(tag).inserted { faults.append("message \(tag) ended twice") }
                case .messageReceived, .registered, .unregistered, .registrationFailed, .optionsAnswered, .flowFailed:
                    continue
                }
            }
        }
    }
}
