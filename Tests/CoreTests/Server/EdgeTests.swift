import Basis
import SIP
import Server
import Testing
import Trust

@Suite("The edge")
struct EdgeTests {
    private let world: DecisionWorld

    init() throws { world = try .withPartnerAndPorts() }

    @Test("RFC 3327 §5.1, RFC 5626 §5.1: Path on REGISTER, Record-Route on everything else, both with the flow and ob")
    func path() throws {
        let edge = try TestServer("edge1", in: world)
        let client = edge.connect(.outside([]))
        edge.send(.register("alice"), on: client)
        edge.send(.message("alice", to: "bob"), on: client)
        let inside = try edge.answerDial(as: "fe1")
        let requests = edge.read(inside)
        let path = try #require(requests.first?.path?.first?.uri)
        let route = try #require(requests.last?.recordRoutes?.first?.uri)
        #expect(path.host.text == "edge1.contoso.example" && path.user == route.user)
        // Decision 0008: what a client is to use again names an address.
        #expect(route.host.text == "[::1]")
        for uri in [path, route] { #expect(uri.description.hasSuffix(";transport=tls;lr;ob")) }
        let other = edge.connect(.outside([]))
        edge.send(.message("alice", to: "bob"), on: other)
        #expect(try edge.one(inside).recordRoutes?.first?.uri?.user != route.user)
    }

    @Test("A client registers through the edge, and is called on the flow on which it did")
    func outsideUser() throws {
        let pair = try EdgePair(world)
        let (client, bob) = (try pair.outsider(), try pair.home.signedIn("bob"))
        let answer = try pair.register("alice", on: client)
        #expect(answer.status == 200 && answer.supports("outbound", in: .require) && answer.has(.path))
        pair.home.send(.message("bob", to: "alice"), on: bob)
        try pair.exchange()
        let request = try pair.edge.one(client)
        #expect(request.body.text == "hello" && request.texts(.route).isEmpty)
        // The same view as a client inside has.
        #expect(request.texts(.pAssertedIdentity) == ["<sip:bob@contoso.example>"])
        pair.edge.send(request.answered(200), on: client)
        try pair.exchange()
        #expect(pair.home.statuses(bob) == [200])
        pair.home.send(.message("bob", to: "alice", ["Privacy: id"]), on: bob)
        try pair.exchange()
        #expect(try !pair.edge.one(client).has(.pAssertedIdentity))
    }

    @Test("What one client behind the edge proved says nothing about the next")
    func flowsApart() throws {
        let pair = try EdgePair(world)
        let (first, second) = (try pair.outsider(), try pair.outsider())
        _ = try pair.register("alice", on: first)
        pair.edge.send(.message("alice", to: "bob"), on: first)
        pair.edge.send(.message("alice", to: "bob"), on: second)
        try pair.exchange()
        #expect(pair.edge.statuses(first) == [480])
        #expect(pair.edge.statuses(second) == [407])
    }

    @Test("A call from outside in: the callee's BYE comes back over the flow, through both")
    func call() throws {
        let pair = try EdgePair(world)
        let (client, bob) = (try pair.outsider(), try pair.home.signedIn("bob"))
        _ = try pair.register("alice", on: client)
        let draft = Draft.invite("alice", to: "bob")
        pair.edge.send(draft, on: client)
        try pair.exchange()
        let invite = try pair.home.one(bob)
        #expect(invite.texts(.recordRoute).count == 2)
        pair.home.send(invite.answered(200, ["Contact: <sip:bob@192.0.2.7:40000;transport=tls>"]), on: bob)
        try pair.exchange()
        let answers = pair.edge.read(client)
        #expect(answers.last?.status == 200)
        let caller = try TestDialog(caller: draft, try #require(answers.last))
        pair.edge.send(caller.request("ACK") { $0.cSeq = draft.cSeq }, on: client)
        try pair.exchange()
        #expect(try pair.home.one(bob).method == .ack)
        pair.home.send(try TestDialog(callee: invite).request("BYE"), on: bob)
        try pair.exchange()
        let bye = try pair.edge.one(client)
        #expect(bye.method == .bye && bye.texts(.route).isEmpty)
        // The caller's end, too, and with the same Route again from another flow in vain.
        let other = try pair.outsider()
        pair.edge.send(caller.request("INFO"), on: other)
        try pair.exchange()
        #expect(pair.edge.statuses(other) == [403])
        pair.edge.send(caller.request("INFO") { $0.branch += "again" }, on: client)
        try pair.exchange()
        #expect(try pair.home.one(bob).method == .info)
    }

    @Test("Decision 0009: ACK and BYE of a callee outside whose 2xx is in the clear go over its flow")
    func openMediaOutside() throws {
        let pair = try EdgePair(world)
        let (client, bob) = (try pair.outsider(), try pair.home.signedIn("bob"))
        _ = try pair.register("alice", on: client)
        pair.home.send(.invite("bob", to: "alice"), on: bob)
        try pair.exchange()
        let invite = try pair.edge.one(client)
        let lines = ["Contact: <sip:alice@198.51.100.4;transport=tls>", "Content-Type: application/sdp"]
        pair.edge.send(invite.answered(200, lines, body: "v=0\r\nm=audio 40002 RTP/AVP 0\r\n"), on: client)
        try pair.exchange()
        #expect(pair.edge.read(client).map(\.method) == [.ack, .bye])
        #expect(pair.home.statuses(bob) == [100, 488])
    }

    @Test("RFC 5626 §11.2: a flow that is gone is 430 at the edge and 480 to the caller; binding and proof end")
    func flowGone() throws {
        let pair = try EdgePair(world)
        let (client, bob) = (try pair.outsider(), try pair.home.signedIn("bob"))
        _ = try pair.register("alice", on: client)
        pair.edge.drop(client)
        // The proof of an hour is over by then, the binding is not: it must go all the same.
        pair.home.send(.message("bob", to: "alice"), on: bob)
        try pair.exchange()
        #expect(pair.home.statuses(bob) == [480])
        #expect(pair.home.server.shared.location.everything.map { $0.aor[...].text } == ["bob@contoso.example"])
    }

    @Test("RFC 5626 §5.3: a token that we did not make is 430")
    func forgedToken() throws {
        let edge = try TestServer("edge1", in: world)
        let (client, inside) = (edge.connect(.outside([])), try edge.peer("fe1"))
        edge.send(.message("alice", to: "bob"), on: client)
        let out = try edge.answerDial(as: "fe1")
        let route = try #require(try edge.one(out).texts(.recordRoute).first)
        func draft(_ route: String) -> Draft { .message("bob", to: "alice", ["Route: \(route)"]) }
        edge.send(draft(route.replacing("<sip:", with: "<sip:A", maxReplacements: 1)), on: inside)
        #expect(edge.statuses(inside) == [430])
        edge.send(draft(route), on: inside)
        #expect(edge.read(client).count == 1)
    }

    @Test("A client outside is closed after 30 s unless the home server lets a user in")
    func deadline() throws {
        let pair = try EdgePair(world)
        let (proven, idle) = (try pair.outsider(), try pair.outsider())
        #expect(try pair.register("alice", on: proven).status == 200)
        pair.edge.send(.message("alice", to: "bob"), on: idle)
        try pair.exchange()
        #expect(pair.edge.statuses(idle) == [407])
        pair.edge.pass(.seconds(31))
        #expect(pair.edge.closed[idle] == .limit(.e704))
        #expect(pair.edge.closed[proven] == nil)
    }

    @Test("A success that names no user proves none: OPTIONS to the front end, a REGISTER without P-Asserted-Identity")
    func unprovenSuccess() throws {
        let pair = try EdgePair(world)
        let (asking, registered) = (try pair.outsider(), try pair.outsider())
        for name in ["fe1.contoso.example", "fe.contoso.example"] {
            let draft = Draft("OPTIONS", from: "x@stranger.example", to: "x").with { $0.uri = "sip:" + name }
            pair.edge.send(draft, on: asking)
            try pair.exchange()
            #expect(pair.edge.statuses(asking) == [200])
        }
        #expect(try pair.register("alice", on: registered).status == 200)
        pair.edge.pass(.seconds(31))
        #expect(pair.edge.closed == [asking: .limit(.e704)])
        // The mark is the home server's, and what it says of itself is not for the client.
        let edge = try TestServer("edge1", in: world)
        var inside: ConnectionID?
        for (lines, isProven) in [
            ([], false), (["P-Asserted-Identity: <sip:alice@contoso.example>"], true),
        ] as [([String], Bool)] {
            let client = edge.connect(.outside([]))
            edge.send(.register("alice"), on: client)
            let out = try inside ?? edge.answerDial(as: "fe1")
            inside = out
            edge.send(try edge.one(out).answered(200, lines), on: out)
            #expect(try !edge.one(client).has(.pAssertedIdentity))
            edge.pass(.seconds(31))
            #expect((edge.closed[client] == nil) == isProven)
        }
    }

    @Test("wire.md: a user that ended loses the connections at the edge that the 200 to its REGISTER named")
    func userEnded() throws {
        let pair = try EdgePair(world)
        let (first, second, third) = (try pair.outsider(), try pair.outsider(), try pair.outsider())
        _ = try pair.register("alice", on: first)
        _ = try pair.register("bob", on: second)
        // By an alias: the address-of-record is what the home server says.
        let draft = Draft.register("alice").with { $0.to = "sip:alice.alias@contoso.example" }
        pair.edge.send(draft, on: third)
        try pair.exchange()
        pair.edge.send(try draft.answering(try pair.edge.one(third), as: "alice"), on: third)
        try pair.exchange()
        let answer = try pair.edge.one(third)
        #expect(answer.status == 200 && !answer.has(.pAssertedIdentity))
        try pair.edge.change(world, users: [], ended: ["alice@contoso.example"])
        #expect(pair.edge.closed == [first: .done, third: .done])
        for id in [first, third] { pair.edge.drop(id) }
        // Too many to name: whoever has a user goes; a link of a server and a client without a user stay.
        let idle = try pair.outsider()
        try pair.edge.change(world, users: [], everybody: true)
        #expect(pair.edge.closed == [first: .done, second: .done, third: .done])
        #expect(pair.edge.server.counters.live[.client] == 2 && pair.edge.closed[idle] == nil)
    }

    @Test("A partner sends from its domains to ours: E403, E406, and the control")
    func partner() throws {
        let edge = try TestServer("edge1", in: world)
        let partner = try edge.fabrikam()
        edge.send(Draft("MESSAGE", from: "x@contoso.example", to: "bob@contoso.example"), on: partner)
        edge.send(Draft("MESSAGE", from: "x@tailspin.example", to: "bob@contoso.example"), on: partner)
        edge.send(Draft("MESSAGE", from: "x@fabrikam.example", to: "y@fabrikam.example"), on: partner)
        edge.send(Draft("MESSAGE", from: "x@fabrikam.example", to: "y@stranger.example"), on: partner)
        #expect(edge.statuses(partner) == [403, 403, 404, 404])
        #expect(edge.refusals == [.e403, .e403, .e406, .e406])
        edge.send(
            Draft(
                "MESSAGE", from: "x@fabrikam.example", to: "bob@contoso.example",
                ["P-Asserted-Identity: <sip:alice@contoso.example>"]), on: partner)
        let inside = try edge.answerDial(as: "fe1")
        #expect(try edge.one(inside).texts(.pAssertedIdentity) == ["<sip:x@fabrikam.example>"])
    }

    @Test(
        "Decision 0010: an anonymous call of a partner is let in by the domain that it asserts, and by nothing else",
        arguments: [
            (
                "anonymous.invalid", ["P-Asserted-Identity: <sip:anonymous@fabrikam.example>"],
                "anonymous@fabrikam.example"
            ),
            ("anonymous.invalid", ["P-Asserted-Identity: <sip:x@fabrikam.example>"], "x@fabrikam.example"),
            ("fabrikam.example", [], "anonymous@fabrikam.example"), ("anonymous.invalid", [], nil),
            ("anonymous.invalid", ["P-Asserted-Identity: <sip:x@tailspin.example>"], nil),
            ("anonymous.invalid", ["P-Asserted-Identity: <sip:alice@contoso.example>"], nil),
            ("tailspin.example", ["P-Asserted-Identity: <sip:x@fabrikam.example>"], nil),
        ] as [(String, [String], String?)])
    func anonymousPartner(host: String, lines: [String], identity: String?) throws {
        let edge = try TestServer("edge1", in: world)
        let partner = try edge.fabrikam()
        edge.send(
            Draft("MESSAGE", from: "anonymous@" + host, to: "bob@contoso.example", lines + ["Privacy: id"]), on: partner
        )
        guard let identity else {
            #expect(edge.statuses(partner) == [403] && edge.refusals == [.e403])
            return
        }
        let inside = try edge.answerDial(as: "fe1")
        #expect(try edge.one(inside).texts(.pAssertedIdentity) == ["<sip:\(identity)>"])
    }

    @Test(
        "From inside out: to partners of ours only (E401), not to blocked ones (E404), with the code for the hop before"
    )
    func outwards() throws {
        let edge = try TestServer("edge1", in: world)
        let inside = try edge.peer("fe1")
        let identity = "P-Asserted-Identity: <sip:alice@contoso.example>"
        edge.send(.message("alice", to: "x@stranger.example", [identity]), on: inside)
        edge.send(.message("alice", to: "x@woodgrove.example", [identity]), on: inside)
        let refused = edge.read(inside)
        #expect(refused.map(\.status) == [404, 403])
        #expect(refused.map { $0.texts(.reason).first?.contains("E40") } == [true, true])
        #expect(edge.refusals == [.e401, .e404] && edge.dials.isEmpty)
        edge.send(.message("alice", to: "x@fabrikam.example", [identity]), on: inside)
        let partner = try edge.answerDial(as: nil)
        let request = try edge.one(partner)
        #expect(request.texts(.pAssertedIdentity) == ["<sip:alice@contoso.example>"])
        #expect(request.recordRoutes?.first?.uri?.host.text == "sip.contoso.example")
        edge.send(request.answered(200, ["P-Asserted-Identity: <sip:z@contoso.example>"]), on: partner)
        #expect(edge.statuses(inside) == [200])
        edge.send(.message("alice", to: "x@fabrikam.example", [identity, "Privacy: id"]), on: inside)
        #expect(try edge.one(partner).texts(.pAssertedIdentity) == ["<sip:anonymous@contoso.example>"])
    }

    @Test(
        "trust.md, Users: an edge carries outwards what a front end or director says, of other roles nothing (E403)",
        arguments: [(.frontEnd, true), (.director, true), (.mediation, false)] as [(ServerRole, Bool)])
    func roleOutwards(role: ServerRole, isAllowed: Bool) throws {
        var world = world
        let index = try #require(world.topology.pools.firstIndex { $0.name == "chat.contoso.example" })
        world.topology.pools[index].roles = [role]
        let edge = try TestServer("edge1", in: world)
        let inside = try edge.peer("chat1")
        let identity = "P-Asserted-Identity: <sip:alice@contoso.example>"
        edge.send(.message("alice", to: "x@fabrikam.example", [identity]), on: inside)
        #expect(edge.dials.map(\.dialled) == (isAllowed ? [.partner("fabrikam.example")] : []))
        #expect(edge.statuses(inside) == (isAllowed ? [] : [403]))
        #expect(edge.refusals == (isAllowed ? [] : [.e403]))
    }

    @Test("RFC 3263 §4.3: of a pool the first member that is reachable is used, after a failed dial or a 503")
    func nextMember() throws {
        let edge = try TestServer("edge1", in: world)
        let client = edge.connect(.outside([]))
        edge.send(.message("alice", to: "bob"), on: client)
        #expect(edge.dials.map(\.dialled) == [.server("fe1.contoso.example")])
        try edge.failDial()
        let second = try edge.answerDial(as: "fe2")
        edge.send(try edge.one(second).answered(407), on: second)
        #expect(edge.statuses(client) == [407])
        // The first is tried again when its pause is over, and a 503 of it leads to the second.
        edge.pass(.seconds(1))
        edge.send(.invite("alice", to: "bob"), on: client)
        let first = try edge.answerDial(as: "fe1")
        edge.send(try edge.one(first).answered(503), on: first)
        #expect(try edge.one(first).method == .ack)
        edge.send(try edge.one(second).answered(503), on: second)
        #expect(edge.read(second).map(\.method) == [.ack])
        #expect(edge.statuses(client) == [100, 503])
        // A link that goes with the request on it counts as well; other failures are answers.
        edge.send(.message("alice", to: "bob"), on: client)
        _ = try edge.one(first)
        edge.drop(first)
        edge.send(try edge.one(second).answered(404), on: second)
        #expect(edge.statuses(client) == [404])
    }

    @Test("A cancelled request and one inside a dialog go to no other member")
    func noNextMember() throws {
        let edge = try TestServer("edge1", in: world)
        let client = edge.connect(.outside([]))
        let draft = Draft.invite("alice", to: "bob")
        edge.send(draft, on: client)
        let first = try edge.answerDial(as: "fe1")
        let invite = try edge.one(first)
        edge.send(invite.answered(180), on: first)
        edge.send(draft.with { ($0.method, $0.lines, $0.body) = ("CANCEL", [], "") }, on: client)
        edge.send(invite.answered(503), on: first)
        #expect(edge.statuses(client).last == 503 && edge.dials.isEmpty)
        edge.send(.message("alice", to: "bob").with { $0.toTag = "t1" }, on: client)
        _ = edge.read(first)
        edge.drop(first)
        #expect(edge.statuses(client) == [500] && edge.dials.isEmpty)
    }

    /// alice, signed in at a front end, calls somebody at a partner; the front end dials an edge.
    private func callAbroad() throws -> (home: TestServer, alice: ConnectionID, draft: Draft) {
        let home = try TestServer("fe1", in: world, users: ["alice"])
        let alice = try home.signedIn("alice")
        let draft = Draft.invite("alice", to: "x@fabrikam.example")
        home.send(draft, on: alice)
        return (home, alice, draft)
    }

    /// alice's call to a partner, answered, through the edge that `home` has just dialled.
    private func answeredCall(of alice: ConnectionID, _ draft: Draft, at home: TestServer, through name: String) throws
        -> (dialog: TestDialog, out: ConnectionID)
    {
        let out = try home.answerDial(as: name)
        let edge = try TestServer(name, in: world)
        let inside = try edge.peer("fe1")
        let invite = try home.one(out)
        edge.send(invite.serialised(), on: inside)
        let route = try #require(try edge.one(try edge.answerDial(as: nil)).texts(.recordRoute).first)
        let answer = invite.answered(200, ["Contact: <sip:x@10.0.0.9>", "Record-Route: \(route)"])
        // The edge's line stands above ours.
        let text = String(decoding: answer, as: UTF8.self)
        let own = "Record-Route: " + (try #require(invite.texts(.recordRoute).first)) + "\r\n"
        let ordered = text.replacing(own, with: "").replacing(
            "Record-Route: \(route)\r\n", with: "Record-Route: \(route)\r\n" + own)
        home.send(Array(ordered.utf8), on: out)
        return (try TestDialog(caller: draft, try #require(home.read(alice).last)), out)
    }

    @Test("Of several edges the next one serves when the first is gone, and its dialogs stay with it")
    func nextEdge() throws {
        let (home, alice, draft) = try callAbroad()
        try home.failDial()
        let (dialog, out) = try answeredCall(of: alice, draft, at: home, through: "edge2")
        home.pass(.seconds(60))
        home.send(dialog.request("BYE"), on: alice)
        #expect(try home.one(out).method == .bye && home.dials.isEmpty)
    }

    @Test("RFC 3261 §16.6: the ACK to a 2xx opens the link again when it went down meanwhile, and waits for it")
    func acknowledgementWaits() throws {
        let (home, alice, draft) = try callAbroad()
        let (dialog, out) = try answeredCall(of: alice, draft, at: home, through: "edge1")
        home.handle(.closed(out))
        home.send(dialog.request("ACK") { $0.cSeq = draft.cSeq }, on: alice)
        let again = try home.answerDial(as: "edge1")
        #expect(try home.one(again).method == .ack && again != out)
    }

    @Test("Inside a dialog the edge's own token names the partner, whatever host the partner's user agent has")
    func partnerDialog() throws {
        let edge = try TestServer("edge1", in: world)
        let inside = try edge.peer("fe1")
        let draft = Draft.invite(
            "alice", to: "x@fabrikam.example", ["P-Asserted-Identity: <sip:alice@contoso.example>"])
        edge.send(draft, on: inside)
        let partner = try edge.answerDial(as: nil)
        let invite = try edge.one(partner)
        edge.send(invite.answered(200, ["Contact: <sip:x@10.0.0.9:5061>"]), on: partner)
        let answer = try #require(edge.read(inside).last)
        let dialog = try TestDialog(caller: draft, answer)
        edge.send(dialog.request("ACK") { $0.cSeq = draft.cSeq }, on: inside)
        #expect(try edge.one(partner).method == .ack)
        edge.send(dialog.request("BYE"), on: inside)
        #expect(try edge.one(partner).requestURIBytes.text == "sip:x@10.0.0.9:5061")
        // Back: over the link that the partner dialled, with the same token.
        let back = try edge.fabrikam()
        edge.send(try TestDialog(callee: invite).request("BYE"), on: back)
        #expect(edge.dials.map(\.dialled) == [.server("fe1.contoso.example")])
    }
}
