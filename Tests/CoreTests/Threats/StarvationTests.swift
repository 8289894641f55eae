import Basis
import SIP
import Testing
import Trust

@testable import Server

/// T37: nobody asks for so much that others wait. Each flood stands beside somebody modest, who is served.
@Suite("Threat T37: one peer starves the others")
struct StarvationTests {
    private let world: DecisionWorld

    init() throws { world = try .withPartnerAndPorts() }

    private func home() throws -> TestServer { try TestServer("fe1", in: world, users: ["alice", "bob", "carol"]) }

    /// OPTIONS to the domain: answered to anybody who was admitted.
    private static let options = Draft("OPTIONS", from: "x@contoso.example", to: "x").with {
        $0.uri = "sip:contoso.example"
    }

    /// Sends `count` requests at once, each in a transaction of its own, and returns the statuses of their answers.
    private func flood(_ server: TestServer, _ draft: Draft, _ count: Int, on id: ConnectionID) -> [Int] {
        for number in 0..<count { server.send(draft.with { $0.branch += "f\(number)" }, on: id) }
        return server.statuses(id)
    }

    @Test("A token bucket gives its burst, then its rate, and after a rest its burst again; never more")
    func bucket() {
        let allowance = Allowance(rate: 10, burst: 5)
        var (bucket, now) = (TokenBucket(), Instant.zero + .seconds(1))
        func granted(_ tries: Int, cut: UInt8 = 0, _ charge: Charge = .full) -> Int {
            (0..<tries).count { _ in bucket.take(charge, of: allowance, cut: cut, at: now) }
        }
        #expect(granted(100) == 5)
        var count = 0
        for _ in 0..<20 {
            now = now + .milliseconds(50)
            count += granted(3)
        }
        #expect(count == 10, "a second at rate 10, however often it is tried")
        now = now + .seconds(1)
        #expect(granted(100) == 5)
        now = now + .seconds(3_600)
        #expect(granted(100) == 5)
        #expect(granted(100, .reduced) == 60)
        now = now + .seconds(3_600)
        #expect(granted(100, cut: 1) == 2)
        now = now + .seconds(3_600)
        #expect(granted(100, cut: 60) == 1, "who has rested is served once")
    }

    @Test("The rate of a bucket is exact over a long time, and the clock's jumps do not add to it")
    func rate() {
        let allowance = Allowance(rate: 200, burst: 600)
        var (bucket, now, count) = (TokenBucket(), Instant.zero, 0)
        for step in 0..<60_000 {
            if bucket.take(.full, of: allowance, cut: 0, at: now) { count += 1 }
            if step % 3 != 0 { now = now + .milliseconds(1) }
        }
        #expect((8_598...8_600).contains(count), "600 and 200 in each of 40 seconds, not \(count)")
    }

    @Test(
        "A connection on which nobody is proven asks for 40 at once, then gets 503 and is not read; its neighbour is served"
    )
    func unproven() throws {
        let home = try home()
        let (flooder, other) = (try home.client(), try home.client())
        let statuses = flood(home, Self.options, 200, on: flooder)
        #expect(statuses.count { $0 == 200 } == 40 && statuses.count { $0 == 503 } == 160)
        let hold = try #require(home.held[flooder])
        #expect(hold >= .milliseconds(500) && hold <= .seconds(1), "\(hold)")
        #expect(home.held[other] == nil)
        #expect(try home.register("bob", on: other).status == 200)
        // Time fills the bucket again.
        home.pass(.seconds(1))
        #expect(flood(home, Self.options, 40, on: flooder).count { $0 == 200 } == 20)
    }

