import Basis
import SIP
import Testing
import UserAgent

@Suite("RFC 3261 §13: calls between two user agents")
struct UserAgentCallTests {
    private let handle = CallHandle(1)

    private func incomingHandle(_ events: [UserAgentEvent]) -> CallHandle? {
        for event in events {
            if case .incomingCall(let handle, _) = event { return handle }
        }
        return nil
    }

    private func ringing() throws -> (pair: UserAgentPair, incoming: CallHandle) {
        var pair = UserAgentPair()
        try pair.alice.command(.call(to: "sip:bob@contoso.example", handle))
        try pair.settle()
        #expect(pair.alice.takeEvents() == [.callRinging(handle)])
        let incoming = try #require(incomingHandle(pair.bob.takeEvents()))
        return (pair, incoming)
    }

    private func established() throws -> (pair: UserAgentPair, incoming: CallHandle) {
        var (pair, incoming) = try ringing()
        try pair.bob.command(.answer(incoming))
        try pair.settle()
        #expect(pair.alice.takeEvents() == [.callAnswered(handle)])
        #expect(pair.bob.takeEvents() == [.callAnswered(incoming)])
        return (pair, incoming)
    }

    @Test("RFC 3261 §13, RFC 3261 §15: ring, answer, ACK, and BYE from the calling side; nothing stays")
    func callerHangsUp() throws {
        var (pair, incoming) = try established()
        try pair.alice.command(.hangUp(handle))
        try pair.settle()
        #expect(pair.alice.takeEvents() == [.callEnded(handle, .local)])
        #expect(pair.bob.takeEvents() == [.callEnded(incoming, .remote)])
        try pair.pass(.seconds(64))
        #expect(pair.alice.agent.openCount == 0)
        #expect(pair.bob.agent.openCount == 0)
        #expect(pair.alice.agent.nextDeadline == nil)
        #expect(pair.bob.agent.nextDeadline == nil)
    }

    @Test("RFC 3261 §15: the called side hangs up as well")
    func calledHangsUp() throws {
        var (pair, incoming) = try established()
        try pair.bob.command(.hangUp(incoming))
        try pair.settle()
        #expect(pair.bob.takeEvents() == [.callEnded(incoming, .local)])
        #expect(pair.alice.takeEvents() == [.callEnded(handle, .remote)])
    }

    @Test("RFC 3261 §9, RFC 3261 §15.1.1: hanging up before the answer cancels: 200, 487, ACK")
    func cancels() throws {
        var (pair, incoming) = try ringing()
        try pair.alice.command(.hangUp(handle))
        let cancel = try #require(pair.alice.sent.first)
        #expect(cancel.method == .cancel)
        try pair.settle()
        #expect(pair.alice.takeEvents() == [.callEnded(handle, .local)])
        #expect(pair.bob.takeEvents() == [.callEnded(incoming, .cancelled)])
        #expect(pair.alice.agent.openCount == 0)
        #expect(pair.bob.agent.openCount == 0)
        #expect(pair.bob.agent.nextDeadline == nil)
    }

    @Test("RFC 3261 §9.1: a CANCEL before any response waits for the first one")
    func cancelsEarly() throws {
        var pair = UserAgentPair()
        try pair.alice.command(.call(to: "sip:bob@contoso.example", handle))
        try pair.alice.command(.hangUp(handle))
        #expect(pair.alice.sent.count == 1)
        try pair.settle()
        #expect(pair.alice.takeEvents() == [.callEnded(handle, .local)])
        #expect(pair.bob.agent.openCount == 0)
    }

    @Test("RFC 3261 §15: a CANCEL that crosses the 200 is followed by ACK and BYE")
    func cancelCrossesAnswer() throws {
        var (pair, incoming) = try ringing()
        try pair.bob.command(.answer(incoming))
        try pair.alice.command(.hangUp(handle))
        try pair.settle()
        #expect(pair.alice.takeEvents() == [.callEnded(handle, .local)])
        #expect(pair.bob.takeEvents() == [.callAnswered(incoming), .callEnded(incoming, .remote)])
    }

