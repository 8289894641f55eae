import Basis
import SIP
import Server
import Testing
import Trust

@Suite("Calls through the home proxy")
struct CallTests {
    private func home() throws -> TestServer {
        try TestServer("fe1", in: DecisionWorld(), users: ["alice", "bob", "carol"])
    }

    /// A second and third device of Bob's.
    private func devices(_ home: TestServer, _ count: Int) throws -> [ConnectionID] {
        try (1...count).map { number in
            let id = try home.client()
            try home.register("bob", on: id, contact: "<sip:bob@192.0.2.\(number)>")
            return id
        }
    }

    @Test("RFC 3261 §16.6, RFC 3261 §16.7: INVITE, 180, 200, ACK and the callee's BYE, all through us")
    func call() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        let draft = Draft.invite("alice", to: "bob")
        home.send(draft, on: alice)
        #expect(home.statuses(alice) == [100])
        let invite = try home.one(bob)
        #expect(invite.texts(.recordRoute).count == 1)
        home.send(invite.answered(100), on: bob)
        #expect(home.read(alice).isEmpty)
        home.send(invite.answered(180), on: bob)
        home.send(invite.answered(200, ["Contact: <sip:bob@192.0.2.7:40000;transport=tls>"]), on: bob)
        let answers = home.read(alice)
        #expect(answers.map(\.status) == [180, 200])
        let caller = try TestDialog(caller: draft, try #require(answers.last))
        home.send(caller.request("ACK") { $0.cSeq = draft.cSeq }, on: alice)
        let acknowledgement = try home.one(bob)
        #expect(acknowledgement.method == .ack && acknowledgement.texts(.route).isEmpty)
        let callee = try TestDialog(callee: invite)
        let bye = callee.request("BYE")
        home.send(bye, on: bob)
        let ended = try home.one(alice)
        #expect(ended.method == .bye && ended.requestURIBytes.text == "sip:alice@192.0.2.7:40000;transport=tls")
        home.send(ended.answered(200), on: alice)
        #expect(home.statuses(bob) == [200])
        #expect(home.server.runningTransactions == 1, "the INVITE's context lives until timer M")
        home.pass(.seconds(33))
        #expect(home.server.runningTransactions == 0)
    }

