import Basis
import SIP
import Testing
import Trust

@testable import Server

/// T28: one message makes few others, however servers and devices send it round.
@Suite("Threat T28: loops and fork bombs")
struct AmplificationTests {
    /// A phone that sends on whatever it gets, as a proxy that a user set up would: to `target`, with one Via more and one
    /// hop fewer.
    private struct Forwarder {
        let id: ConnectionID
        let target: String
        /// What it makes of the Request-URI that is its target, so that no two are alike: a spiral, and no loop.
        var disguises = false
        var sent = 0

        /// What it does with a request: sends it on, or answers that no hop is left.
        mutating func forwarded(_ request: SIPMessage) -> [UInt8] {
            guard let left = request.maxForwards, left > 0 else { return request.answered(483) }
            sent += 1
            var edits = MessageEdits()
            let suffix = disguises ? ";n=\(sent)x\(id.rawValue)" : ""
            edits.setRequestURI("sip:\(target)@contoso.example\(suffix)".utf8)
            edits.prepend(.via, "SIP/2.0/TLS phone.example;branch=z9hG4bKf\(id.rawValue)x\(sent)".utf8)
            edits.replace(.maxForwards, "\(left - 1)".utf8)
            return request.serialised(applying: edits)
        }
    }

    /// Sends a MESSAGE to alice and lets the forwarders work until nothing moves, or `limit` messages have.
    /// Returns how many requests came to devices, and the statuses that came to devices and to the sender.
    private func run(
        _ home: TestServer, _ phones: [Forwarder], from sender: ConnectionID, _ draft: Draft, limit: Int = 10_000
    ) throws -> (requests: Int, statuses: [Int: Int], answer: Int?) {
        var phones = phones
        var (requests, statuses, answer) = (0, [Int: Int](), Int?.none)
        home.send(draft, on: sender)
        var moved = true
        while moved, requests < limit {
            moved = false
            for index in phones.indices {
                for message in home.read(phones[index].id) {
                    moved = true
                    if message.isRequest {
                        requests += 1
                        home.send(phones[index].forwarded(message), on: phones[index].id)
                    } else if message.status >= 200 {
                        statuses[Int(message.status), default: 0] += 1
                        // A proxy takes its Via off and passes it back.
                        var edits = MessageEdits()
                        edits.removeFirst(.via)
                        home.send(message.serialised(applying: edits), on: phones[index].id)
                    }
                }
            }
        }
        for message in home.read(sender) where message.status >= 200 { answer = Int(message.status) }
        return (requests, statuses, answer)
    }

    private func home() throws -> TestServer {
        try TestServer("fe1", in: DecisionWorld(), users: ["alice", "bob", "carol"])
    }

    private func phones(_ home: TestServer, each count: Int) throws -> [(id: ConnectionID, user: String)] {
        try ["alice", "bob"].flatMap { user in
            try (0..<count).map { number in
                let id = try home.client()
                let contact = "<sip:\(user)@192.0.2.\(number + 1):40000;transport=tls>"
                // Whoever forwards speaks for the sender: carol is proven on the flow, as a family's phone would be.
                #expect(try home.register(user, on: id, contact: contact).status == 200)
                try home.prove(
                    Threat.draft("OPTIONS", from: "carol@contoso.example", to: "nobody"), as: "carol", on: id)
                return (id, user)
            }
        }
    }

    @Test("RFC 3261 §16.3: two users who forward to each other end in 482 at the second round")
    func mutual() throws {
        let home = try home()
        let sender = try home.signedIn("carol")
        let phones = try phones(home, each: 1).map {
            Forwarder(id: $0.id, target: $0.user == "alice" ? "bob" : "alice")
        }
        let run = try run(home, phones, from: sender, .message("carol", to: "alice"))
        #expect(run.statuses.keys.sorted() == [482] && run.answer == 482)
        #expect(run.requests <= 4)
        // The control: a chain that ends is delivered.
        let end = try self.home()
        let from = try end.signedIn("carol")
        let pair = try self.phones(end, each: 1)
        end.send(.message("carol", to: "alice"), on: from)
        var alice = Forwarder(id: pair[0].id, target: "bob")
        end.send(alice.forwarded(try end.one(pair[0].id)), on: pair[0].id)
        end.send(try end.one(pair[1].id).answered(200), on: pair[1].id)
        #expect(end.statuses(pair[0].id) == [200])
    }

