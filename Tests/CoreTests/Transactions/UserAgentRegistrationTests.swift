import Basis
import SIP
import Testing
import UserAgent

@Suite("RFC 3261 §10: the registration of a user agent")
struct UserAgentRegistrationTests {
    @Test(
        "RFC 7616 §3.4: REGISTER answers the challenge, is granted, and refreshes with the same nonce and the next count",
        arguments: [DigestAlgorithm.sha256, .md5])
    func registers(algorithm: DigestAlgorithm) throws {
        var alice = UserAgentBench("alice")
        var registrar = TestRegistrar(algorithm: algorithm)
        try alice.command(.register)
        try registrar.serve(&alice)
        #expect(alice.takeEvents().isEmpty)
        try registrar.serve(&alice)
        #expect(alice.takeEvents() == [.registered(expiresSeconds: 600)])
        #expect(alice.agent.isRegistered)
        #expect(alice.agent.nextDeadline == alice.now + .seconds(540))
        try alice.pass(.seconds(540))
        try registrar.serve(&alice)
        #expect(alice.takeEvents() == [.registered(expiresSeconds: 600)])
        #expect(registrar.nonceCounts == [1, 2])
        #expect(alice.agent.openCount == 0)
    }

    @Test("RFC 5626 §4.2.1, RFC 3261 §10.2: REGISTER goes to the domain, with outbound, path, instance and reg-id")
    func registerFields() throws {
        var alice = UserAgentBench("alice")
        try alice.command(.register)
        let request = try unwrap(alice.takeSent())
        #expect(request.requestURIBytes.equals("sip:contoso.example"))
        #expect(request.supports("outbound"))
        #expect(request.supports("path"))
        let contact = try #require(request.firstNameAddress(of: .contact))
        #expect(contact.regID == 1)
        #expect(contact.instanceID?.equals("urn:uuid:00000000-0000-1000-8000-000000000001") == true)
        #expect(request.expires == 3_600)
        #expect(request.toTag == nil)
        #expect(problem(of: request) == nil)
        let via = try #require(request.topVia)
        #expect(via.hasMagicCookie)
        #expect(via.transport.equals("TLS"))
    }

    @Test("RFC 3261 §22.2: a wrong password is tried once, then reported")
    func wrongPassword() throws {
        var alice = UserAgentBench("alice", password: "guess")
        var registrar = TestRegistrar(algorithm: .sha256)
        try alice.command(.register)
        try registrar.serve(&alice)
        try registrar.serve(&alice)
        #expect(alice.sent.isEmpty)
        #expect(alice.takeEvents() == [.registrationFailed(status: 401, reason: "Unauthorized")])
        #expect(!alice.agent.isRegistered)
        #expect(alice.agent.nextDeadline == nil)
    }

    @Test("RFC 7616 §3.3: a stale nonce is replaced by the new one without asking anybody")
    func staleNonce() throws {
        var alice = UserAgentBench("alice")
        var registrar = TestRegistrar(algorithm: .sha256)
        try alice.command(.register)
        try registrar.serve(&alice)
        try registrar.serve(&alice)
        registrar.nonce = "n2"
        registrar.stale = true
        try alice.command(.register)
        try registrar.serve(&alice)
        try registrar.serve(&alice)
        #expect(alice.takeEvents() == [.registered(expiresSeconds: 600), .registered(expiresSeconds: 600)])
        #expect(registrar.nonceCounts == [1, 1])
    }

