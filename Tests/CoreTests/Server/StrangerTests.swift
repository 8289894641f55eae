import Basis
import SIP
import Testing
import Trust

@testable import Server

/// What somebody may cost who has proven nothing, and that nobody else pays for it.
@Suite("Strangers")
struct StrangerTests {
    private let world = try? DecisionWorld()

    private func home(_ users: String...) throws -> TestServer {
        try TestServer("fe1", in: try #require(world), users: users)
    }

    /// A request whose head has so many octets.
    private func request(headBytes: Int, from user: String = "carol", to other: String = "alice") -> Draft {
        var draft = Draft.message(user, to: other)
        draft.body = ""
        draft.lines.append("X-Fill: ")
        draft.lines[draft.lines.count - 1] += String(repeating: "x", count: headBytes - draft.bytes.count)
        return draft
    }

    @Test("What two servers add to the largest message from outside fits into what the third one takes")
    func growth() {
        let (outside, inside) = (SIPLimits.outside, SIPLimits.standard)
        #expect(outside.headBytesMax + 2 * ServerLimits.addedHeadBytesMax <= inside.headBytesMax)
        #expect(outside.headerLinesMax + 2 * ServerLimits.addedLinesMax <= inside.headerLinesMax)
    }

    @Test("RFC 3261 §21.5.7: a request that the next hop would end the link for is 513, and stays here")
    func tooLargeToSendOn() throws {
        let edge = try TestServer("edge1", in: try #require(world))
        let client = try edge.client()
        edge.send(request(headBytes: SIPLimits.outside.headBytesMax), on: client)
        let link = try edge.answerDial(as: "fe1")
        let forwarded = try edge.one(link)
        #expect(forwarded.byteCount <= SIPLimits.outside.headBytesMax + ServerLimits.addedHeadBytesMax)
        edge.send(request(headBytes: 15_000), on: client)
        #expect(edge.read(link).isEmpty)
        #expect(edge.statuses(client) == [513])
    }

    @Test("RFC 3261 §19.1.4: two URIs with more parts than anybody sends are compared octet by octet")
    func boundedComparison() throws {
        func uri(_ names: some Sequence<Int>) throws -> SIPURI {
            try #require(SIPURI(Array(("sip:a@b" + names.map { ";p\($0)=1" }.joined()).utf8)[...]))
        }
        #expect(try uri(0..<32).isEquivalent(to: try uri((0..<32).reversed())))
        #expect(try !uri(0..<33).isEquivalent(to: try uri((0..<33).reversed())))
        #expect(try uri(0..<33).isEquivalent(to: try uri(0..<33)))
        #expect(try !uri(0..<33).isEquivalent(to: try uri(0..<1)))
    }

    @Test("INVITEs whose ACK never comes: 16 of a client nobody is proven on, and none when it has gone")
    func unacknowledged() throws {
        let home = try home("alice")
        let (client, other) = (try home.client(), try home.client())
        for _ in 0..<ServerLimits.transactionsUnprovenMax { home.send(.invite("alice", to: "bob"), on: client) }
        #expect(home.statuses(client).allSatisfy { $0 == 407 })
        home.send(.invite("alice", to: "bob"), on: client)
        let refused = try home.one(client)
        #expect(refused.status == 503 && refused.retryAfter != nil)
        // The control: another connection is not held back, and an ACK makes room.
        home.send(.invite("alice", to: "bob"), on: other)
        #expect(home.statuses(other) == [407])
        home.drop(client)
        #expect(home.server.load.serverTransactions == 1)
    }

    @Test("Guesses from one address hold back that address and not the user elsewhere")
    func guesser() throws {
        let home = try home("alice")
        let guesser = try home.client(from: "203.0.113.9:1024")
        for _ in 0..<5 { try home.prove(.register("alice"), as: "alice", on: guesser, password: "wrong") }
        home.send(.register("alice"), on: guesser)
        #expect(home.statuses(guesser) == [503])
        #expect(try home.register("alice", on: try home.client()).status == 200)
    }

    @Test("A digest that answers no question of ours is no guess")
    func unasked() throws {
        let home = try home("alice")
        let (id, other) = (try home.client(), try home.client())
        home.send(.register("alice"), on: other)
        let challenge = try home.one(other)
        for _ in 0..<20 {
            home.send(try Draft.register("alice").answering(challenge, as: "alice", password: "wrong"), on: id)
            #expect(try home.one(id).challenges(in: .wwwAuthenticate).first?.stale == true)
        }
        #expect(try home.register("alice", on: id).status == 200)
    }

    @Test("One phone with an old password does not hold back its office; a guesser of many accounts does")
    func office() throws {
        let users = (0..<12).map { "u\($0)" }
        let home = try TestServer("fe1", in: try #require(world), users: users + ["alice"])
        let office = "203.0.113.9:1024"
        func guess(_ user: String, on id: ConnectionID) throws {
            home.send(.register(user), on: id)
            let asked = try home.one(id)
            guard asked.status == 401 else { return }
            home.send(try Draft.register(user).answering(asked, as: user, password: "old"), on: id)
            _ = home.read(id)
        }
        let phone = try home.client(from: office)
        for _ in 0..<60 {
            try guess("u0", on: phone)
            home.pass(.seconds(250))
        }
        #expect(try home.register("alice", on: try home.client(from: office)).status == 200)
        home.pass(.seconds(301))
        for user in users.dropFirst() {
            let id = try home.client(from: office)
            for _ in 0..<5 { try guess(user, on: id) }
        }
        let id = try home.client(from: office)
        home.send(.register("alice"), on: id)
        #expect(home.statuses(id) == [503])
        #expect(try home.register("alice", on: try home.client()).status == 200)
    }

    @Test("Broken messages fill no log, and end the connection of somebody whom nobody knows")
    func violations() throws {
        let home = try home("alice")
        let broken = Array("a SIP/2.0\r\nl:0\r\n\r\n".utf8)
        func logged(_ id: ConnectionID) -> Int {
            home.events.count { if case .violation(id, _, _) = $0 { true } else { false } }
        }
        let (stranger, alice) = (try home.client(), try home.signedIn("alice"))
        #expect(home.proven == [alice])
        for _ in 0..<4 { home.send(broken, on: stranger) }
        #expect(home.closed[stranger] == .violation && logged(stranger) == 4)
        for _ in 0..<100 { home.send(broken, on: alice) }
        #expect(home.closed[alice] == nil && logged(alice) == Int(ServerLimits.violationsLoggedMax))
    }
}
