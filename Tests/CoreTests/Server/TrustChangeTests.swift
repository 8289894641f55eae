import Basis
import SIP
import Server
import Testing
import Trust

@Suite("A server when the trust changes, and between its shards")
struct TrustChangeTests {
    @Test("trust.md, Continuous trust: what the new state refuses is cut, undrained; the rest stays; the sweep is told")
    func sweep() throws {
        var world = try DecisionWorld()
        world.isCombined = true
        let home = try TestServer("fe1", in: world, users: ["alice", "bob"])
        let (alice, director, partner) = (try home.signedIn("alice"), try home.peer("dir1"), try home.fabrikam())
        world.topology.partners[0].blocked = true
        try home.change(world, users: ["alice", "bob"])
        #expect(home.closed == [partner: .refused(.e404)])
        guard case .swept(_, linksClosed: 1)? = home.events.last else {
            Issue.record("\(home.events.suffix(2))")
            return
        }
        home.send(Draft("MESSAGE", from: "x@fabrikam.example", to: "alice@contoso.example"), on: partner)
        #expect(home.read(partner).isEmpty && home.read(alice).isEmpty)
        world.topology.servers.removeAll { $0.name == "dir1.contoso.example" }
        world.topology.pools.removeAll { $0.name == "dir.contoso.example" }
        try home.change(world, users: ["alice", "bob"])
        #expect(home.closed[director] == .refused(.e601) && home.closed[alice] == nil)
        #expect(home.server.linkReports(at: home.now).map(\.id) == [alice])
    }

    @Test("trust.md, Continuous trust: a link ends at the peer's notAfter, without a word from the authority (E201)")
    func certificateEnds() throws {
        let world = try DecisionWorld()
        let home = try TestServer("fe1", in: world, users: ["alice"])
        let short = home.connect(
            .inside(try world.chain(of: "dir1") { $0.until = DecisionWorld.start + .seconds(100) }))
        let long = try home.peer("edge1")
        home.pass(.seconds(99))
        #expect(home.closed.isEmpty)
        home.pass(.seconds(3))
        #expect(home.closed == [short: .refused(.e201)])
        #expect(home.server.linkReports(at: home.now).map(\.id) == [long])
        home.drop(short)
        home.pass(.seconds(8 * 86_400))
        #expect(home.closed[long] == .refused(.e201))
    }

    @Test("A reader that stands still is closed after 5 s (E704); one that reads on in between is not")
    func congestion() throws {
        let home = try TestServer("fe1", in: DecisionWorld(), users: ["alice", "bob"])
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        home.handle(.congested(bob, true))
        home.send(.message("alice", to: "bob"), on: alice)
        #expect(home.statuses(alice) == [500] && home.read(bob).isEmpty)
        home.pass(.seconds(3))
        home.handle(.congested(bob, false))
        home.pass(.seconds(1))
        home.handle(.congested(bob, true))
        home.pass(.seconds(4))
        #expect(home.closed.isEmpty)
        home.pass(.seconds(2))
        #expect(home.closed == [bob: .limit(.e704)])
    }

    @Test(
        "A partner's link that stands still takes no new request; others notice nothing, and a new link takes its place"
    )
    func stalledPartner() throws {
        let edge = try TestServer("edge1", in: .withTwoPartners())
        let inside = try edge.peer("fe1")
        func message(_ host: String) -> Draft {
            .message("alice", to: "x@" + host, ["P-Asserted-Identity: <sip:alice@contoso.example>"])
        }
        edge.send(message("fabrikam.example"), on: inside)
        let fabrikam = try edge.answerDial(as: nil)
        edge.send(message("northwind.example"), on: inside)
        let northwind = try edge.answerDial(as: nil, by: DecisionWorld.northwindEdge)
        _ = (edge.read(fabrikam), edge.read(northwind))
        edge.handle(.congested(fabrikam, true))
        for _ in 0..<1_000 { edge.send(message("fabrikam.example"), on: inside) }
        #expect(edge.statuses(inside) == Array(repeating: 503, count: 1_000) && edge.read(fabrikam).isEmpty)
        // Nothing is kept of them: only what was sent before is still waited for.
        #expect(edge.server.load.serverTransactions == 2)
        edge.send(message("northwind.example"), on: inside)
        #expect(edge.read(northwind).count == 1)
        edge.pass(.seconds(6))
        #expect(edge.closed == [fabrikam: .limit(.e704)])
        edge.drop(fabrikam)
        edge.send(message("fabrikam.example"), on: inside)
        #expect(try edge.one(try edge.answerDial(as: nil)).method == .message)
    }

