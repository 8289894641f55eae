import Basis
import SIP
import Server
import Testing
import Trust

@Suite("What the home server decided is what the edge does, whatever Route a client writes")
struct RouteSteeringTests {
    private let world: DecisionWorld

    init() throws {
        var world = try DecisionWorld.withPartnerAndPorts()
        world.topology.partners[1].address = NetworkAddress("127.0.2.2:5061")
        self.world = world
    }

    /// The edge's Route for a client that is registered outside, as it stands in what that client sends.
    private func flowRoute(_ pair: EdgePair, of client: ConnectionID, to bob: ConnectionID) throws -> String {
        pair.edge.send(.message("alice", to: "bob"), on: client)
        try pair.exchange()
        return try #require(try pair.home.one(bob).texts(.recordRoute).first)
    }

    @Test("RFC 3261 §16.4: outside a dialog the home server takes every Route off, also those behind its own")
    func outsideDialog() throws {
        let pair = try EdgePair(world)
        let (client, bob) = (try pair.outsider(), try pair.home.signedIn("bob"))
        _ = try pair.register("alice", on: client)
        let flow = try flowRoute(pair, of: client, to: bob)
        let rows = [
            nil, "<sip:fe1.contoso.example;lr>", "<sip:fe1.contoso.example;lr>, \(flow)", flow,
            "<sip:fe1.contoso.example;lr>, <sip:edge1.contoso.example;lr>, \(flow)",
            "<sip:fe1.contoso.example;lr>, <sip:edge.tailspin.example;lr>", "<sip:tailspin.example;lr>",
        ]
        var partner: ConnectionID?
        for route in rows {
            let lines = route.map { ["Route: \($0)"] } ?? []
            pair.home.send(.message("bob", to: "x@fabrikam.example", lines), on: bob)
            try pair.exchange()
            if partner == nil {
                #expect(pair.edge.dials.map(\.dialled) == [.partner("fabrikam.example")])
                partner = try pair.edge.answerDial(as: nil)
            }
            let out = try pair.edge.one(try #require(partner))
            #expect(out.requestURIBytes.text == "sip:x@fabrikam.example" && out.texts(.route).isEmpty, "\(route ?? "")")
            #expect(pair.edge.dials.isEmpty && pair.edge.read(client).isEmpty, "\(route ?? "")")
            pair.home.send(.message("bob", to: "alice", lines), on: bob)
            try pair.exchange()
            #expect(try pair.edge.one(client).texts(.route).isEmpty, "\(route ?? "")")
        }
    }

    @Test("RFC 3608 §5: a pre-loaded route over the edge and the home server leads on")
    func serviceRoute() throws {
        let pair = try EdgePair(world)
        let (client, bob) = (try pair.outsider(), try pair.home.signedIn("bob"))
        let answer = try pair.register("alice", on: client)
        let service = try #require(answer.texts(.serviceRoute).first)
        for edge in ["<sip:[::1]:5072;transport=tls;lr>", "<sip:sip.contoso.example;lr>", nil] {
            let route = [edge, service].compactMap(\.self).joined(separator: ", ")
            pair.edge.send(.message("alice", to: "bob", ["Route: \(route)"]), on: client)
            try pair.exchange()
            let request = try pair.home.one(bob)
            #expect(request.texts(.route).isEmpty && request.body.text == "hello", "\(route)")
        }
    }

    @Test("An edge goes by its own tokens and the domain, by no other Route that a server sends")
    func edgeAlone() throws {
        let edge = try TestServer("edge1", in: world)
        let inside = try edge.peer("fe1")
        let lines = ["P-Asserted-Identity: <sip:alice@contoso.example>", "Route: <sip:edge.tailspin.example;lr>"]
        edge.send(.message("alice", to: "x@fabrikam.example", lines), on: inside)
        #expect(edge.dials.map(\.dialled) == [.partner("fabrikam.example")])
    }

    @Test(
        "Inside a dialog with a partner the Route must be the edge's for this partner (E403), and nothing else steers")
    func insideDialog() throws {
        let pair = try EdgePair(world)
        let (client, bob) = (try pair.outsider(), try pair.home.signedIn("bob"))
        _ = try pair.register("alice", on: client)
        let flow = try flowRoute(pair, of: client, to: bob)
        let draft = Draft.invite("bob", to: "x@fabrikam.example")
        pair.home.send(draft, on: bob)
        try pair.exchange()
        let partner = try pair.edge.answerDial(as: nil)
        let invite = try pair.edge.one(partner)
        pair.edge.send(invite.answered(200, ["Contact: <sip:x@10.0.0.9>"]), on: partner)
        try pair.exchange()
        let dialog = try TestDialog(caller: draft, try #require(pair.home.read(bob).last))
        let (own, over) = (try #require(dialog.draft.lines.first), try #require(dialog.draft.lines.last))
        #expect(dialog.draft.lines.count == 2)
        let wrong = [
            [own], [own, "Route: \(flow)"], [own, "Route: <sip:edge.tailspin.example;lr>"],
            [own, "Route: <sip:edge1.contoso.example;lr>"],
        ]
        for (number, lines) in wrong.enumerated() {
            pair.home.send(dialog.request("INFO") { ($0.lines, $0.branch) = (lines, "z9hG4bKw\(number)") }, on: bob)
            try pair.exchange()
            #expect(pair.home.statuses(bob) == [403], "\(lines)")
        }
        #expect(pair.edge.dials.isEmpty && pair.edge.read(client).isEmpty && pair.edge.read(partner).isEmpty)
        // The token under another host, and a Request-URI of another partner, lead to this partner all the same.
        let parts = over.split(separator: "@", maxSplits: 1)
        let moved = try #require(parts.first) + "@edge.tailspin.example;lr>"
        for (number, lines) in [
            [own, over], [own, String(moved)], [own, over, "Route: <sip:p.fabrikam.example;lr>"],
        ]
        .enumerated() {
            let request = dialog.request("INFO") {
                ($0.lines, $0.branch, $0.uri) = (lines, "z9hG4bKr\(number)", "sip:x@tailspin.example")
            }
            pair.home.send(request, on: bob)
            try pair.exchange()
            #expect(try pair.edge.one(partner).texts(.route).count == lines.count - 2, "\(lines)")
        }
        #expect(pair.edge.dials.isEmpty)
    }

    @Test("Inside a dialog with a client outside the flow of the token counts, whatever stands beside it")
    func insideDialogOutwards() throws {
        let pair = try EdgePair(world)
        let (client, other) = (try pair.outsider(), try pair.outsider())
        let bob = try pair.home.signedIn("bob")
        _ = try pair.register("alice", on: client)
        let draft = Draft.invite("alice", to: "bob")
        pair.edge.send(draft, on: client)
        try pair.exchange()
        let invite = try pair.home.one(bob)
        pair.home.send(invite.answered(200), on: bob)
        try pair.exchange()
        _ = try pair.register("alice", on: other)
        let foreign = try flowRoute(pair, of: other, to: bob)
        _ = pair.edge.read(client)
        let lines = try TestDialog(callee: invite).draft.lines
        let (own, flow) = (try #require(lines.first), try #require(lines.last))
        let token = try #require(flow.split(separator: "@", maxSplits: 1).first)
        let rows = [[own, flow], [own, "Route: \(foreign)"], [own, token + "@edge.tailspin.example;lr>"], [own]]
        for (number, lines) in rows.enumerated() {
            let request = try TestDialog(callee: invite).request("INFO") {
                ($0.lines, $0.branch) = (lines, "z9hG4bKo\(number)")
            }
            pair.home.send(request, on: bob)
            try pair.exchange()
            #expect(try pair.edge.one(client).method == .info, "\(lines)")
            #expect(pair.edge.read(other).isEmpty && pair.edge.dials.isEmpty, "\(lines)")
        }
    }
}
