import Basis
import SIP
import Testing
import UserAgent

@Suite("RFC 3261 §8: requests and responses of a user agent outside of calls")
struct UserAgentMessageTests {
    private func request(_ method: String, _ lines: String = "", branch: String = "z9hG4bKx", toTag: String = "")
        -> String
    {
        """
        \(method) sip:bob@bob.invalid:5061;transport=tls SIP/2.0
        Via: SIP/2.0/TLS edge.contoso.example:5061;branch=\(branch)
        Max-Forwards: 70
        From: <sip:alice@contoso.example>;tag=a
        To: <sip:bob@contoso.example>\(toTag)
        Call-ID: c
        CSeq: 1 \(method)
        \(lines)Content-Length: LENGTH


        """
    }

    @Test("RFC 3428 §4, RFC 3428 §7: a message is delivered, answered 200 and reported on both sides")
    func message() throws {
        var pair = UserAgentPair()
        try pair.alice.command(.sendMessage(to: "sip:bob@contoso.example", text: "Grüße", tag: 7))
        try pair.settle()
        #expect(pair.alice.takeEvents() == [.messageDelivered(tag: 7, status: 200)])
        #expect(
            pair.bob.takeEvents() == [
                .messageReceived(
                    from: "sip:alice@contoso.example", contentType: "text/plain;charset=UTF-8",
                    body: Array("Grüße".utf8))
            ])
        #expect(pair.alice.agent.openCount == 0)
        #expect(pair.bob.agent.nextDeadline == nil)
    }

    @Test("RFC 3261 §8.1.3: a refusal, silence and a lost connection are reported as 404, 408 and 503")
    func failures() throws {
        var alice = UserAgentBench("alice")
        try alice.command(.sendMessage(to: "sip:nobody@contoso.example", text: "1", tag: 1))
        try alice.reply(to: try unwrap(alice.takeSent()), 404)
        try alice.command(.sendMessage(to: "sip:bob@contoso.example", text: "2", tag: 2))
        try alice.pass(.seconds(32))
        try alice.command(.sendMessage(to: "sip:bob@contoso.example", text: "3", tag: 3))
        try alice.give(.connectionClosed)
        #expect(
            alice.takeEvents() == [
                .messageFailed(tag: 1, status: 404, reason: "Not Found"),
                .messageFailed(tag: 2, status: 408, reason: "Request Timeout"),
                .messageFailed(tag: 3, status: 503, reason: "Service Unavailable"), .flowFailed,
            ])
        #expect(alice.agent.openCount == 0)
    }

    @Test("RFC 3261 §22.3: a 407 is answered with Proxy-Authorization and the next CSeq number")
    func proxyChallenge() throws {
        var alice = UserAgentBench("alice")
        try alice.command(.sendMessage(to: "sip:bob@contoso.example", text: "hi", tag: 1))
        let first = try unwrap(alice.takeSent())
        let challenge = "Digest realm=\"contoso.example\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\""
        try alice.reply(to: first, 407, lines: [(.proxyAuthenticate, challenge)])
        let second = try unwrap(alice.takeSent())
        #expect(second.cSeq?.number == 2)
        #expect(second.callID?.text == first.callID?.text)
        #expect(second.topVia?.branch?.text != first.topVia?.branch?.text)
        let credentials = try #require(second.credentials(in: .proxyAuthorization).first)
        let verifier = Digest.verifier(
            algorithm: .sha256, username: "alice", realm: "contoso.example", password: "secret")
        #expect(
            Digest.verify(credentials, verifier: verifier, algorithm: .sha256, method: second.methodBytes))
        try alice.reply(to: second, 202)
        #expect(alice.takeEvents() == [.messageDelivered(tag: 1, status: 202)])
    }

    @Test("RFC 3261 §8.1.3.3, RFC 3261 §17.1.3: a response with two Vias, or a branch made up, is dropped")
    func strangeResponses() throws {
        var alice = UserAgentBench("alice")
        try alice.command(.sendMessage(to: "sip:bob@contoso.example", text: "hi", tag: 1))
        let request = try unwrap(alice.takeSent())
        var edits = MessageEdits()
        edits.append(.via, "SIP/2.0/TLS other.example;branch=z9hG4bKo".utf8)
        try alice.reply(to: try SIPMessage.parse(request.serialised(applying: edits)), 200)
        let branch = try #require(request.topVia?.branch).text
        for other in ["z9hG4bK", "z9hG4bK1", String(branch.dropLast()) + "-", "x" + branch] {
            let forged = String(decoding: request.head, as: UTF8.self).replacing(branch, with: other)
            try alice.reply(to: try SIPMessage.parse(Array(forged.utf8) + Array(request.body)), 200)
        }
        #expect(alice.takeEvents().isEmpty)
        try alice.reply(to: request, 200)
        #expect(alice.takeEvents() == [.messageDelivered(tag: 1, status: 200)])
    }

    @Test("RFC 3261 §11.2: OPTIONS is answered with Allow, Accept and Supported")
    func options() throws {
        var pair = UserAgentPair()
        try pair.alice.command(.sendOptions(to: "sip:bob@contoso.example", tag: 3))
        let request = try unwrap(pair.alice.takeSent())
        try pair.bob.give(.received(request))
        let response = try #require(pair.bob.sent.first)
        #expect(response.status == 200)
        #expect(response.value(of: .allow)?.text == "INVITE, ACK, CANCEL, BYE, MESSAGE, OPTIONS")
        #expect(response.has(.accept))
        #expect(response.toTag != nil)
        try pair.settle()
        #expect(pair.alice.takeEvents() == [.optionsAnswered(tag: 3, status: 200)])
    }

    @Test(
        "RFC 3261 §8.2: each request gets the status of the first check that it fails",
        arguments: [
            ("SUBSCRIBE", "", "", UInt16(405)), ("FETCH", "", "", 501), ("MESSAGE", "Require: sec-agree\n", "", 420),
            ("BYE", "", "", 481), ("BYE", "", ";tag=none", 481), ("MESSAGE", "", ";tag=none", 481),
        ])
    func refusals(method: String, lines: String, toTag: String, status: UInt16) throws {
        var bob = UserAgentBench("bob")
        try bob.receive(request(method, lines, toTag: toTag))
        let response = try unwrap(bob.takeSent())
        #expect(response.status == status)
        #expect(response.has(.allow) == (status == 405))
        #expect((response.value(of: .unsupported)?.text == "sec-agree") == (status == 420))
        #expect(bob.takeEvents().isEmpty)
    }

    @Test("RFC 3261 §8.2.2.2: the same INVITE by a second path gets 482")
    func merged() throws {
        var bob = UserAgentBench("bob")
        let contact = "Contact: <sip:alice@alice.invalid;transport=tls>\n"
        try bob.receive(request("INVITE", contact))
        #expect(bob.takeSent()?.status == 180)
        try bob.receive(request("INVITE", contact, branch: "z9hG4bKy"))
        #expect(bob.takeSent()?.status == 482)
        #expect(bob.takeEvents().count == 1)
    }

    @Test("`requestsMax` holds: one more fails at once")
    func requestsMax() throws {
        var limits = UserAgentLimits()
        limits.requestsMax = 1
        var alice = UserAgentBench("alice", limits: limits)
        try alice.command(.sendMessage(to: "sip:bob@contoso.example", text: "1", tag: 1))
        try alice.command(.sendMessage(to: "sip:bob@contoso.example", text: "2", tag: 2))
        #expect(alice.sent.count == 1)
        #expect(alice.takeEvents() == [.messageFailed(tag: 2, status: 503, reason: "Service Unavailable")])
    }

    @Test("The same inputs give the same octets")
    func deterministic() throws {
        func run() throws -> [[UInt8]] {
            var pair = UserAgentPair()
            try pair.alice.command(.register)
            try pair.alice.command(.call(to: "sip:bob@contoso.example", CallHandle(1)))
            return pair.alice.sent.map { Array($0.head) + Array($0.body) }
        }
        #expect(try run() == run())
    }
}