    @Test("A cut callee ends its branch")
    func ringing() throws {
        var world = try DecisionWorld()
        world.topology.partners[0].address = NetworkAddress("127.0.2.1:5061")
        world.isCombined = true
        let home = try TestServer("fe1", in: world, users: ["alice"])
        let alice = try home.signedIn("alice")
        home.send(.invite("alice", to: "x@fabrikam.example"), on: alice)
        let partner = try home.answerDial(as: nil)
        home.send(try home.one(partner).answered(180), on: partner)
        world.topology.partners[0].blocked = true
        try home.change(world, users: ["alice"])
        #expect(home.closed[partner] == .refused(.e404))
        #expect(home.statuses(alice) == [100, 180, 500])
    }

    @Test("trust.md, Users: a user that ended loses proof, bindings and connections; others stay")
    func userEnded() throws {
        let world = try DecisionWorld()
        let home = try TestServer("fe1", in: world, users: ["alice", "bob"])
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        try home.change(world, users: ["bob"], ended: ["alice@contoso.example"])
        #expect(home.closed == [alice: .done])
        #expect(home.server.shared.location.everything.map { $0.aor[...].text } == ["bob@contoso.example"])
        #expect(home.records.last?.key[...].text == "alice@contoso.example" && home.records.last?.value == nil)
        home.send(.message("bob", to: "alice"), on: bob)
        #expect(home.statuses(bob) == [404])
        // Even before the connection is down, nothing more is believed on it.
        home.send(.message("alice", to: "bob"), on: alice)
        #expect(home.read(bob).isEmpty)
    }

    @Test("While it ends, a server takes nothing new, and what runs goes on")
    func drain() throws {
        let home = try TestServer("fe1", in: DecisionWorld(), users: ["alice", "bob"])
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        home.send(.invite("alice", to: "bob"), on: alice)
        let invite = try home.one(bob)
        home.handle(.drain)
        home.send(invite.answered(200), on: bob)
        #expect(home.statuses(alice) == [100, 200])
        home.send(.message("alice", to: "bob"), on: alice)
        let refused = try home.one(alice)
        #expect(refused.status == 503 && refused.retryAfter != nil)
        home.send(try TestDialog(callee: invite).request("BYE"), on: bob)
        #expect(try home.one(alice).method == .bye)
        let late = home.connect(.inside([]))
        #expect(home.closed[late] == .done)
    }

    /// Two shards of one process.
    private final class Shards {
        let first: TestServer
        let second: TestServer

        init(_ world: DecisionWorld, users: [String]) throws {
            let shared = SharedState(key: [UInt8](repeating: 9, count: 32))
            first = try TestServer("fe1", in: world, users: users, shard: 0, shards: 2, shared: shared)
            second = try TestServer("fe1", in: world, users: users, shard: 1, shards: 2, shared: shared)
        }

        /// Carries the mail until there is none; the messages that crossed.
        func carry() {
            while !first.mails.isEmpty || !second.mails.isEmpty {
                for server in [first, second] {
                    let mails = server.mails
                    server.mails = []
                    for (shard, mail) in mails { (shard.number == 0 ? first : second).handle(.mail(mail)) }
                }
            }
        }
    }

    @Test("A message whose callee is on the other shard comes through, and its answer back")
    func acrossShards() throws {
        let shards = try Shards(DecisionWorld(), users: ["alice", "bob"])
        let (alice, bob) = (try shards.first.signedIn("alice"), try shards.second.signedIn("bob"))
        shards.first.send(.message("alice", to: "bob"), on: alice)
        shards.carry()
        let request = try shards.second.one(bob)
        shards.second.send(request.answered(200), on: bob)
        #expect(shards.second.mails.map(\.shard.number) == [0])
        shards.carry()
        #expect(shards.first.statuses(alice) == [200])
        // A response that nobody asked for, or from another connection than the request went to, leads nowhere.
        let other = try shards.second.client()
        shards.first.send(.message("alice", to: "bob"), on: alice)
        shards.carry()
        let again = try shards.second.one(bob)
        shards.second.send(again.answered(200), on: other)
        shards.carry()
        #expect(shards.first.read(alice).isEmpty)
    }