    @Test("RFC 3261 §10.2: REGISTER keeps its Call-ID and its CSeq grows, also for a challenge")
    func callIDAndCSeq() throws {
        var alice = UserAgentBench("alice")
        var numbers: [UInt32] = []
        var callIDs: Set<String> = []
        var registrar = TestRegistrar(algorithm: .sha256)
        for _ in 0..<3 {
            try alice.command(.register)
            while let request = alice.sent.first {
                numbers.append(try #require(request.cSeq).number)
                callIDs.insert(try #require(request.callID).text)
                try registrar.serve(&alice)
            }
        }
        #expect(numbers == [1, 2, 3, 4])
        #expect(callIDs.count == 1)
    }

    @Test("RFC 3261 §10.3: 423 is answered with the lifetime that the registrar wants")
    func intervalTooBrief() throws {
        var alice = UserAgentBench("alice")
        try alice.command(.register)
        let first = try unwrap(alice.takeSent())
        try alice.reply(to: first, 423, lines: [(.minExpires, "7200")])
        let second = try unwrap(alice.takeSent())
        #expect(second.expires == 7_200)
        try alice.reply(to: second, 200, lines: [(.expires, "7200")])
        #expect(alice.takeEvents() == [.registered(expiresSeconds: 7_200)])
    }

    @Test("RFC 3261 §10.2.2: signing out asks for no lifetime and forgets the binding")
    func unregisters() throws {
        var alice = UserAgentBench("alice")
        var registrar = TestRegistrar(algorithm: .sha256)
        try alice.command(.register)
        try registrar.serve(&alice)
        try registrar.serve(&alice)
        try alice.command(.unregister)
        #expect(alice.sent.first?.expires == 0)
        try registrar.serve(&alice)
        #expect(alice.takeEvents() == [.registered(expiresSeconds: 600), .unregistered])
        #expect(!alice.agent.isRegistered)
        #expect(alice.agent.nextDeadline == nil)
    }

    @Test("RFC 3261 §10.2: no REGISTER leaves before the final response to the last one")
    func oneAtATime() throws {
        var alice = UserAgentBench("alice")
        var registrar = TestRegistrar(algorithm: .sha256)
        try alice.command(.register)
        try alice.command(.register)
        try alice.command(.unregister)
        #expect(alice.sent.count == 1)
        try registrar.serve(&alice)
        #expect(alice.sent.count == 1)
        try registrar.serve(&alice)
        #expect(alice.sent.map(\.expires) == [0])
        try registrar.serve(&alice)
        #expect(alice.sent.isEmpty)
        #expect(alice.takeEvents() == [.registered(expiresSeconds: 600), .unregistered])
    }

    @Test("RFC 3608 §6.1: requests outside of dialogs take the Service-Route")
    func serviceRoute() throws {
        var alice = UserAgentBench("alice")
        var registrar = TestRegistrar(algorithm: .sha256)
        try alice.command(.register)
        try registrar.serve(&alice)
        try registrar.serve(&alice, lines: [(.serviceRoute, "<sip:a.example;lr>, <sip:b.example;lr>")])
        try alice.command(.sendMessage(to: "sip:bob@contoso.example", text: "hello", tag: 1))
        let message = try unwrap(alice.takeSent())
        #expect(message.elements(of: .route).map(\.text) == ["<sip:a.example;lr>", "<sip:b.example;lr>"])
    }

    @Test("RFC 3261 §8.1.3.1: silence to REGISTER is a 408 after 64*T1")
    func silence() throws {
        var alice = UserAgentBench("alice")
        try alice.command(.register)
        try alice.pass(.milliseconds(31_999))
        #expect(alice.takeEvents().isEmpty)
        try alice.pass(.milliseconds(1))
        #expect(alice.takeEvents() == [.registrationFailed(status: 408, reason: "Request Timeout")])
    }

    @Test("RFC 5626 §4.4: Flow-Timer makes it ping in time, and ten seconds without pong end the flow")
    func keepAlive() throws {
        var alice = UserAgentBench("alice")
        try alice.command(.register)
        let request = try unwrap(alice.takeSent())
        try alice.reply(to: request, 200, lines: [(.expires, "600"), (.flowTimer, "100")])
        try alice.pass(.milliseconds(79_999))
        #expect(alice.pings == 0)
        for number in 1...3 {
            let ping = try #require(alice.agent.nextDeadline)
            #expect(ping <= alice.now + .seconds(number == 1 ? 21 : 100))
            try alice.pass(ping - alice.now)
            #expect(alice.pings == number)
            if number < 3 { try alice.give(.pong) }
        }
        #expect(alice.takeEvents() == [.registered(expiresSeconds: 600)])
        try alice.pass(.milliseconds(9_999))
        #expect(alice.takeEvents().isEmpty)
        try alice.pass(.milliseconds(1))
        #expect(alice.takeEvents() == [.flowFailed])
        #expect(alice.agent.nextDeadline == nil)
    }
}
