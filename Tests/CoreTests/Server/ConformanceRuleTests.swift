import Basis
import SIP
import Server
import Testing
import Trust

@Suite("What other RFCs ask of the proxy on the way")
struct ConformanceRuleTests {
    private func home() throws -> TestServer {
        try TestServer("fe1", in: DecisionWorld(), users: ["alice", "bob", "carol"])
    }

    @Test("RFC 4320 §4.1, RFC 4320 §4.2: a request that is no INVITE gets 100 after 3.5 s and never 408")
    func silence() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        home.send(.message("alice", to: "bob"), on: alice)
        let request = try home.one(bob)
        // Nothing but 100 is passed on before the final response.
        home.send(request.answered(183), on: bob)
        home.pass(.milliseconds(3_499))
        #expect(home.read(alice).isEmpty)
        home.pass(.milliseconds(1))
        #expect(home.statuses(alice) == [100])
        home.pass(.seconds(60))
        #expect(home.read(alice).isEmpty && home.server.runningTransactions == 0)
        // The controls: an answer in time stops the 100, a 408 from behind is silence as well, other failures pass.
        home.send(.message("alice", to: "bob"), on: alice)
        home.send(try home.one(bob).answered(200), on: bob)
        home.pass(.seconds(4))
        #expect(home.statuses(alice) == [200])
        home.send(.message("alice", to: "bob"), on: alice)
        home.send(try home.one(bob).answered(408), on: bob)
        home.pass(.seconds(4))
        #expect(home.read(alice).isEmpty && home.server.runningTransactions == 0)
        home.send(.message("alice", to: "bob"), on: alice)
        home.send(try home.one(bob).answered(480), on: bob)
        #expect(home.statuses(alice) == [480])
    }

    @Test(
        "RFC 3261 §18.2.1: a forwarded Via says where the request came from, unless sent-by does",
        arguments: [
            ("192.0.2.7:40000", false), ("198.51.100.9:40000", true), ("[2001:db8::7]:40000", true),
        ])
    func received(address: String, isAdded: Bool) throws {
        let home = try home()
        let bob = try home.signedIn("bob")
        let alice = try home.client(from: address)
        try home.register("alice", on: alice)
        home.send(.message("alice", to: "bob"), on: alice)
        let request = try home.one(bob)
        let vias = request.texts(.via)
        let host = try #require(NetworkAddress(address)).host
        #expect(vias.count == 2 && vias[1].hasPrefix("SIP/2.0/TLS 192.0.2.7:40000;branch=z9hG4bK"))
        #expect(vias[1].hasSuffix(";received=\(host)") == isAdded && vias[1].contains(";received") == isAdded)
        home.send(request.answered(200), on: bob)
        #expect(try home.one(alice).texts(.via) == [vias[1]])
    }

    @Test("RFC 3326 §2: a Reason of others passes, a code of ours does not leave the network")
    func reason() throws {
        let home = try home()
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        for (sent, expected) in [
            (["Q.850;cause=17;text=\"Busy, sorry\""], ["Q.850;cause=17;text=\"Busy, sorry\""]),
            (["Entente;cause=402;text=\"E402 x\""], []),
            (["entente ;cause=402, SIP;cause=600", "Q.850;cause=1"], ["SIP;cause=600", "Q.850;cause=1"]),
        ] {
            home.send(.message("alice", to: "bob"), on: alice)
            home.send(try home.one(bob).answered(486, sent.map { "Reason: " + $0 }), on: bob)
            #expect(try home.one(alice).texts(.reason) == expected)
        }
    }

    @Test(
        "RFC 7616 §3.4.6: the digest uri is the Request-URI, but for the transport that phones write or leave out",
        arguments: [
            ("sip:contoso.example", "sip:contoso.example", 200),
            ("sip:contoso.example;transport=tls", "sip:contoso.example", 200),
            ("sip:contoso.example", "sip:contoso.example;transport=tls", 200),
            ("sip:CONTOSO.example;transport=TLS", "sip:contoso.example;transport=tls", 200),
            ("sip:contoso.example", "sip:fabrikam.example", 400),
            ("sip:contoso.example", "sip:alice@contoso.example", 400),
            ("sip:contoso.example", "contoso.example", 400),
        ])
    func digestTarget(target: String, uri: String, status: Int) throws {
        let home = try home()
        let alice = try home.client()
        let draft = Draft.register("alice").with { $0.uri = target }
        home.send(draft, on: alice)
        let answer = try draft.with { $0.uri = uri }.answering(try home.one(alice), as: "alice")
        home.send(answer.with { $0.uri = target }, on: alice)
        #expect(home.statuses(alice) == [status])
    }
}