    @Test("A call across shards: CANCEL and ACK of the proxy cross as well")
    func callAcrossShards() throws {
        let shards = try Shards(DecisionWorld(), users: ["alice", "bob"])
        let (alice, bob) = (try shards.first.signedIn("alice"), try shards.second.signedIn("bob"))
        let draft = Draft.invite("alice", to: "bob")
        shards.first.send(draft, on: alice)
        shards.carry()
        let invite = try shards.second.one(bob)
        shards.second.send(invite.answered(180), on: bob)
        shards.carry()
        shards.first.send(draft.with { ($0.method, $0.lines, $0.body) = ("CANCEL", [], "") }, on: alice)
        shards.carry()
        #expect(try shards.second.one(bob).method == .cancel)
        shards.second.send(invite.answered(487), on: bob)
        shards.carry()
        #expect(try shards.second.one(bob).method == .ack)
        #expect(shards.first.statuses(alice) == [100, 180, 200, 487])
    }

    @Test("A connection that went while the message crossed is told, and the caller gets 480")
    func lostOnTheWay() throws {
        let shards = try Shards(DecisionWorld(), users: ["alice", "bob"])
        let (alice, bob) = (try shards.first.signedIn("alice"), try shards.second.signedIn("bob"))
        shards.first.send(.message("alice", to: "bob"), on: alice)
        shards.second.drop(bob)
        shards.carry()
        #expect(shards.first.statuses(alice) == [480])
    }

    @Test("A connection on another shard that ends, ends what waits on it there at once: 480, for MESSAGE and INVITE")
    func lostWhileRinging() throws {
        let shards = try Shards(DecisionWorld(), users: ["alice", "bob"])
        let (alice, bob) = (try shards.first.signedIn("alice"), try shards.second.signedIn("bob"))
        shards.first.send(.message("alice", to: "bob"), on: alice)
        shards.first.send(.invite("alice", to: "bob"), on: alice)
        shards.carry()
        let requests = shards.second.read(bob)
        shards.second.send(try #require(requests.last).answered(180), on: bob)
        shards.carry()
        #expect(shards.first.statuses(alice) == [100, 180])
        shards.second.drop(bob)
        #expect(shards.second.mails.map(\.shard.number) == [0])
        shards.carry()
        #expect(shards.first.statuses(alice) == [480, 480])
        #expect(shards.second.mails.isEmpty)
    }

    @Test("RFC 6026 §7.2: a CANCEL that finds the callee's connection gone leaves the answer that came before it alone")
    func cancelAfterTheAnswer() throws {
        let shards = try Shards(DecisionWorld(), users: ["alice", "bob"])
        let (alice, bob) = (try shards.first.signedIn("alice"), try shards.second.signedIn("bob"))
        let draft = Draft.invite("alice", to: "bob")
        shards.first.send(draft, on: alice)
        shards.carry()
        let invite = try shards.second.one(bob)
        shards.second.send(invite.answered(180), on: bob)
        shards.carry()
        shards.first.send(draft.with { ($0.method, $0.lines, $0.body) = ("CANCEL", [], "") }, on: alice)
        shards.second.send(invite.answered(200), on: bob)
        shards.second.drop(bob)
        shards.carry()
        #expect(shards.first.statuses(alice) == [100, 180, 200, 200])
        #expect(shards.first.server.load.clientTransactions == 1, "it waits for further answers, until timer M")
        shards.first.pass(.seconds(33))
        #expect(shards.first.server.load == ServerLoad())
    }

    @Test("Mail to a congested connection is refused like a request of the same shard; CANCEL still leaves")
    func congestedAcrossShards() throws {
        let shards = try Shards(DecisionWorld(), users: ["alice", "bob"])
        let (alice, bob) = (try shards.first.signedIn("alice"), try shards.second.signedIn("bob"))
        let draft = Draft.invite("alice", to: "bob")
        shards.first.send(draft, on: alice)
        shards.carry()
        shards.second.send(try shards.second.one(bob).answered(180), on: bob)
        shards.carry()
        shards.second.handle(.congested(bob, true))
        shards.first.send(.message("alice", to: "bob"), on: alice)
        shards.first.send(draft.with { ($0.method, $0.lines, $0.body) = ("CANCEL", [], "") }, on: alice)
        shards.carry()
        #expect(try shards.second.one(bob).method == .cancel)
        #expect(shards.first.statuses(alice) == [100, 180, 200, 500])
        shards.second.handle(.congested(bob, false))
        shards.first.send(.message("alice", to: "bob"), on: alice)
        shards.carry()
        #expect(try shards.second.one(bob).method == .message)
    }

    @Test("A user that ended loses its connection on the other shard as well, told by whichever shard is first")
    func endedAcrossShards() throws {
        let world = try DecisionWorld()
        let shards = try Shards(world, users: ["alice", "bob"])
        let bob = try shards.second.signedIn("bob")
        try shards.first.change(world, users: ["alice"], ended: ["bob@contoso.example"])
        shards.carry()
        #expect(shards.second.closed[bob] == .done)
    }
}