    @Test("The callee's BYE passes with the alias that was dialled in From")
    func alias() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        home.send(.invite("alice", to: "bob.alias"), on: alice)
        let invite = try home.one(bob)
        home.send(invite.answered(200), on: bob)
        home.send(try TestDialog(callee: invite).request("BYE"), on: bob)
        #expect(home.read(alice).last?.method == .bye)
    }

    @Test("A Route of ours that is forged, or of another dialog, or from another flow, is refused (E403)")
    func forgedRoute() throws {
        let home = try home()
        let (alice, bob, carol) = (
            try home.signedIn("alice"), try home.signedIn("bob"), try home.signedIn("carol")
        )
        home.send(.invite("alice", to: "bob"), on: alice)
        let invite = try home.one(bob)
        home.send(invite.answered(200), on: bob)
        _ = home.read(alice)
        let bye = try TestDialog(callee: invite).request("BYE")
        let wrong: [(ConnectionID, Draft)] = [
            (carol, bye), (bob, bye.with { $0.callID = "other@client.example" }),
            (bob, bye.with { $0.toTag = "other" }),
            (
                bob,
                bye.with { draft in
                    draft.lines = draft.lines.map { $0.replacing("<sip:", with: "<sip:A", maxReplacements: 1) }
                }
            ),
            // The callee cannot speak as the caller.
            (bob, bye.with { ($0.fromTag, $0.toTag) = ("f1", "t1") }),
        ]
        for (number, (id, draft)) in wrong.enumerated() {
            home.send(draft.with { $0.branch += "w\(number)" }, on: id)
            #expect(home.statuses(id) == [403], "row \(number)")
        }
        #expect(home.read(alice).isEmpty)
        home.send(bye, on: bob)
        #expect(home.read(alice).map(\.method) == [.bye])
    }

    @Test("RFC 3261 §16.7: every flow rings; the first 200 ends the others, and their ACKs are ours")
    func forking() throws {
        let home = try home()
        let alice = try home.signedIn("alice")
        let phones = try devices(home, 3)
        home.send(.invite("alice", to: "bob"), on: alice)
        let invites = try phones.map { try home.one($0) }
        #expect(Set(invites.map { $0.texts(.recordRoute) }).count == 3)
        #expect(Set(invites.compactMap { $0.topVia?.branch?.text }).count == 3)
        for (phone, invite) in zip(phones, invites) { home.send(invite.answered(180), on: phone) }
        home.send(invites[1].answered(200), on: phones[1])
        #expect(home.statuses(alice) == [100, 180, 180, 180, 200])
        for index in [0, 2] {
            let cancel = try home.one(phones[index])
            #expect(cancel.method == .cancel && cancel.topVia?.branch == invites[index].topVia?.branch)
            #expect(cancel.requestURIBytes == invites[index].requestURIBytes)
            // RFC 3326 §2: a phone that stops ringing because another answered shows no missed call.
            #expect(cancel.texts(.reason).first?.contains("cause=200") == true)
            home.send(cancel.answered(200), on: phones[index])
            home.send(invites[index].answered(487), on: phones[index])
            #expect(try home.one(phones[index]).method == .ack)
        }
        #expect(home.read(phones[1]).isEmpty && home.read(alice).isEmpty)
    }

    @Test("RFC 3261 §16.7 step 6: the best response, with a flow that has gone as the worst of its class")
    func best() throws {
        let home = try home()
        let alice = try home.signedIn("alice")
        let rows: [([Int], Int)] = [
            ([404, 486, 480], 404), ([503, 486, 500], 486), ([503, 503, 503], 500), ([486, 603, 404], 603),
            ([300, 486, 500], 300), ([404, 415, 486], 415), ([408, 486, 486], 486), ([430, 486, 486], 486),
            ([430, 430, 430], 480), ([503, 500, 500], 500),
        ]
        let phones = try devices(home, 3)
        for (number, (statuses, expected)) in rows.enumerated() {
            home.send(.invite("alice", to: "bob"), on: alice)
            for (phone, status) in zip(phones, statuses) {
                let invite = try #require(home.read(phone).first { $0.method == .invite })
                home.send(invite.answered(status), on: phone)
            }
            // A 6xx cancels what still rings, which answers.
            #expect(home.statuses(alice).filter { $0 > 100 } == [expected], "row \(number)")
        }
    }

    @Test("RFC 3261 §16.10: CANCEL is answered, goes to what rings, and the INVITE ends with 487")
    func cancel() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        let draft = Draft.invite("alice", to: "bob")
        home.send(draft, on: alice)
        let invite = try home.one(bob)
        let cancel = draft.with { draft in
            draft.method = "CANCEL"
            draft.lines = ["Reason: SIP;cause=200;text=\"Call completed elsewhere\""]
            draft.body = ""
        }
        home.send(cancel, on: alice)
        #expect(home.statuses(alice) == [100, 200])
        // RFC 3261 §9.1: not before a provisional response.
        #expect(home.read(bob).isEmpty)
        home.send(invite.answered(180), on: bob)
        let passed = try home.one(bob)
        #expect(passed.method == .cancel)
        #expect(passed.texts(.reason) == ["SIP;cause=200;text=\"Call completed elsewhere\""])
        home.send(passed.answered(200), on: bob)
        home.send(invite.answered(487), on: bob)
        #expect(try home.one(bob).method == .ack)
        #expect(home.statuses(alice) == [180, 487])
        home.send(cancel.with { ($0.callID, $0.branch) = ("none@client.example", "z9hG4bKnone") }, on: alice)
        #expect(home.statuses(alice) == [481])
    }

    @Test("A stranger's CANCEL ends nobody's call")
    func foreignCancel() throws {
        let home = try home()
        let (alice, bob, carol) = (try home.signedIn("alice"), try home.signedIn("bob"), try home.signedIn("carol"))
        let draft = Draft.invite("alice", to: "bob")
        home.send(draft, on: alice)
        home.send(try home.one(bob).answered(180), on: bob)
        home.send(draft.with { ($0.method, $0.lines, $0.body) = ("CANCEL", [], "") }, on: carol)
        #expect(home.statuses(carol) == [481])
        #expect(home.read(bob).isEmpty)
    }

    @Test("RFC 3261 §16.8: timer C cancels what rings for ever; a provisional response starts it again")
    func timerC() throws {
        let home = try home()
        let alice = try home.signedIn("alice")
        // Ten phones for half an hour: one timer for each, not one for each pair, and so on for ever.
        let phones = try devices(home, 10)
        home.send(.invite("alice", to: "bob"), on: alice)
        let invites = try phones.map { try home.one($0) }
        for _ in 0..<10 {
            for (phone, invite) in zip(phones, invites) { home.send(invite.answered(180), on: phone) }
            home.pass(.seconds(180))
            #expect(phones.allSatisfy { home.read($0).isEmpty })
        }
        home.pass(.seconds(190))
        for phone in phones { #expect(home.read(phone).map(\.method) == [.cancel]) }
        // RFC 3261 §9.1: nothing came after the CANCEL either.
        home.pass(.seconds(33))
        #expect(home.statuses(alice).last == 408)
        #expect(home.server.runningTransactions == 0)
    }

    @Test("RFC 3261 §17.1.1: what never answers ends with 408")
    func silence() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        home.send(.invite("alice", to: "bob"), on: alice)
        #expect(home.read(bob).count == 1)
        home.pass(.seconds(33))
        #expect(home.statuses(alice) == [100, 408])
    }

    @Test("RFC 3261 §16.9: a callee that goes ends its branch; a caller that goes stops the ringing")
    func connectionsEnd() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        home.send(.invite("alice", to: "bob"), on: alice)
        home.send(try home.one(bob).answered(180), on: bob)
        home.drop(bob)
        #expect(home.statuses(alice) == [100, 180, 480])
        let again = try home.signedIn("bob")
        home.send(.invite("alice", to: "bob"), on: alice)
        home.send(try home.one(again).answered(180), on: again)
        home.drop(alice)
        #expect(try home.one(again).method == .cancel)
    }

    @Test(
        "RFC 5393 §5: the breadth is divided among the branches, added when it is missing, and 440 when it is not enough"
    )
    func breadth() throws {
        let home = try home()
        let alice = try home.signedIn("alice")
        let phones = try devices(home, 3)
        home.send(.message("alice", to: "bob"), on: alice)
        #expect(try phones.map { try home.one($0).maxBreadth } == [20, 20, 20])
        home.send(.message("alice", to: "bob", ["Max-Breadth: 2"]), on: alice)
        #expect(home.statuses(alice) == [440])
        home.send(.message("alice", to: "bob", ["Max-Breadth: 3"]), on: alice)
        #expect(try phones.map { try home.one($0).maxBreadth } == [1, 1, 1])
        let carol = try home.signedIn("carol")
        home.send(.message("alice", to: "carol"), on: alice)
        #expect(try home.one(carol).maxBreadth == 60)
        home.send(.message("alice", to: "carol", ["Max-Breadth: 0"]), on: alice)
        #expect(home.statuses(alice) == [440])
    }

    @Test("wire.md: media without SRTP get 488 and a Warning; also in another kind of body, and packed")
    func media() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        for profile in ["RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"] {
            home.send(.invite("alice", to: "bob", profile: profile), on: alice)
            #expect(home.read(bob).count == 1, "\(profile)")
        }
        _ = home.read(alice)
        for profile in ["RTP/AVP", "RTP/AVPF", "UDP/TLS/RTP/AVP"] {
            home.send(.invite("alice", to: "bob", profile: profile), on: alice)
            let refused = try home.one(alice)
            #expect(refused.status == 488 && refused.warnings.first != nil, "\(profile)")
        }
        let off = Draft.invite("alice", to: "bob", profile: "RTP/AVP").with {
            $0.body = $0.body.replacing("40000 RTP", with: "0 RTP")
        }
        home.send(off, on: alice)
        #expect(home.read(bob).count == 1)
        _ = home.read(alice)
        let hidden = Draft.invite("alice", to: "bob", profile: "RTP/AVP").with { draft in
            draft.lines[1] = "Content-Type: multipart/mixed;boundary=b"
            draft.body = "--b\r\nContent-Type: application/sdp\r\n\r\n\(draft.body)--b--\r\n"
        }
        home.send(hidden, on: alice)
        #expect(home.statuses(alice) == [488])
        let open = hidden.with {
            ($0.body, $0.branch, $0.callID) = (
                $0.body.replacing("RTP/AVP", with: "RTP/SAVP"), "z9hG4bKopen", "open@client.example"
            )
        }
        home.send(open, on: alice)
        #expect(home.read(bob).count == 1)
        _ = home.read(alice)
        home.send(.invite("alice", to: "bob", ["Content-Encoding: gzip"]), on: alice)
        #expect(home.statuses(alice) == [415])
        #expect(home.read(bob).isEmpty)
    }

    @Test("A call from an application is ended by the callee, over a link that we dial")
    func application() throws {
        var world = try DecisionWorld()
        world.grantPBX(users: ["*@contoso.example"])
        let home = try TestServer("fe1", in: world, users: ["alice", "bob"])
        let (bob, pbx) = (try home.signedIn("bob"), try home.peer("pbx"))
        home.send(.invite("alice", to: "bob"), on: pbx)
        let invite = try home.one(bob)
        home.send(invite.answered(200), on: bob)
        home.send(try TestDialog(callee: invite).request("BYE"), on: bob)
        let dialled = try home.answerDial(as: "pbx")
        #expect(try home.one(dialled).method == .bye)
    }

    @Test("RFC 6026 §7.1: the INVITE of a caller who has gone ends with the callee's answer") func callerGone() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        home.send(.invite("alice", to: "bob"), on: alice)
        let invite = try home.one(bob)
        home.send(invite.answered(180), on: bob)
        home.handle(.closed(alice))
        let cancel = try home.one(bob)
        #expect(cancel.method == .cancel)
        home.send(cancel.answered(200), on: bob)
        home.send(invite.answered(487), on: bob)
        home.pass(.seconds(33))
        #expect(home.server.load == ServerLoad())
    }
}
