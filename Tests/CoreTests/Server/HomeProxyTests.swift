import Basis
import SIP
import Server
import Testing
import Trust

@Suite("The home proxy: who may send what to whom")
struct HomeProxyTests {
    private func home(_ change: (inout DecisionWorld) -> Void = { _ in }) throws -> TestServer {
        var world = try DecisionWorld()
        let partner = try #require(world.topology.partners.firstIndex { $0.name == "fabrikam.example" })
        world.topology.partners[partner].address = NetworkAddress("127.0.2.1:5061")
        world.grantPBX(users: ["alice@contoso.example"], numbers: ["+4930*"])
        change(&world)
        return try TestServer("fe1", in: world, users: ["alice", "bob", "carol"])
    }

    @Test("RFC 3261 §16.6: a MESSAGE to a user comes to its contact, one hop fewer, and the answer comes back")
    func message() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        home.send(.message("alice", to: "bob"), on: alice)
        let request = try home.one(bob)
        #expect(request.requestURIBytes.text == "sip:bob@192.0.2.7:40000;transport=tls")
        #expect(request.maxForwards == 69 && request.texts(.via).count == 2)
        #expect(!request.has(.recordRoute))
        #expect(request.texts(.pAssertedIdentity) == ["<sip:alice@contoso.example>"])
        home.send(request.answered(200), on: bob)
        let answer = try home.one(alice)
        #expect(answer.status == 200 && answer.texts(.via).count == 1)
    }

    @Test("An alias leads to its user; an unknown user is 404, one who is not there 480")
    func targets() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        home.send(.message("alice", to: "bob.alias"), on: alice)
        #expect(home.read(bob).count == 1)
        home.send(.message("alice", to: "nobody"), on: alice)
        home.send(.message("alice", to: "carol"), on: alice)
        #expect(home.statuses(alice) == [404, 480])
    }

    @Test(
        "Nobody is believed to be another: From must be proven, whatever the method",
        arguments: [
            "INVITE", "MESSAGE", "SUBSCRIBE", "NOTIFY", "REFER", "OPTIONS", "PUBLISH", "INFO", "UPDATE", "BYE", "NOVEL",
        ])
    func foreignFrom(method: String) throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        let draft = Draft(method, from: "carol@contoso.example", to: "bob@contoso.example")
        home.send(draft, on: alice)
        let challenge = try home.one(alice)
        #expect(challenge.status == 407)
        home.send(try draft.answering(challenge, as: "alice"), on: alice)
        #expect(home.statuses(alice) == [407])
        home.send(draft.with { ($0.from, $0.branch) = ("sip:carol@fabrikam.example", "z9hG4bKother") }, on: alice)
        #expect(home.statuses(alice) == [403])
        #expect(home.read(bob).isEmpty)
        // The control: the same with its own address.
        home.send(draft.with { ($0.from, $0.branch) = ("sip:alice@contoso.example", "z9hG4bKown") }, on: alice)
        #expect(home.read(bob).count == 1)
    }

    @Test("RFC 3261 §22.3: an unproven client is challenged by 407, and its message goes through with the answer")
    func challengedMessage() throws {
        let home = try home()
        let (alice, bob) = (try home.client(), try home.signedIn("bob"))
        #expect(try home.prove(.message("alice", to: "bob"), as: "alice", on: alice).isEmpty)
        let request = try home.one(bob)
        #expect(!request.has(.proxyAuthorization))
    }

    @Test("RFC 3261 §22.3: credentials for another realm are not ours to take out")
    func foreignCredentials() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        let foreign =
            "Digest username=\"alice\", realm=\"bob's phone\", nonce=\"n\", uri=\"sip:bob@contoso.example\", response=\"00\""
        home.send(.message("alice", to: "bob", ["Authorization: \(foreign)"]), on: alice)
        #expect(try home.one(bob).texts(.authorization).joined(separator: ", ") == foreign)
    }

    @Test("Open relay: a domain that is neither ours nor a partner's is refused, and no route leads around that")
    func relay() throws {
        let home = try home()
        let alice = try home.signedIn("alice")
        home.send(.message("alice", to: "x@stranger.example"), on: alice)
        #expect(home.statuses(alice) == [403])
        home.send(.message("alice", to: "x@stranger.example", ["Route: <sip:sip.stranger.example;lr>"]), on: alice)
        #expect(home.statuses(alice) == [403])
        home.send(
            .message("alice", to: "x@stranger.example", ["Route: <sip:fe1.contoso.example;lr>, <sip:evil.example;lr>"]),
            on: alice)
        #expect(home.statuses(alice) == [403])
        #expect(home.dials.isEmpty)
        #expect(home.refusals == [.e401, .e401, .e401])
    }

    @Test("E404: a blocked partner is refused before anything is dialled")
    func blocked() throws {
        let home = try home()
        let alice = try home.signedIn("alice")
        home.send(.message("alice", to: "x@woodgrove.example"), on: alice)
        #expect(home.statuses(alice) == [403])
        #expect(home.refusals == [.e404] && home.dials.isEmpty)
    }

    @Test("RFC 3325 §5: what a client says about its identity is dropped, and ours is set")
    func forgedIdentity() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        home.send(
            .message(
                "alice", to: "bob",
                [
                    "P-Asserted-Identity: <sip:carol@contoso.example>",
                    "P-Preferred-Identity: <sip:carol@contoso.example>",
                ]
            ), on: alice)
        let request = try home.one(bob)
        #expect(request.texts(.pAssertedIdentity) == ["<sip:alice@contoso.example>"])
        #expect(!request.has(.pPreferredIdentity))
        home.send(request.answered(200, ["P-Asserted-Identity: <sip:carol@contoso.example>"]), on: bob)
        #expect(try !home.one(alice).has(.pAssertedIdentity))
    }

    @Test("RFC 3323 §4.1: an anonymous caller is somebody to us, and nobody to the callee")
    func anonymous() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        let hidden = Draft.message("alice", to: "bob", ["Privacy: id"]).with {
            $0.from = "sip:anonymous@anonymous.invalid"
        }
        home.send(hidden, on: alice)
        let request = try home.one(bob)
        #expect(!request.has(.pAssertedIdentity))
        #expect(request.value(of: .from)?.text.contains("alice") == false)
        // Unproven, with nobody named: there is nobody to challenge.
        let stranger = try home.client()
        home.send(hidden, on: stranger)
        #expect(home.statuses(stranger) == [403])
    }

    @Test("Decision 0010: on one host with all roles, an anonymous call goes to a partner and comes from one")
    func anonymousFederation() throws {
        let home = try home { $0.isCombined = true }
        let (alice, partner) = (try home.signedIn("alice"), try home.fabrikam())
        func hidden(_ to: String, _ lines: [String]) -> Draft {
            Draft("MESSAGE", from: "anonymous@anonymous.invalid", to: to, ["Privacy: id"] + lines)
        }
        home.send(hidden("x@fabrikam.example", []), on: alice)
        let out = try home.one(try home.answerDial(as: nil))
        #expect(out.texts(.pAssertedIdentity) == ["<sip:anonymous@contoso.example>"])
        home.send(
            hidden("alice@contoso.example", ["P-Asserted-Identity: <sip:anonymous@fabrikam.example>"]), on: partner)
        #expect(try !home.one(alice).has(.pAssertedIdentity))
        home.send(hidden("alice@contoso.example", []), on: partner)
        #expect(home.statuses(partner) == [403])
    }

    @Test("RFC 3325 §6: of several users on a flow, P-Preferred-Identity says who the anonymous caller is")
    func preferred() throws {
        let home = try home()
        let (both, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        try home.register("carol", on: both)
        let draft = Draft.message("x", to: "bob", ["P-Preferred-Identity: <sip:carol@contoso.example>"])
            .with { $0.from = "sip:anonymous@anonymous.invalid" }
        home.send(draft, on: both)
        #expect(try home.one(bob).texts(.pAssertedIdentity) == ["<sip:carol@contoso.example>"])
        let stranger = try home.client()
        home.send(draft.next, on: stranger)
        #expect(home.statuses(stranger) == [407])
    }

    @Test("P-Asserted-Identity of a server: users of ours, and nobody else (403, E403)")
    func serverAsserts() throws {
        let home = try home()
        let (bob, director) = (try home.signedIn("bob"), try home.peer("dir1"))
        home.send(.message("alice", to: "bob", ["P-Asserted-Identity: <sip:alice@contoso.example>"]), on: director)
        #expect(home.read(bob).count == 1)
        home.send(.message("alice", to: "bob", ["P-Asserted-Identity: <sip:x@fabrikam.example>"]), on: director)
        home.send(.message("alice", to: "bob"), on: director)
        #expect(home.statuses(director) == [403, 403])
        #expect(home.refusals == [.e403, .e403] && home.read(bob).isEmpty)
    }

    @Test(
        "trust.md, Users: who may assert users of ours, by role (403, E403)",
        arguments: [
            ([.frontEnd], true), ([.director], true), ([.frontEnd, .mediation], true), ([.mediation], false),
            ([.groupChat], false), ([.webServices], false), ([.mediation, .webServices], false),
        ] as [([ServerRole], Bool)])
    func roleAsserts(roles: [ServerRole], isAllowed: Bool) throws {
        let home = try home { world in
            let index = world.topology.pools.firstIndex { $0.name == "chat.contoso.example" }
            if let index { world.topology.pools[index].roles = roles.sorted() }
        }
        let (bob, peer) = (try home.signedIn("bob"), try home.peer("chat1"))
        home.send(.message("alice", to: "bob", ["P-Asserted-Identity: <sip:alice@contoso.example>"]), on: peer)
        home.send(.message("alice", to: "bob"), on: peer)
        let identities = home.read(bob).map { $0.texts(.pAssertedIdentity) }
        #expect(identities == (isAllowed ? [["<sip:alice@contoso.example>"]] : []))
        #expect(home.statuses(peer) == (isAllowed ? [403] : [403, 403]))
        #expect(home.refusals == (isAllowed ? [.e403] : [.e403, .e403]))
        // What ends here is nobody's to assert.
        home.send(
            Draft("OPTIONS", from: "x@contoso.example", to: "x").with { $0.uri = "sip:contoso.example" }, on: peer)
        #expect(home.statuses(peer) == [200])
    }

    @Test("P-Asserted-Identity of an edge: its partner's domains only, never ours")
    func edgeAsserts() throws {
        let world = try DecisionWorld()
        let (home, edge) = (try home(), try TestServer("edge1", in: world))
        let (bob, link) = (try home.signedIn("bob"), try home.peer("edge1"))
        let token = try recordRoute(of: edge)
        func draft(_ identity: String) -> Draft {
            Draft(
                "MESSAGE", from: "x@fabrikam.example", to: "bob@contoso.example",
                ["Record-Route: \(token)", "P-Asserted-Identity: <sip:\(identity)>"])
        }
        home.send(draft("x@fabrikam.example"), on: link)
        #expect(try home.one(bob).texts(.pAssertedIdentity) == ["<sip:x@fabrikam.example>"])
        home.send(draft("alice@contoso.example"), on: link)
        home.send(draft("x@tailspin.example"), on: link)
        #expect(home.statuses(link) == [403, 403])
        #expect(home.read(bob).isEmpty)
        // Nobody but an edge is believed about where a request came from.
        let director = try home.peer("dir1")
        home.send(draft("x@fabrikam.example"), on: director)
        #expect(home.statuses(director) == [403])
    }

    /// What an edge writes over a request of Fabrikam's.
    private func recordRoute(of edge: TestServer) throws -> String {
        let partner = try edge.fabrikam()
        edge.send(Draft("MESSAGE", from: "x@fabrikam.example", to: "bob@contoso.example"), on: partner)
        let inside = try edge.answerDial(as: "fe1")
        return try #require(try edge.one(inside).texts(.recordRoute).first)
    }

    @Test("An application acts for whom its grant names, and for nobody else")
    func application() throws {
        let home = try home()
        let (bob, pbx) = (try home.signedIn("bob"), try home.peer("pbx"))
        home.send(.message("alice", to: "bob"), on: pbx)
        #expect(home.read(bob).count == 1)
        home.send(.message("+493012", to: "bob"), on: pbx)
        #expect(home.read(bob).count == 1)
        home.send(.message("carol", to: "bob"), on: pbx)
        home.send(.message("alice", to: "bob", ["P-Asserted-Identity: <sip:carol@contoso.example>"]), on: pbx)
        home.send(Draft("MESSAGE", from: "alice@fabrikam.example", to: "bob@contoso.example"), on: pbx)
        #expect(home.statuses(pbx) == [403, 403, 403])
        #expect(home.read(bob).isEmpty && home.refusals == [.e403, .e403, .e403])
    }

    @Test(
        "trust.md, Source form: a grant that names nobody stands for the numbers routed there, if identity may be asserted",
        arguments: [
            (["tel:+4930*"], true, 200, 403), (["tel:*"], true, 200, 403), (["tel:+4989*"], true, 403, 403),
            (["sip:*@contoso.example"], true, 403, 403), (["tel:+4930*"], false, 403, 403),
        ])
    func routedNumbers(routes: [String], assertIdentity: Bool, number: Int, name: Int) throws {
        let home = try home { world in
            world.grantPBX(users: [])
            for index in world.topology.applications.indices {
                world.topology.applications[index].routes = routes
                world.topology.applications[index].grant.assertIdentity = assertIdentity
            }
        }
        let (bob, pbx) = (try home.signedIn("bob"), try home.peer("pbx"))
        for (user, expected) in [("+493012", number), ("alice", name)] {
            home.send(.message(user, to: "bob"), on: pbx)
            for request in home.read(bob) { home.send(request.answered(200), on: bob) }
            #expect(home.statuses(pbx) == [expected], "\(user)")
        }
    }

    @Test("A partner's request is for users of ours; from a partner to a partner nothing goes")
    func partnerToPartner() throws {
        let home = try home { world in
            world.isCombined = true
        }
        let (bob, partner) = (try home.signedIn("bob"), try home.fabrikam())
        home.send(Draft("MESSAGE", from: "x@fabrikam.example", to: "bob@contoso.example"), on: partner)
        #expect(home.read(bob).count == 1)
        home.send(Draft("MESSAGE", from: "x@fabrikam.example", to: "y@tailspin.example"), on: partner)
        #expect(home.statuses(partner) == [403])
        home.send(Draft("MESSAGE", from: "x@fabrikam.example", to: "y@stranger.example"), on: partner)
        #expect(home.statuses(partner) == [404])
        home.send(Draft("MESSAGE", from: "x@tailspin.example", to: "bob@contoso.example"), on: partner)
        home.send(Draft("MESSAGE", from: "alice@contoso.example", to: "bob@contoso.example"), on: partner)
        #expect(home.statuses(partner) == [403, 403])
        #expect(home.refusals == [.e406, .e406, .e403, .e403])
    }

    @Test("RFC 3261 §11: OPTIONS to the domain is answered to anybody who was admitted, with nothing looked up")
    func options() throws {
        let home = try home()
        let stranger = try home.client()
        home.send(
            Draft("OPTIONS", from: "x@stranger.example", to: "x").with { $0.uri = "sip:contoso.example" }, on: stranger)
        let answer = try home.one(stranger)
        #expect(answer.status == 200 && answer.has(.allow) && answer.has(.accept) && answer.has(.supported))
        home.send(
            Draft("OPTIONS", from: "x@stranger.example", to: "x", ["Require: teleport"])
                .with { $0.uri = "sip:contoso.example" }, on: stranger)
        #expect(home.statuses(stranger) == [420])
    }

    @Test("RFC 3261 §16.3: no hop left is 483, an unknown Proxy-Require 420")
    func validation() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        home.send(Draft.message("alice", to: "bob").with { $0.maxForwards = 0 }, on: alice)
        home.send(.message("alice", to: "bob", ["Proxy-Require: teleport"]), on: alice)
        let answers = home.read(alice)
        #expect(answers.map(\.status) == [483, 420])
        #expect(answers.last?.texts(.unsupported) == ["teleport"])
        home.send(.message("alice", to: "bob", ["Require: teleport"]), on: alice)
        #expect(home.read(bob).count == 1)
        home.send(Draft.message("alice", to: "bob").with { $0.maxForwards = nil }, on: alice)
        #expect(try home.one(bob).maxForwards == 70)
    }

    @Test("RFC 5393 §4.2: a request that comes by again unchanged is 482")
    func loop() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        let draft = Draft.message("alice", to: "bob")
        home.send(draft, on: alice)
        let via = try #require(try home.one(bob).texts(.via).first)
        home.send(draft.with { ($0.lines, $0.branch) = ($0.lines + ["Via: \(via)"], "z9hG4bKloop") }, on: alice)
        #expect(home.statuses(alice) == [482])
    }

    @Test("A request on a link that we dialled is 403: a link carries requests one way")
    func direction() throws {
        let home = try home()
        let alice = try home.signedIn("alice")
        home.send(.message("alice", to: "x@fabrikam.example"), on: alice)
        let edge = try home.answerDial(as: "edge1")
        #expect(try home.one(edge).texts(.pAssertedIdentity) == ["<sip:alice@contoso.example>"])
        home.send(.message("alice", to: "bob", ["P-Asserted-Identity: <sip:alice@contoso.example>"]), on: edge)
        #expect(home.statuses(edge) == [403])
    }

    @Test("A next hop that cannot be reached is 500 to a client, and is told to a server with the code")
    func unreachable() throws {
        let home = try home()
        let (alice, director) = (try home.signedIn("alice"), try home.peer("dir1"))
        home.send(.message("alice", to: "x@fabrikam.example"), on: alice)
        home.send(
            .message("alice", to: "x@fabrikam.example", ["P-Asserted-Identity: <sip:alice@contoso.example>"]),
            on: director)
        var codes: [TrustCode] = []
        for edge in ["edge1", "edge2"] {
            #expect(home.read(alice).isEmpty && home.read(director).isEmpty)
            let dial = try #require(home.dials.last)
            #expect(dial.dialled == .server(edge + ".contoso.example"))
            let id = home.connect(.dialled(dial.dialled, try home.world.stranger.chain(home.world.request(edge))))
            if case .refused(let code)? = home.closed[id] { codes.append(code) }
        }
        #expect(home.statuses(alice) == [500])
        let (told, code) = (try home.one(director), try #require(codes.last))
        #expect(codes.count == 2 && told.status == 503)
        #expect(told.texts(.reason).first?.contains(code.rawValue) == true)
    }

    @Test("RFC 3261 §16.7 step 6: the next hop's 503 is not a client's 503")
    func unavailable() throws {
        let home = try home()
        let alice = try home.signedIn("alice")
        home.send(.message("alice", to: "x@fabrikam.example"), on: alice)
        for name in ["edge1", "edge2"] {
            #expect(home.read(alice).isEmpty)
            let edge = try home.answerDial(as: name)
            home.send(try home.one(edge).answered(503, ["Retry-After: 30"]), on: edge)
        }
        #expect(home.statuses(alice) == [500])
    }

    @Test("wire.md: P-Asserted-Identity leaves for a partner, without the user when Privacy says id")
    func privacy() throws {
        let home = try home { world in world.isCombined = true }
        let alice = try home.signedIn("alice")
        home.send(.message("alice", to: "x@fabrikam.example"), on: alice)
        let partner = try home.answerDial(as: nil)
        #expect(try home.one(partner).texts(.pAssertedIdentity) == ["<sip:alice@contoso.example>"])
        home.send(.message("alice", to: "x@fabrikam.example", ["Privacy: id"]), on: alice)
        #expect(try home.one(partner).texts(.pAssertedIdentity) == ["<sip:anonymous@contoso.example>"])
    }
}
