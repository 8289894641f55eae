import Basis
import SIP
import Testing
import Trust

@testable import Server

/// T19 in virtual time: how long somebody keeps a place who does nothing for it.
@Suite("Threat T19: silence and hoarding")
struct HoardingTests {
    private let world: DecisionWorld

    init() throws { world = try .withPartnerAndPorts() }

    private func home() throws -> TestServer { try TestServer("fe1", in: world, users: ["alice", "bob"]) }

    private static let ping: [UInt8] = [13, 10, 13, 10]

    @Test(
        "A client's first message ends within 10 s of its admission (E704); keep-alives and a message that drips are none"
    )
    func silence() throws {
        let home = try home()
        let (silent, pinging, dripping, speaking) = (
            try home.client(), try home.client(), try home.client(), try home.client()
        )
        let drip = Draft.register("alice").bytes
        var (framer, sent) = (StreamFramer(limits: .outside), 0)
        for second in 1...12 {
            home.send(Self.ping, on: pinging)
            var framed: [Framed] = []
            framer.receive([drip[sent]], into: &framed)
            sent += 1
            for item in framed where home.closed[dripping] == nil { home.handle(.received(dripping, item)) }
            if second == 9 { home.send(.register("alice"), on: speaking) }
            home.pass(.seconds(1))
            #expect((home.closed[silent] == .limit(.e704)) == (second >= 10), "\(second)")
        }
        #expect(home.closed == [silent: .limit(.e704), pinging: .limit(.e704), dripping: .limit(.e704)])
        #expect(home.statuses(speaking) == [401])
    }

    @Test(
        "Nothing extends the 30 s in which a user is proven: no keep-alive, no OPTIONS, no challenge, no wrong answer")
    func unproven() throws {
        let home = try home()
        let (busy, proven) = (try home.client(), try home.client())
        let options = Draft("OPTIONS", from: "x@contoso.example", to: "x").with { $0.uri = "sip:contoso.example" }
        home.send(options, on: proven)
        for second in 1..<30 {
            home.send(Self.ping, on: busy)
            home.send(options.with { $0.branch += "s\(second)" }, on: busy)
            if second < 4 { try home.prove(.register("alice"), as: "alice", on: busy, password: "wrong") }
            if second == 29 { try home.register("bob", on: proven) }
            home.pass(.seconds(1))
            #expect(home.closed.isEmpty, "\(second)")
        }
        home.pass(.seconds(1))
        #expect(home.closed == [busy: .limit(.e704)])
    }

    @Test("The 4 h count from the proof, and are looked at every 10 minutes")
    func lastProof() throws {
        let home = try home()
        let late = try home.client()
        home.send(.register("alice"), on: late)
        home.pass(.seconds(7))
        try home.prove(.message("alice", to: "nobody"), as: "alice", on: late)
        home.pass(.seconds(14_399))
        #expect(home.closed.isEmpty)
        home.pass(.seconds(601))
        #expect(home.closed == [late: .limit(.e704)])
    }

    @Test(
        "A connection on which nobody is proven again is closed after 4 h, however often it pings; a registered one stays"
    )
    func hoarding() throws {
        let home = try home()
        let (idle, once, phone) = (try home.signedIn("alice"), try home.client(), try home.client())
        try home.prove(.message("alice", to: "nobody"), as: "alice", on: once)
        try home.register("bob", on: phone, expires: 7_200)
        // As long as a phone can be without a new proof: a REGISTER in the last second of the hour, the next one 2 h later.
        for gap in [3_599, 7_199, 3_599, 7_199] as [UInt64] {
            home.pass(.seconds(gap))
            for id in [idle, once] { home.send(Self.ping, on: id) }
            home.send(.register("bob", expires: 7_200), on: phone)
            if let challenge = home.read(phone).last, challenge.status == 401 {
                home.send(try Draft.register("bob", expires: 7_200).answering(challenge, as: "bob"), on: phone)
                #expect(home.statuses(phone) == [200])
            }
        }
        #expect(home.closed == [idle: .limit(.e704), once: .limit(.e704)])
    }

    @Test("At an edge the 200 to a REGISTER is the proof, and the same 4 h hold")
    func hoardingOutside() throws {
        let pair = try EdgePair(world)
        let (idle, phone) = (try pair.outsider(), try pair.outsider())
        #expect(try pair.register("alice", on: idle).status == 200)
        #expect(try pair.register("bob", on: phone).status == 200)
        for _ in 0..<3 {
            pair.edge.pass(.seconds(7_190))
            let draft = Draft.register("bob", contact: "<sip:bob@198.51.100.4>")
            pair.edge.send(draft, on: phone)
            try pair.exchange()
            if let challenge = pair.edge.read(phone).last, challenge.status == 401 {
                pair.edge.send(try draft.answering(challenge, as: "bob"), on: phone)
                try pair.exchange()
            }
            pair.edge.send(Self.ping, on: idle)
        }
        #expect(pair.edge.closed == [idle: .limit(.e704)])
    }

    @Test("Two thousand connections that come and do nothing leave nothing behind")
    func slots() throws {
        let home = try home()
        let bob = try home.signedIn("bob")
        for _ in 0..<20 {
            let ids = try (0..<100).map { _ in try home.client() }
            home.pass(.seconds(11))
            for id in ids {
                #expect(home.closed[id] == .limit(.e704))
                home.drop(id)
            }
        }
        #expect(home.server.counters.live[.client] == 1 && home.server.counters.refused[.e704] == 2_000)
        home.send(.register("bob"), on: bob)
        #expect(home.statuses(bob) == [200])
    }
}