    @Test("RFC 3261 §13.3.1.3: a refused call is reported with its status")
    func rejects() throws {
        var (pair, incoming) = try ringing()
        try pair.bob.command(.reject(incoming, status: 486))
        try pair.settle()
        #expect(pair.alice.takeEvents() == [.callEnded(handle, .failed(status: 486, reason: "Busy Here"))])
        #expect(pair.bob.takeEvents() == [.callEnded(incoming, .local)])
        #expect(pair.bob.agent.nextDeadline == nil)
    }

    @Test("RFC 3261 §13.3.1.4: a 200 without ACK ends with a BYE after 64*T1")
    func noACK() throws {
        var (pair, incoming) = try ringing()
        try pair.bob.command(.answer(incoming))
        pair.bob.sent = []
        try pair.bob.pass(.seconds(32))
        #expect(pair.bob.sent.map(\.method) == [.bye])
        #expect(pair.bob.takeEvents() == [.callEnded(incoming, .failed(status: 408, reason: "No ACK"))])
    }

    @Test("RFC 3261 §15: hanging up between 200 and ACK waits for the ACK")
    func hangsUpBeforeACK() throws {
        var (pair, incoming) = try ringing()
        try pair.bob.command(.answer(incoming))
        try pair.bob.command(.hangUp(incoming))
        #expect(pair.bob.sent.map(\.status) == [200])
        try pair.settle()
        #expect(pair.bob.takeEvents() == [.callAnswered(incoming), .callEnded(incoming, .local)])
        #expect(pair.alice.takeEvents() == [.callAnswered(handle), .callEnded(handle, .remote)])
    }

