import Basis
import SIP
import Server
import Testing
import Trust

/// Whom a request says that it is from, against whom its link proves: users and partners, every method.
@Suite("Threats T22 to T24: another's name")
struct SpoofingTests {
    private let world: DecisionWorld

    init() throws { world = try .withTwoPartners() }

    /// Hosts that are not Fabrikam's, some of which look like it.
    private static let foreignHosts = [
        "contoso.example", "northwind.example", "stranger.example", "sub.fabrikam.example", "fabrikam.example.evil",
        "xfabrikam.example", "sip.fabrikam.example", "192.0.2.7",
    ]

    @Test(
        "T23: a partner's From is of its own domains in each method, whatever it looks like and with a To tag too (E403)",
        arguments: Threat.methods, [false, true])
    func partner(method: String, isCombined: Bool) throws {
        var world = world
        world.isCombined = isCombined
        let server = try TestServer(isCombined ? "fe1" : "edge1", in: world, users: ["bob"])
        let partner = try server.fabrikam()
        let bob = isCombined ? try server.signedIn("bob") : nil
        func draft(_ from: String) -> Draft { Threat.draft(method, from: from, to: "bob@contoso.example") }
        for host in Self.foreignHosts {
            let forged = draft("x@" + host)
            server.send(forged, on: partner)
            server.send(
                forged.with {
                    ($0.toTag, $0.branch) = ("t1", $0.branch + "t")
                    $0.lines.append("Route: <sip:forged@sip.contoso.example;lr>")
                }, on: partner)
            server.send(
                forged.with {
                    $0.branch += "p"
                    $0.lines.append("P-Asserted-Identity: <sip:x@fabrikam.example>")
                }, on: partner)
            #expect(server.statuses(partner) == [403, 403, 403], "\(host)")
        }
        #expect(server.refusals == Array(repeating: .e403, count: 3 * Self.foreignHosts.count))
        #expect(server.dials.isEmpty && server.written(except: []).isEmpty)
        server.send(draft("x@FABRIKAM.example"), on: partner)
        let hop = try bob ?? server.answerDial(as: "fe1")
        let request = try server.one(hop)
        #expect(request.methodBytes.text == method)
        #expect(request.texts(.pAssertedIdentity) == ["<sip:x@fabrikam.example>"])
    }

    @Test(
        "T23: the callee's BYE passes by our Route, from the same partner and untouched, whoever From says that it is")
    func partnerInDialog() throws {
        let edge = try TestServer("edge1", in: world)
        let inside = try edge.peer("fe1")
        let draft = Draft.invite(
            "alice", to: "x@fabrikam.example", ["P-Asserted-Identity: <sip:alice@contoso.example>"]
        ).with { $0.to = "sip:+4930@elsewhere.example" }
        edge.send(draft, on: inside)
        let out = try edge.answerDial(as: nil)
        let invite = try edge.one(out)
        edge.send(invite.answered(200, ["Contact: <sip:x@10.0.0.9>"]), on: out)
        _ = edge.read(inside)
        let (same, other) = (try edge.fabrikam(), try edge.northwind())
        let bye = try TestDialog(callee: invite).request("BYE")
        #expect(bye.from == "sip:+4930@elsewhere.example")
        let route = try #require(bye.lines.first)
        let wrong: [(ConnectionID, [String])] = [
            (other, [route]), (same, []),
            (same, [route.replacing("partner.", with: "partner.A")]),
            (same, [String(route.replacing("@sip.contoso.example", with: "@sip.fabrikam.example"))]),
            (same, ["Route: <sip:sip.contoso.example;lr>", route.replacing("partner.", with: "")]),
        ]
        for (number, (id, lines)) in wrong.enumerated() {
            edge.send(bye.with { ($0.lines, $0.branch) = (lines, "z9hG4bKw\(number)") }, on: id)
            #expect(edge.statuses(id) == [403], "\(number)")
        }
        #expect(edge.read(inside).isEmpty && edge.dials.isEmpty)
        edge.send(bye, on: same)
        #expect(try edge.one(try edge.answerDial(as: "fe1")).method == .bye)
    }

