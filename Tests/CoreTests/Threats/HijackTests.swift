import Basis
import SIP
import Server
import Testing
import Trust

/// T26 and T27: whose place somebody else would like to have.
@Suite("Threats T26 and T27: another's registration, flow or connection")
struct HijackTests {
    private let world: DecisionWorld

    init() throws { world = try .withTwoPartners() }

    private func home(_ users: String...) throws -> TestServer { try TestServer("fe1", in: world, users: users) }

    private static func contacts(_ home: TestServer, of user: String) -> [String] {
        home.server.shared.location.everything.filter { $0.aor[...].text.hasPrefix(user + "@") }
            .flatMap { $0.bindings.map { $0.contact[...].text } }
    }

    @Test("T26: To alone says whose binding it is, and it must be proven; From, Contact and an alias change nothing")
    func address() throws {
        let home = try home("alice", "bob")
        let (mallory, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        let forged = Draft.register("bob", contact: "<sip:mallory@192.0.2.66:40000;transport=tls>")
        let rows: [Draft] = [
            forged, forged.with { $0.from = "sip:alice@contoso.example" },
            forged.with { $0.to = "sip:bob.alias@contoso.example" },
            forged.with { $0.to = "sip:BOB@contoso.example;user=phone" },
            forged.with { $0.to = "sip:%62ob@CONTOSO.example" },
            forged.with { $0.uri = "sip:bob@contoso.example" },
            forged.with { $0.lines.append("P-Asserted-Identity: <sip:bob@contoso.example>") },
            forged.with {
                $0.lines.append("Path: <sip:\(String(repeating: "A", count: 32))@edge1.contoso.example;lr;ob>")
            },
            forged.with { $0.toTag = "t1" },
        ]
        for (number, row) in rows.enumerated() {
            home.send(row.with { $0.branch += "x\(number)" }, on: mallory)
            let status = home.statuses(mallory)
            // User parts are compared with regard to case: BOB is nobody, and looks like everybody else.
            #expect(status == [401], "\(number)")
        }
        #expect(Self.contacts(home, of: "bob") == ["sip:bob@192.0.2.7:40000;transport=tls"])
        // The control: his own address, and what is sent there comes to his flow, whatever his Contact says.
        home.send(.register("alice", contact: "<sip:bob@contoso.example>"), on: mallory)
        #expect(home.statuses(mallory) == [200])
        home.send(.message("bob", to: "alice"), on: bob)
        #expect(try home.one(mallory).body.text == "hello")
        #expect(home.read(bob).isEmpty && home.dials.isEmpty)
    }

    @Test("T26: a Contact that names another host, server or user is never dialled: requests go over the flow")
    func contact() throws {
        for contact in [
            "<sip:alice@203.0.113.66:5061;transport=tls>", "<sip:alice@fe2.contoso.example>",
            "<sip:x@fabrikam.example>", "<sip:bob@contoso.example>", "<sip:fe1.contoso.example;lr>",
            "<sip:alice@192.0.2.7;maddr=203.0.113.66>",
        ] {
            let home = try home("alice", "bob")
            let (alice, bob) = (try home.client(), try home.signedIn("bob"))
            #expect(try home.register("alice", on: alice, contact: contact).status == 200)
            home.send(.message("bob", to: "alice"), on: bob)
            #expect(try "<\(home.one(alice).requestURIBytes.text)>" == contact)
            #expect(home.dials.isEmpty && home.read(bob).isEmpty, "\(contact)")
        }
    }

    @Test("T26: a client's own Path is no flow: not at the home server, and not behind the edge")
    func forgedPath() throws {
        let pair = try EdgePair(world)
        let (victim, mallory) = (try pair.outsider(), try pair.outsider())
        let answer = try pair.register("alice", on: victim)
        let path = try #require(answer.texts(.path).first)
        let (inside, bob) = (try pair.home.client(), try pair.home.signedIn("bob"))
        // The victim's very Path, once from inside and once from another flow of the edge.
        let forged = Draft.register("alice", contact: "<sip:m@192.0.2.66>", ["Path: \(path)", "Supported: path"])
        pair.home.send(forged, on: inside)
        #expect(pair.home.statuses(inside) == [401])
        pair.edge.send(forged, on: mallory)
        try pair.exchange()
        #expect(pair.edge.statuses(mallory) == [401])
        // A user of his own gets his own flow with it, not the victim's.
        let own = Draft.register("bob", contact: "<sip:m@192.0.2.66>", ["Path: \(path)", "Supported: path"])
        pair.edge.send(own, on: mallory)
        try pair.exchange()
        pair.edge.send(try own.answering(try pair.edge.one(mallory), as: "bob"), on: mallory)
        try pair.exchange()
        #expect(try pair.edge.one(mallory).status == 200)
        _ = pair.edge.read(victim)
        let carol = try pair.home.signedIn("alice")
        pair.home.send(.message("alice", to: "bob"), on: carol)
        try pair.exchange()
        #expect(pair.edge.read(victim).isEmpty && pair.edge.read(mallory).count == 1 && pair.home.read(bob).count == 1)
    }

    @Test("T26: of a flow token not one bit may change, and another server's is worth nothing (430)")
    func flowToken() throws {
        let edge = try TestServer("edge1", in: world)
        let (client, other, inside) = (edge.connect(.outside([])), edge.connect(.outside([])), try edge.peer("fe1"))
        edge.send(.message("alice", to: "bob"), on: client)
        let out = try edge.answerDial(as: "fe1")
        let route = try #require(try edge.one(out).texts(.recordRoute).first)
        let stranger = try TestServer("edge2", in: world)
        stranger.send(.message("alice", to: "bob"), on: stranger.connect(.outside([])))
        let foreign = try #require(try stranger.one(try stranger.answerDial(as: "fe1")).texts(.recordRoute).first)
        let token = try #require(foreign.split(separator: "@").first)
        let ours = try #require(route.split(separator: "@", maxSplits: 1).last)
        let identity = ["P-Asserted-Identity: <sip:bob@contoso.example>"]
        func draft(_ route: String) -> Draft { .message("bob", to: "alice", ["Route: \(route)"] + identity) }
        edge.send(draft("\(token)@\(ours)"), on: inside)
        #expect(edge.statuses(inside) == [430])
        let bytes = Array(route.utf8)
        let (start, end) = (5, try #require(bytes.firstIndex(of: UInt8(ascii: "@"))))
        for position in start..<end {
            var changed = bytes
            changed[position] = bytes[position] == UInt8(ascii: "B") ? UInt8(ascii: "C") : UInt8(ascii: "B")
            edge.send(draft(String(decoding: changed, as: UTF8.self)), on: inside)
            #expect(edge.statuses(inside) == [430], "\(position)")
        }
        #expect(edge.read(client).isEmpty && edge.read(other).isEmpty)
        edge.send(draft(route), on: inside)
        edge.send(try edge.one(client).answered(200), on: client)
        #expect(edge.statuses(inside) == [200] && edge.read(other).isEmpty)
        // A token outlives its connection in nobody's hands: the next client in the same place is somebody else.
        edge.drop(client)
        _ = edge.connect(.outside([]))
        edge.send(draft(route), on: inside)
        #expect(edge.statuses(inside) == [430])
    }

    @Test("T26: `*` is for one's own bindings, alone, with Expires: 0, and within a Call-ID in order")
    func wildcard() throws {
        let home = try home("alice", "bob")
        let (alice, bob) = (try home.client(), try home.signedIn("bob"))
        let first = Draft.register("alice", contact: "<sip:alice@192.0.2.1>").with { $0.cSeq = 20 }
        try home.prove(first, as: "alice", on: alice)
        func remove(_ expires: String?, _ contacts: [String], cSeq: Int = 1, callID: String? = nil) -> [Int] {
            var draft = Draft.register("alice", expires: nil, contact: "")
            draft.lines += contacts.map { "Contact: " + $0 } + (expires.map { ["Expires: " + $0] } ?? [])
            draft.cSeq = cSeq
            if let callID { draft.callID = callID }
            home.send(draft, on: alice)
            return home.statuses(alice)
        }
        #expect(remove(nil, ["*"]) == [400])
        #expect(remove("1", ["*"]) == [400])
        #expect(remove("0", ["*", "<sip:alice@192.0.2.1>"]) == [400])
        #expect(remove("0", ["*, *"]) == [400])
        #expect(remove("0", ["*;expires=0"]) == [400])
        #expect(remove("0", ["*"], cSeq: 20, callID: first.callID) == [500])
        #expect(Self.contacts(home, of: "alice") == ["sip:alice@192.0.2.1"])
        // Another's, by somebody proven.
        home.send(Draft.register("bob", expires: 0, contact: "*"), on: alice)
        #expect(home.statuses(alice) == [401])
        #expect(remove("0", ["*"]) == [200])
        #expect(Self.contacts(home, of: "alice").isEmpty && Self.contacts(home, of: "bob").count == 1)
        home.send(.register("bob", expires: 0, contact: "*"), on: bob)
        #expect(home.statuses(bob) == [200] && Self.contacts(home, of: "bob").isEmpty)
    }

    @Test("T27: an alias parameter gives nobody another's connection: requests go over links that we dialled")
    func alias() throws {
        let edge = try TestServer("edge1", in: world)
        let (partner, inside) = (try edge.fabrikam(), try edge.peer("fe1"))
        let client = edge.connect(.outside([]))
        func aliased(_ draft: Draft, _ sentBy: String) -> [UInt8] {
            Array(
                String(decoding: draft.bytes, as: UTF8.self).replacing("192.0.2.7:40000;", with: sentBy + ";alias;")
                    .utf8)
        }
        let places = [
            "127.0.2.3:5061", "sip.northwind.example", "northwind.example", "127.0.2.1:5061", "[::1]:5070",
            "fe1.contoso.example", "edge1.contoso.example",
        ]
        for place in places {
            let draft = Draft("MESSAGE", from: "x@fabrikam.example", to: "bob@contoso.example")
            edge.send(aliased(draft, place), on: partner)
            edge.send(aliased(.message("alice", to: "bob"), place), on: client)
        }
        // What they claim is in use neither for the partner that it names nor for the server of ours.
        #expect(edge.dials.map(\.dialled) == [.server("fe1.contoso.example")])
        let out = try edge.answerDial(as: "fe1")
        #expect(edge.read(out).count == 2 * places.count)
        let identity = ["P-Asserted-Identity: <sip:alice@contoso.example>"]
        edge.send(.message("alice", to: "x@northwind.example", identity), on: inside)
        edge.send(.message("alice", to: "x@fabrikam.example", identity), on: inside)
        #expect(edge.dials.map(\.dialled) == [.partner("northwind.example"), .partner("fabrikam.example")])
        #expect(edge.read(partner).isEmpty && edge.read(client).isEmpty)
        // The control: each link that was dialled carries its own.
        let dialled = try edge.answerDial(as: nil, by: DecisionWorld.northwindEdge)
        #expect(try edge.one(dialled).requestURIBytes.text == "sip:x@northwind.example")
        let second = try edge.answerDial(as: nil)
        #expect(try edge.one(second).requestURIBytes.text == "sip:x@fabrikam.example")
    }
}