    @Test("RFC 4568 §6.1: offer and answer name RTP/SAVP with one key line each")
    func securedMedia() throws {
        var pair = UserAgentPair()
        try pair.alice.command(.call(to: "sip:bob@contoso.example", handle))
        let invite = try #require(pair.alice.sent.first)
        #expect(invite.mediaLines?.map(\.profile.text) == ["RTP/SAVP"])
        #expect(invite.body.text.contains("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"))
        try pair.bob.give(.received(invite))
        try pair.bob.command(.answer(try #require(incomingHandle(pair.bob.takeEvents()))))
        let answer = try #require(pair.bob.sent.last)
        #expect(answer.status == 200)
        #expect(answer.mediaLines?.map(\.profile.text) == ["RTP/SAVP"])
        #expect(answer.mediaLines?.first?.port != 0)
    }

    @Test("RFC 3261 §13.3.1.3, RFC 3264 §6: plain media gets 488, and one secured line among others is taken alone")
    func mediaOffers() throws {
        func invite(_ media: String, branch: String) -> String {
            """
            INVITE sip:bob@bob.invalid:5061;transport=tls SIP/2.0
            Via: SIP/2.0/TLS p2.example:5061;branch=\(branch)
            Record-Route: <sip:p2.example;lr>, <sip:p1.example;lr>
            Max-Forwards: 70
            From: <sip:alice@contoso.example>;tag=a
            To: <sip:bob@contoso.example>
            Call-ID: \(branch)
            CSeq: 1 INVITE
            Contact: <sip:alice@alice.invalid:5061;transport=tls>
            Content-Type: application/sdp
            Content-Length: LENGTH

            v=0
            o=- 1 1 IN IP4 192.0.2.1
            s=-
            c=IN IP4 192.0.2.1
            t=0 0
            \(media)
            """
        }
        var bob = UserAgentBench("bob")
        try bob.receive(invite("m=audio 4000 RTP/AVP 0\n", branch: "z9hG4bK1"))
        #expect(bob.takeSent()?.status == 488)
        let secured = """
            m=video 4002 RTP/SAVP 96
            a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA
            m=audio 4000 RTP/SAVP 8 0
            a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:AAAA

            """
        try bob.receive(invite(secured, branch: "z9hG4bK2"))
        #expect(bob.takeSent()?.status == 180)
        try bob.command(.answer(try #require(incomingHandle(bob.takeEvents()))))
        let answer = try unwrap(bob.takeSent())
        #expect(answer.mediaLines?.map(\.port) == [0, 40_000])
        #expect(answer.body.text.contains("m=audio 40000 RTP/SAVP 8\r\na=crypto:3 "))
        // RFC 3261 §12.1.1: the routes go back as they came.
        #expect(answer.elements(of: .recordRoute).map(\.text) == ["<sip:p2.example;lr>", "<sip:p1.example;lr>"])
        try bob.receive(
            """
            ACK sip:bob@bob.invalid:5061;transport=tls SIP/2.0
            Via: SIP/2.0/TLS p2.example:5061;branch=z9hG4bK3
            Max-Forwards: 70
            From: <sip:alice@contoso.example>;tag=a
            To: <sip:bob@contoso.example>;tag=\(try #require(answer.toTag).text)
            Call-ID: z9hG4bK2
            CSeq: 1 ACK
            Content-Length: LENGTH


            """)
        let incoming = CallHandle(0x8000_0001)
        #expect(bob.takeEvents() == [.callAnswered(incoming)])
        // RFC 3261 §12.1.1, RFC 3261 §12.2.1.1: the called side takes Record-Route in its order, and the Contact as target.
        try bob.command(.hangUp(incoming))
        let bye = try unwrap(bob.takeSent())
        #expect(bye.requestURIBytes.equals("sip:alice@alice.invalid:5061;transport=tls"))
        #expect(bye.elements(of: .route).map(\.text) == ["<sip:p2.example;lr>", "<sip:p1.example;lr>"])
        #expect(bye.toTag?.equals("a") == true)
    }

    @Test("RFC 3261 §12.1.2: the calling side takes Record-Route in reverse order, for ACK and BYE")
    func callerRoutes() throws {
        var alice = UserAgentBench("alice")
        try alice.command(.call(to: "sip:bob@contoso.example", handle))
        let invite = try unwrap(alice.takeSent())
        let lines: [(HeaderName, String)] = [
            (.recordRoute, "<sip:p2.example;lr>"), (.recordRoute, "<sip:p1.example;lr>"),
            (.contact, "<sip:bob@bob.invalid;transport=tls>"),
        ]
        try alice.reply(to: invite, 200, lines: lines)
        let ack = try unwrap(alice.takeSent())
        #expect(ack.method == .ack)
        #expect(ack.cSeq?.number == invite.cSeq?.number)
        #expect(ack.topVia?.branch?.text != invite.topVia?.branch?.text)
        try alice.command(.hangUp(handle))
        let bye = try unwrap(alice.takeSent())
        for request in [ack, bye] {
            #expect(request.requestURIBytes.equals("sip:bob@bob.invalid;transport=tls"))
            #expect(request.elements(of: .route).map(\.text) == ["<sip:p1.example;lr>", "<sip:p2.example;lr>"])
            #expect(request.toTag?.equals("far") == true)
        }
        #expect(bye.cSeq?.number == 2)
    }

    @Test("RFC 3261 §12.2.1.1: a strict router gets the request in its own name, with the target as the last route")
    func strictRoute() throws {
        var alice = UserAgentBench("alice")
        try alice.command(.call(to: "sip:bob@contoso.example", handle))
        let lines: [(HeaderName, String)] = [
            (.recordRoute, "<sip:loose.example;lr>"), (.recordRoute, "<sip:strict.example>"),
            (.contact, "<sip:bob@bob.invalid>"),
        ]
        try alice.reply(to: try unwrap(alice.takeSent()), 200, lines: lines)
        let ack = try unwrap(alice.takeSent())
        #expect(ack.requestURIBytes.equals("sip:strict.example"))
        #expect(ack.elements(of: .route).map(\.text) == ["<sip:loose.example;lr>", "<sip:bob@bob.invalid>"])
    }

    @Test(
        "RFC 3261 §13.2.2.4: a second branch of a fork is acknowledged and hung up, a repeated 200 is acknowledged again"
    )
    func forks() throws {
        var alice = UserAgentBench("alice")
        try alice.command(.call(to: "sip:bob@contoso.example", handle))
        let invite = try unwrap(alice.takeSent())
        let lines: [(HeaderName, String)] = [(.contact, "<sip:bob@bob.invalid>")]
        try alice.reply(to: invite, 200, toTag: "one", lines: lines)
        try alice.reply(to: invite, 200, toTag: "one", lines: lines)
        try alice.reply(to: invite, 200, toTag: "two", lines: lines)
        #expect(alice.sent.map(\.method) == [.ack, .ack, .ack, .bye])
        #expect(alice.sent.map { $0.toTag?.text } == ["one", "one", "two", "two"])
        #expect(alice.takeEvents() == [.callAnswered(handle)])
    }

    @Test(
        "RFC 3261 §22.3, RFC 3261 §13.2.2.4: a challenged INVITE is acknowledged, sent again, and its ACK has the credentials"
    )
    func challengedInvite() throws {
        var alice = UserAgentBench("alice")
        try alice.command(.call(to: "sip:bob@contoso.example", handle))
        let first = try unwrap(alice.takeSent())
        let challenge = "Digest realm=\"contoso.example\", nonce=\"n\", algorithm=MD5, qop=\"auth\""
        try alice.reply(to: first, 407, lines: [(.proxyAuthenticate, challenge)])
        let ack = try unwrap(alice.takeSent())
        // RFC 3261 §17.1.1.3: same branch, same CSeq number, the To of the response.
        #expect(ack.method == .ack)
        #expect(ack.topVia?.branch?.text == first.topVia?.branch?.text)
        #expect(ack.cSeq?.number == 1)
        #expect(ack.toTag?.equals("far") == true)
        let second = try unwrap(alice.takeSent())
        #expect(second.method == .invite)
        #expect(second.cSeq?.number == 2)
        #expect(second.has(.proxyAuthorization))
        try alice.reply(to: second, 200, lines: [(.contact, "<sip:bob@bob.invalid>")])
        #expect(alice.takeEvents() == [.callAnswered(handle)])
        let success = try unwrap(alice.takeSent())
        #expect(success.cSeq?.number == 2)
        #expect(success.has(.proxyAuthorization))
    }

    @Test(
        "RFC 3261 §12.2.2: a request of the dialog that is older than the last gets 500; RFC 3261 §14.2: a re-INVITE 200"
    )
    func inDialog() throws {
        var (pair, incoming) = try established()
        let contact = "Contact: <sip:alice@alice.invalid:5061;transport=tls>\n"
        // Alice's tags and Call-ID are read from the BYE that bob would send to her.
        var copy = pair.bob
        try copy.command(.hangUp(incoming))
        let bye = try unwrap(copy.takeSent())
        func request(_ method: String, _ number: Int) throws -> String {
            """
            \(method) sip:bob@bob.invalid:5061;transport=tls SIP/2.0
            Via: SIP/2.0/TLS p.example:5061;branch=z9hG4bK\(method)\(number)
            Max-Forwards: 70
            From: <sip:alice@contoso.example>;tag=\(try #require(bye.toTag).text)
            To: <sip:bob@contoso.example>;tag=\(try #require(bye.fromTag).text)
            Call-ID: \(try #require(bye.callID).text)
            CSeq: \(number) \(method)
            \(contact)Content-Length: LENGTH


            """
        }
        try pair.bob.receive(try request("INVITE", 5))
        #expect(pair.bob.takeSent()?.status == 200)
        try pair.bob.receive(try request("BYE", 4))
        #expect(pair.bob.takeSent()?.status == 500)
        try pair.bob.receive(try request("BYE", 6))
        #expect(pair.bob.takeSent()?.status == 200)
        #expect(pair.bob.takeEvents() == [.callEnded(incoming, .remote)])
    }

    @Test("The end of the connection ends every call, ringing or up")
    func connectionClosed() throws {
        var (pair, incoming) = try established()
        try pair.alice.command(.call(to: "sip:carol@contoso.example", CallHandle(2)))
        try pair.alice.give(.connectionClosed)
        try pair.bob.give(.connectionClosed)
        let lost = CallEnd.failed(status: 503, reason: "Connection lost")
        #expect(
            pair.alice.takeEvents() == [
                .callEnded(CallHandle(2), .failed(status: 503, reason: "Service Unavailable")),
                .callEnded(handle, lost),
                .flowFailed,
            ])
        #expect(pair.bob.takeEvents() == [.callEnded(incoming, lost), .flowFailed])
        #expect(pair.alice.agent.nextDeadline == nil)
    }

    @Test("`callsMax` holds: one more is 486")
    func callsMax() throws {
        var limits = UserAgentLimits()
        limits.callsMax = 0
        var pair = UserAgentPair()
        pair.bob = UserAgentBench("bob", slot: 2, limits: limits)
        try pair.alice.command(.call(to: "sip:bob@contoso.example", handle))
        try pair.settle()
        #expect(pair.alice.takeEvents() == [.callEnded(handle, .failed(status: 486, reason: "Busy Here"))])
    }
}
