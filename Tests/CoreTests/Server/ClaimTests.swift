import Basis
import SIP
import Server
import Testing
import Trust

@Suite("What outsiders claim: identities, ways of a call, charging")
struct ClaimTests {
    private static let claims = [
        "P-Asserted-Identity: <sip:carol@contoso.example>", "P-Preferred-Identity: <sip:alice@contoso.example>",
        "Remote-Party-ID: <sip:carol@contoso.example>;party=calling", "RPID-Privacy: party=calling;id-type=subscriber",
        "diversion: <sip:carol@contoso.example>;reason=no-answer", "History-Info: <sip:carol@contoso.example>;index=1",
        "P-Associated-URI: <sip:carol@contoso.example>", "P-Called-Party-ID: <sip:carol@contoso.example>",
        "P-Visited-Network-ID: other.example", "P-Access-Network-Info: 3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=1",
        "P-Charging-Function-Addresses: ccf=192.0.2.1", "P-CHARGING-VECTOR: icid-value=1",
        "P-Charge-Info: <sip:c@d.example>",
        "P-Served-User: <sip:carol@contoso.example>", "P-Profile-Key: <sip:c@d.example>",
        "P-User-Database: <aaa://d.example>",
        "P-Asserted-Service: urn:urn-7:x", "P-Preferred-Service: urn:urn-7:x",
        "P-Private-Network-Indication: d.example",
        "P-DCS-Trace-Party-ID: <sip:c@d.example>", "P-DCS-Billing-Info: 1/1@d.example", "P-DCS-LAES: d.example:1",
        "P-DCS-Redirect: <sip:c@d.example>",
    ]
    /// What nobody claims by, and passes.
    private static let others = [
        "P-Early-Media: supported", "X-Diversion: no", "Subject: hello", "Referred-By: <sip:c@d.example>",
    ]

    /// The names of the fields in a message that are in `lines`, in lower case.
    private func names(of lines: [String], in message: SIPMessage) -> [String] {
        let wanted = Set(lines.map { $0.prefix { $0 != ":" }.lowercased() })
        return (0..<message.lineCount).map { message.line($0).nameBytes.text.lowercased() }.filter(wanted.contains)
            .sorted()
    }

    private func expect(
        _ message: SIPMessage, keeps: [String], identity: String?, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let own = identity == nil ? [] : ["p-asserted-identity"]
        let kept = (keeps.map { $0.prefix { $0 != ":" }.lowercased() } + own).sorted()
        #expect(names(of: Self.claims + Self.others, in: message) == kept, sourceLocation: sourceLocation)
        #expect(message.texts(.pAssertedIdentity) == [identity].compactMap(\.self), sourceLocation: sourceLocation)
    }

    private func home() throws -> TestServer {
        var world = try DecisionWorld.withPartnerAndPorts()
        world.isCombined = true
        world.grantPBX(users: ["alice@contoso.example"])
        return try TestServer("fe1", in: world, users: ["alice", "bob"])
    }

    @Test(
        "RFC 3325 §5, RFC 7315 §6: from client, partner and application they end here, in the request and in the answer"
    )
    func outsiders() throws {
        let home = try home()
        let bob = try home.signedIn("bob")
        let lines = Self.claims + Self.others
        let rows: [(ConnectionID, Draft, String)] = [
            (try home.signedIn("alice"), .message("alice", to: "bob", lines), "<sip:alice@contoso.example>"),
            (
                try home.fabrikam(), Draft("MESSAGE", from: "x@fabrikam.example", to: "bob@contoso.example", lines),
                "<sip:x@fabrikam.example>"
            ),
            (
                // What an application asserts must be in its grant; here it asserts nobody.
                try home.peer("pbx"), .message("alice", to: "bob", Array(lines.dropFirst())),
                "<sip:alice@contoso.example>"
            ),
        ]
        for (id, draft, identity) in rows {
            home.send(draft, on: id)
            let request = try home.one(bob)
            expect(request, keeps: Self.others, identity: identity)
            home.send(request.answered(200, lines), on: bob)
            expect(try home.one(id), keeps: Self.others, identity: nil)
        }
        // An answer of a partner.
        let alice = try home.signedIn("alice")
        home.send(.message("alice", to: "x@fabrikam.example"), on: alice)
        let partner = try home.answerDial(as: nil)
        home.send(try home.one(partner).answered(486, lines), on: partner)
        expect(try home.one(alice), keeps: Self.others, identity: nil)
    }