    @Test("RFC 3261 §16.3: a spiral that no two of are alike ends by Max-Forwards, 483, after no more hops than that")
    func spiral() throws {
        let home = try home()
        let sender = try home.signedIn("carol")
        let phones = try phones(home, each: 1).map {
            Forwarder(id: $0.id, target: $0.user == "alice" ? "bob" : "alice", disguises: true)
        }
        let run = try run(home, phones, from: sender, .message("carol", to: "alice"))
        #expect(run.answer == 483 && run.requests <= 35)
        let short = try self.run(
            home, phones, from: sender, Draft.message("carol", to: "alice").with { $0.maxForwards = 5 })
        #expect(short.answer == 483 && short.requests == 3)
    }

    @Test(
        "RFC 5393 §5: 2^n forks stop at a breadth of 60 (440), and as many messages as that allows were sent",
        arguments: [2, 3, 10])
    func bomb(each count: Int) throws {
        let home = try home()
        let sender = try home.signedIn("carol")
        let phones = try phones(home, each: count).map {
            Forwarder(id: $0.id, target: $0.user == "alice" ? "bob" : "alice", disguises: true)
        }
        let run = try run(home, phones, from: sender, .message("carol", to: "alice"))
        #expect(run.answer == 440 && run.statuses.keys.sorted() == [440], "\(run)")
        // Each level of the tree has at most 60 branches, and is as wide as the one before times `count`.
        var (level, most) = (1, 0)
        while level * count <= Int(ServerLimits.maxBreadth) {
            level *= count
            most += level
        }
        #expect(run.requests == most, "\(run)")
        home.pass(.seconds(40))
        #expect(home.server.runningTransactions == 0)
    }

    @Test("A sender's own Max-Breadth is never more than ours, and 0 is nobody")
    func breadth() throws {
        let home = try home()
        let sender = try home.signedIn("carol")
        let phones = try phones(home, each: 2)
        home.send(.message("carol", to: "alice", ["Max-Breadth: 4294967295"]), on: sender)
        let seen = phones.flatMap { home.read($0.id) }.filter(\.isRequest)
        #expect(seen.map(\.maxBreadth) == [30, 30])
        for breadth in [0, 1] {
            home.send(.message("carol", to: "alice", ["Max-Breadth: \(breadth)"]), on: sender)
            #expect(home.statuses(sender) == [440])
        }
        home.send(.message("carol", to: "alice", ["Max-Breadth: 2"]), on: sender)
        #expect(phones.flatMap { home.read($0.id) }.map(\.maxBreadth) == [1, 1])
    }

    @Test("A partner that sends back what it gets is refused at once, and nothing goes round between two organisations")
    func betweenOrganisations() throws {
        let pair = try EdgePair(.withPartnerAndPorts())
        let bob = try pair.home.signedIn("bob")
        pair.home.send(.message("bob", to: "x@fabrikam.example"), on: bob)
        try pair.exchange()
        let out = try pair.edge.answerDial(as: nil)
        let request = try pair.edge.one(out)
        let back = try pair.edge.fabrikam()
        // As it came; for a user of ours, with the From that it came with; and with a From of theirs, which is a new request.
        var edits = MessageEdits()
        edits.prepend(.via, "SIP/2.0/TLS sip.fabrikam.example;branch=z9hG4bKb1".utf8)
        pair.edge.send(request.serialised(applying: edits), on: back)
        #expect(pair.edge.statuses(back) == [403])
        edits.setRequestURI("sip:bob@contoso.example".utf8)
        edits.replaceFirst(.via) { $0.append(text: "SIP/2.0/TLS sip.fabrikam.example;branch=z9hG4bKb2") }
        pair.edge.send(request.serialised(applying: edits), on: back)
        try pair.exchange()
        #expect(pair.edge.statuses(back) == [403] && pair.home.read(bob).isEmpty)
        edits.replace(.from, "<sip:x@fabrikam.example>;tag=f1".utf8)
        edits.prepend(.via, "SIP/2.0/TLS sip.fabrikam.example;branch=z9hG4bKb3".utf8)
        pair.edge.send(request.serialised(applying: edits), on: back)
        try pair.exchange()
        let arrived = try pair.home.one(bob)
        #expect(arrived.method == .message && (arrived.maxForwards ?? 70) < (request.maxForwards ?? 0))
    }
}