    @Test(
        "T24: a user sends as himself alone, in each method, inside and through the edge, with tags and Routes too",
        arguments: Threat.methods)
    func user(method: String) throws {
        let pair = try EdgePair(world)
        let (inside, bob) = (try pair.home.signedIn("alice"), try pair.home.signedIn("bob"))
        let outside = try pair.outsider()
        #expect(try pair.register("alice", on: outside).status == 200)
        for (server, id) in [(pair.home, inside), (pair.edge, outside)] {
            func statuses(_ draft: Draft) throws -> [Int] {
                server.send(draft, on: id)
                try pair.exchange()
                return server.statuses(id).filter { $0 > 100 }
            }
            let forged = Threat.draft(method, from: "bob@contoso.example", to: "bob@contoso.example")
            #expect(try statuses(forged) == [407])
            #expect(
                try statuses(
                    forged.with {
                        $0.branch += "t"; $0.toTag = "t1"
                    }) == [407])
            #expect(
                try statuses(
                    forged.with {
                        ($0.toTag, $0.branch) = ("t1", $0.branch + "r")
                        $0.lines.append("Route: <sip:AAAA@fe1.contoso.example;lr>")
                    }
                ).first.map { $0 == 403 || $0 == 407 } == true)
            #expect(
                try statuses(
                    forged.with {
                        $0.branch += "p"
                        $0.lines += [
                            "P-Asserted-Identity: <sip:alice@contoso.example>",
                            "P-Preferred-Identity: <sip:alice@contoso.example>",
                        ]
                    }) == [407])
            for host in ["fabrikam.example", "stranger.example", "contoso.example.evil", "192.0.2.7"] {
                #expect(
                    try statuses(forged.with { ($0.from, $0.branch) = ("sip:alice@\(host)", $0.branch + host) })
                        == [403], "\(host)")
            }
            #expect(pair.home.read(bob).isEmpty)
            // RFC 3325 §6: a preference must be proven; an edge takes it out, and then the user is who is proven on the flow.
            let hidden = forged.with {
                ($0.from, $0.branch) = ("sip:anonymous@anonymous.invalid", $0.branch + "a")
                $0.lines.append("P-Preferred-Identity: <sip:bob@contoso.example>")
            }
            #expect(try statuses(hidden) == (server === pair.home ? [407] : []))
            for request in pair.home.read(bob) {
                #expect(server === pair.edge && request.texts(.pAssertedIdentity) == ["<sip:alice@contoso.example>"])
                pair.home.send(request.answered(486), on: bob)
                try pair.exchange()
            }
            _ = (server.read(id), pair.home.read(bob))
            server.send(forged.with { ($0.from, $0.branch) = ("sip:alice@contoso.example", $0.branch + "own") }, on: id)
            try pair.exchange()
            let request = try pair.home.one(bob)
            #expect(request.texts(.pAssertedIdentity) == ["<sip:alice@contoso.example>"])
            pair.home.send(request.answered(486), on: bob)
            try pair.exchange()
            _ = (server.read(id), pair.home.read(bob))
        }
    }

    @Test("T24: an ACK that nobody asked for is delivered to nobody under another's name")
    func acknowledgement() throws {
        let home = try TestServer("fe1", in: world, users: ["alice", "bob"])
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        home.send(Threat.draft("ACK", from: "carol@contoso.example", to: "bob@contoso.example"), on: alice)
        home.send(Threat.draft("ACK", from: "bob@contoso.example", to: "bob@contoso.example"), on: try home.client())
        #expect(home.written(except: []).isEmpty)
        home.send(Threat.draft("ACK", from: "alice@contoso.example", to: "bob@contoso.example"), on: alice)
        #expect(home.read(bob).map(\.method) == [.ack])
    }

    @Test(
        "T22: inside a dialog, too, each side's asserted identity is the one in our token",
        arguments: ["INVITE", "INFO", "UPDATE", "REFER", "NOTIFY", "MESSAGE", "NOVEL", "BYE"])
    func assertedInDialog(method: String) throws {
        let home = try TestServer("fe1", in: world, users: ["alice", "bob"])
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        let draft = Draft.invite("alice", to: "bob")
        home.send(draft, on: alice)
        let invite = try home.one(bob)
        home.send(invite.answered(200), on: bob)
        let answer = try #require(home.read(alice).last)
        let forged = [
            "P-Asserted-Identity: <sip:carol@contoso.example>", "Remote-Party-ID: <sip:carol@contoso.example>",
        ]
        let rows = [
            (alice, bob, try TestDialog(caller: draft, answer), "alice"),
            (bob, alice, try TestDialog(callee: invite), "bob"),
        ]
        for (from, to, dialog, user) in rows {
            home.send(dialog.request(method) { $0.lines += forged }, on: from)
            let request = try home.one(to)
            #expect(request.texts(.pAssertedIdentity) == ["<sip:\(user)@contoso.example>"])
            #expect(!request.has(.remotePartyID))
            home.send(request.answered(200, tag: "z", forged), on: to)
            #expect(home.read(from).allSatisfy { !$0.has(.pAssertedIdentity) && !$0.has(.remotePartyID) })
        }
    }
}