    @Test(
        "Between servers of this network they pass, in the request and in the answer; an asserted identity is made anew"
    )
    func insiders() throws {
        let home = try home()
        let (bob, director) = (try home.signedIn("bob"), try home.peer("dir1"))
        let lines = Array(Self.claims.dropFirst(2)) + Self.others
        let identity = ["P-Asserted-Identity: <sip:alice@contoso.example>"]
        home.send(.message("alice", to: "bob", lines + identity), on: director)
        expect(try home.one(bob), keeps: lines, identity: "<sip:alice@contoso.example>")
        // An answer that comes from inside: the edge in front of a front end.
        let edge = try TestServer("edge1", in: DecisionWorld())
        let client = edge.connect(.outside([]))
        edge.send(.message("alice", to: "bob"), on: client)
        let inside = try edge.answerDial(as: "fe1")
        edge.send(try edge.one(inside).answered(486, lines + identity), on: inside)
        expect(try edge.one(client), keeps: lines, identity: nil)
    }

    @Test("What a client behind the edge answers goes inwards without claims, and its identity is not believed")
    func answersInwards() throws {
        let pair = try EdgePair(try .withPartnerAndPorts())
        let (client, bob) = (try pair.outsider(), try pair.home.signedIn("bob"))
        _ = try pair.register("alice", on: client)
        pair.home.send(.message("bob", to: "alice"), on: bob)
        try pair.exchange()
        pair.edge.send(try pair.edge.one(client).answered(200, Self.claims + Self.others), on: client)
        try pair.exchange()
        expect(try pair.home.one(bob), keeps: Self.others, identity: nil)
    }

    private static let forged = "entente;cause=401;text=\"E401 forged\""
    private static let foreign = "Q.850;cause=16;text=\"Normal\""

    @Test("RFC 3326 §2: a Reason that looks like ours passes in no request, and not in a CANCEL; others pass")
    func forgedReasons() throws {
        let pair = try EdgePair(try .withPartnerAndPorts())
        let (client, bob) = (try pair.outsider(), try pair.home.signedIn("bob"))
        _ = try pair.register("alice", on: client)
        for lines in [
            ["Reason: \(Self.forged)", "Reason: \(Self.foreign)"], ["Reason: \(Self.foreign), Entente\t;cause=401"],
            ["Reason: \(Self.foreign)"],
        ] {
            // Inwards already: the edge is the first that they pass.
            let edge = try TestServer("edge1", in: DecisionWorld())
            let outsider = edge.connect(.outside([]))
            edge.send(.message("alice", to: "bob", lines), on: outsider)
            #expect(try edge.one(try edge.answerDial(as: "fe1")).texts(.reason) == [Self.foreign])
            let draft = Draft.invite("bob", to: "alice")
            pair.home.send(draft, on: bob)
            try pair.exchange()
            let invite = try pair.edge.one(client)
            pair.edge.send(invite.answered(180), on: client)
            try pair.exchange()
            pair.home.send(draft.with { ($0.method, $0.lines, $0.body) = ("CANCEL", lines, "") }, on: bob)
            try pair.exchange()
            let cancel = try pair.edge.one(client)
            #expect(cancel.method == .cancel && cancel.texts(.reason) == [Self.foreign])
            pair.edge.send(invite.answered(487), on: client)
            try pair.exchange()
            _ = (pair.edge.read(client), pair.home.read(bob))
        }
    }

    @Test("RFC 3326 §2: a refusal of ours is believed from our servers alone, and told to them alone")
    func refusalsInResponses() throws {
        let lines = ["Reason: \(Self.forged)", "Reason: \(Self.foreign)"]
        // From a partner and from a client at the edge, to the front end.
        let edge = try TestServer("edge1", in: .withPartnerAndPorts())
        let inside = try edge.peer("fe1")
        edge.send(
            .message("alice", to: "x@fabrikam.example", ["P-Asserted-Identity: <sip:alice@contoso.example>"]),
            on: inside)
        let partner = try edge.answerDial(as: nil)
        edge.send(try edge.one(partner).answered(503, lines), on: partner)
        #expect(edge.read(inside).allSatisfy { $0.texts(.reason).allSatisfy { $0 == Self.foreign } })
        edge.send(
            .message("alice", to: "x@fabrikam.example", ["P-Asserted-Identity: <sip:alice@contoso.example>"]),
            on: inside)
        edge.send(try edge.one(partner).answered(486, lines), on: partner)
        #expect(try edge.one(inside).texts(.reason) == [Self.foreign])
        let client = edge.connect(.outside([]))
        edge.send(.message("alice", to: "bob"), on: client)
        let out = try edge.answerDial(as: "fe1")
        // The control: the front end's own reason is for the edge, and the client gets the other one.
        edge.send(try edge.one(out).answered(486, lines), on: out)
        #expect(try edge.one(client).texts(.reason) == [Self.foreign])
        // Between servers it passes.
        let home = try TestServer("fe1", in: .withPartnerAndPorts(), users: ["alice"])
        let director = try home.peer("dir1")
        home.send(
            .message("alice", to: "x@fabrikam.example", ["P-Asserted-Identity: <sip:alice@contoso.example>"]),
            on: director)
        let link = try home.answerDial(as: "edge1")
        home.send(try home.one(link).answered(403, lines), on: link)
        #expect(try home.one(director).texts(.reason) == [Self.forged, Self.foreign])
    }
}