    @Test("503 has a Retry-After that is not the same for all, and leaves no transaction behind")
    func refusal() throws {
        let home = try home()
        let flooder = try home.client()
        _ = flood(home, Self.options, 40, on: flooder)
        let before = home.server.load
        var times: Set<UInt64> = []
        for number in 0..<50 {
            home.send(Self.options.with { $0.branch += "r\(number)" }, on: flooder)
            let answer = try home.one(flooder)
            #expect(answer.status == 503)
            times.insert(UInt64(try #require(answer.retryAfter)))
        }
        #expect(times == [2, 3, 4])
        #expect(home.server.load == before)
    }

    @Test("A proven connection that floods may still end its call, refresh, and acknowledge; it begins nothing new")
    func reserve() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        let statuses = flood(home, .message("alice", to: "nobody"), 700, on: alice)
        #expect(statuses.count { $0 == 404 } >= 570 && statuses.contains(503))
        home.send(.invite("alice", to: "bob"), on: alice)
        #expect(home.statuses(alice) == [503])
        let bye = Draft("BYE", from: "alice@contoso.example", to: "bob@contoso.example").with { $0.toTag = "t1" }
        home.send(bye, on: alice)
        #expect(home.read(bob).map(\.method) == [.bye])
        home.send(.register("alice"), on: alice)
        #expect(home.statuses(alice) == [200])
        // The control: who is modest gets through, to the flooder as well.
        home.send(.message("bob", to: "alice"), on: bob)
        #expect(home.read(alice).map(\.method) == [.message])
        // What refreshes has an end, too.
        let refreshes = flood(home, .register("alice"), 9_000, on: alice)
        #expect(refreshes.contains(503))
    }

    @Test("A user who spreads over many connections has the allowance of one user; another user has his own")
    func identity() throws {
        let home = try home()
        let bob = try home.signedIn("bob")
        var passed = 0
        for _ in 0..<5 {
            let alice = try home.signedIn("alice")
            passed += flood(home, .message("alice", to: "nobody"), 500, on: alice).count { $0 == 404 }
        }
        #expect((590...600).contains(passed), "\(passed)")
        #expect(home.server.counters.refusedByIdentity > 0)
        #expect(flood(home, .message("bob", to: "nobody"), 500, on: bob).allSatisfy { $0 == 404 })
    }

    @Test("Names share the memory of the table, and a flood of names takes no place from another name")
    func names() {
        var buckets = SharedBuckets(chance: Chance(seed: [1]))
        let (allowance, now) = (Allowance(rate: 1, burst: 2), Instant.zero + .seconds(1_000))
        func take(_ name: String) -> Bool {
            buckets.take(.full, of: Array(name.utf8).span, allowance, cut: 0, at: now)
        }
        for _ in 0..<1_000 { _ = take("flooder@contoso.example") }
        #expect(!take("flooder@contoso.example"))
        #expect(!take("FLOODER@contoso.example"), "a name is compared as addresses are")
        let refused = (0..<2_000).count { !take("user\($0)@contoso.example") }
        #expect(refused == 0)
    }

    @Test("A partner's links share the allowance of its domain; our own users do not notice")
    func partner() throws {
        var world = try DecisionWorld()
        world.isCombined = true
        let home = try TestServer("fe1", in: world, users: ["bob"])
        let (one, other) = (try home.fabrikam(), try home.fabrikam())
        let bob = try home.signedIn("bob")
        for _ in 0..<ServerLimits.cutMax {
            home.observe(wait: .milliseconds(200))
            home.now = home.now + .milliseconds(200)
        }
        #expect(home.server.overloadCut == ServerLimits.cutMax)
        let draft = Draft.message("x", to: "bob").with { $0.from = "sip:dave@fabrikam.example" }
        let first = flood(home, draft, 400, on: one)
        #expect(first.contains(503) && home.held[one] != nil)
        #expect(home.server.counters.refusedByPartner > 0)
        #expect(flood(home, draft.with { $0.branch += "o" }, 10, on: other).contains(503))
        _ = home.read(bob)
        home.send(.message("bob", to: "nobody"), on: bob)
        #expect(home.statuses(bob) == [404])
    }

    @Test("A link between our own servers carries the requests of many: it has no bucket")
    func servers() throws {
        let home = try home()
        let director = try home.peer("dir1")
        let draft = Self.options
        #expect(flood(home, draft, 2_000, on: director).allSatisfy { $0 == 200 })
    }

    @Test("While inputs wait too long, who asks for most is cut first; who is modest is not, and strangers have least")
    func overload() throws {
        let home = try home()
        let (heavy, modest) = (try home.signedIn("alice"), try home.signedIn("bob"))
        let stranger = try home.client()
        func second(_ count: Int, on id: ConnectionID, as user: String) -> Int {
            flood(home, .message(user, to: "nobody"), count, on: id).count { $0 == 404 }
        }
        #expect(second(100, on: heavy, as: "alice") == 100)
        // The control: inputs that wait less change nothing.
        for _ in 0..<50 {
            home.observe(wait: .milliseconds(39))
            home.pass(.milliseconds(100))
        }
        #expect(home.server.overloadCut == 0 && home.server.counters.overloads == 0)
        for step in 1...20 {
            home.observe(wait: .milliseconds(40))
            home.now = home.now + .milliseconds(100)
            #expect(Int(home.server.overloadCut) == min(step, 6))
        }
        #expect(home.server.counters.overloads == 1 && home.server.counters.isOverloaded)
        #expect(second(100, on: heavy, as: "alice") < 15)
        #expect(second(2, on: modest, as: "bob") == 2)
        #expect(flood(home, Self.options, 20, on: stranger).count { $0 == 200 } == 1)
        // It ends by itself, without an input.
        let began = home.now
        for _ in 0..<100 where home.server.overloadCut > 0 {
            home.pass(try #require(home.server.nextDeadline) - home.now)
        }
        #expect(home.server.overloadCut == 0)
        #expect(home.now - began <= .seconds(4))
        #expect(!home.server.counters.isOverloaded)
        let names = home.events.map(\.name).filter { $0.hasPrefix("overload") }
        #expect(names == ["overloadBegan", "overloadEnded"])
        home.pass(.seconds(10))
        #expect(second(100, on: heavy, as: "alice") == 100)
    }
}
