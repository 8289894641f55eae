import Basis
import Foundation
import SIP
import Server
import Testing
import Trust

@Suite("What a Record-Route tells")
struct HiddenIdentityTests {
    private func readable(_ route: String) throws -> String {
        let user = try #require(NameAddress(Array(route.utf8)[...])?.uri?.user?.text)
        var text = user.replacing("partner.", with: "").replacing("-", with: "+").replacing("_", with: "/")
        while text.count % 4 != 0 { text += "=" }
        return String(decoding: try #require(Data(base64Encoded: text)), as: UTF8.self)
    }

    @Test("RFC 3323 §4.1: to a partner and to a client the token of an anonymous caller's dialog names nobody")
    func anonymous() throws {
        let pair = try EdgePair(try .withPartnerAndPorts())
        let (client, bob) = (try pair.outsider(), try pair.home.signedIn("bob"))
        _ = try pair.register("alice", on: client)
        func hidden(_ to: String) -> Draft {
            Draft.invite("bob", to: to, ["Privacy: id"]).with { draft in
                draft.from = "sip:anonymous@anonymous.invalid"
                draft.lines = draft.lines.map { $0.replacing("<sip:bob@", with: "<sip:anonymous@") }
            }
        }
        pair.home.send(hidden("x@fabrikam.example"), on: bob)
        pair.home.send(hidden("alice.alias"), on: bob)
        try pair.exchange()
        let partner = try pair.edge.answerDial(as: nil)
        let (out, inwards) = (try pair.edge.one(partner), try pair.edge.one(client))
        #expect(out.texts(.recordRoute).count == 2 && inwards.texts(.recordRoute).count == 1)
        // The control: a token under a MAC alone can be read, and names the partner to itself.
        #expect(try readable(try #require(out.texts(.recordRoute).first)).contains("fabrikam.example"))
        for route in [try #require(out.texts(.recordRoute).last), try #require(inwards.texts(.recordRoute).last)] {
            let text = try readable(route)
            for word in ["bob", "alice", "contoso", "fabrikam", "edge1"] { #expect(!text.contains(word), "\(word)") }
            #expect(route.utf8.count < 320)
        }
        // The token still leads back: the callee's BYE comes to the caller.
        pair.edge.send(inwards.answered(200), on: client)
        try pair.exchange()
        _ = pair.home.read(bob)
        pair.edge.send(try TestDialog(callee: inwards).request("BYE"), on: client)
        try pair.exchange()
        #expect(try pair.home.one(bob).method == .bye)
    }

    @Test("RFC 3261 §16.6: a token with one bit changed, or cut short, opens no dialog (E403)")
    func changed() throws {
        let home = try TestServer("fe1", in: DecisionWorld(), users: ["alice", "bob"])
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        home.send(.invite("alice", to: "bob"), on: alice)
        let invite = try home.one(bob)
        home.send(invite.answered(200), on: bob)
        _ = home.read(alice)
        let bye = try TestDialog(callee: invite).request("BYE")
        let route = Array(try #require(bye.lines.first).utf8)
        let start = try #require(route.firstIndex(of: UInt8(ascii: ":"))) + 7
        let end = try #require(route.firstIndex(of: UInt8(ascii: "@")))
        var wrong = stride(from: start, to: end - 1, by: 7).map { position in
            var copy = route
            copy[position] = copy[position] == UInt8(ascii: "B") ? UInt8(ascii: "C") : UInt8(ascii: "B")
            return copy
        }
        for count in [4, 16, 28, end - start - 8] {
            wrong.append(Array(route[..<(end - count)] + route[end...]))
        }
        for (number, line) in wrong.enumerated() {
            home.send(
                bye.with {
                    $0.lines[0] = String(decoding: line, as: UTF8.self)
                    $0.branch += "w\(number)"
                }, on: bob)
            #expect(home.statuses(bob) == [403], "\(number)")
        }
        #expect(home.read(alice).isEmpty)
        home.send(bye, on: bob)
        #expect(home.read(alice).map(\.method) == [.bye])
    }
}
