import Basis
import SIP
import Server
import Testing
import Trust

@Suite("The registrar in its server")
struct RegistrationTests {
    private func home(_ users: String...) throws -> TestServer {
        try TestServer("fe1", in: DecisionWorld(), users: users)
    }

    @Test("RFC 3261 §10.3, RFC 7616 §3.4: challenge, then 200 after the commit, never before it")
    func registration() throws {
        let home = try home("alice")
        home.commitsAtOnce = false
        let id = try home.client()
        home.send(.register("alice"), on: id)
        let challenge = try home.one(id)
        #expect(challenge.status == 401)
        let asked = try #require(challenge.challenges(in: .wwwAuthenticate).first)
        #expect(asked.realm.text == "contoso.example" && asked.algorithm == .sha256 && asked.offersAuth && !asked.stale)
        #expect(challenge.challenges(in: .wwwAuthenticate).count == 1)
        home.send(try Draft.register("alice").answering(challenge, as: "alice"), on: id)
        #expect(home.read(id).isEmpty)
        #expect(home.records.map { $0.key[...].text } == ["alice@contoso.example"])
        home.commit()
        let answer = try home.one(id)
        #expect(answer.status == 200)
        #expect(answer.texts(.contact) == ["<sip:alice@192.0.2.7:40000;transport=tls>;expires=3600"])
        // RFC 3608 §5: the way through this server.
        #expect(answer.texts(.serviceRoute) == ["<sip:fe1.contoso.example;transport=tls;lr>"])
        #expect(answer.toTag?.isEmpty == false)
    }

    @Test("A record that was not stored is not acknowledged: 503 with Retry-After")
    func notStored() throws {
        let home = try home("alice")
        home.commitsAtOnce = false
        let id = try home.client()
        try home.prove(.register("alice"), as: "alice", on: id)
        let ticket = try #require(home.records.last?.ticket)
        home.handle(.commitFailed(first: ticket, last: ticket))
        let answer = try home.one(id)
        #expect(answer.status == 503 && answer.retryAfter != nil)
    }

    @Test("trust.md, Users: a flow is challenged once; the registration's end ends that")
    func onceProven() throws {
        let home = try home("alice")
        let id = try home.signedIn("alice")
        home.send(.register("alice"), on: id)
        #expect(home.statuses(id) == [200])
        home.send(.register("alice", expires: 0), on: id)
        #expect(home.statuses(id) == [200])
        home.send(.register("alice"), on: id)
        #expect(home.statuses(id) == [401])
    }

    @Test("trust.md, Users: when the registration expires, the flow is challenged again")
    func expiredProof() throws {
        let home = try home("alice", "bob")
        let id = try home.client()
        try home.register("alice", on: id, expires: 120)
        home.pass(.seconds(100))
        home.send(.message("alice", to: "bob"), on: id)
        #expect(home.statuses(id) == [480])
        home.send(.register("alice", expires: 120), on: id)
        #expect(home.statuses(id) == [200])
        home.pass(.seconds(100))
        home.send(.message("alice", to: "bob"), on: id)
        #expect(home.statuses(id) == [480])
        home.pass(.seconds(21))
        home.send(.message("alice", to: "bob"), on: id)
        #expect(home.statuses(id) == [407])
    }

    @Test("trust.md, Users: a proof lasts an hour, however often the registration is refreshed")
    func hour() throws {
        let home = try home("alice")
        let id = try home.client()
        try home.register("alice", on: id, expires: 1_800)
        for _ in 0..<3 {
            home.pass(.seconds(1_190))
            home.send(.register("alice", expires: 1_800), on: id)
            #expect(home.statuses(id) == [200])
        }
        home.pass(.seconds(40))
        home.send(.register("alice", expires: 1_800), on: id)
        #expect(home.statuses(id) == [401])
    }

    @Test("A binding belongs to its flow and goes with it")
    func boundToFlow() throws {
        let home = try home("alice", "bob")
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        home.send(.message("alice", to: "bob"), on: alice)
        #expect(try home.one(bob).body.text == "hello")
        home.drop(bob)
        #expect(home.records.last?.key[...].text == "bob@contoso.example" && home.records.last?.value == nil)
        // RFC 5626 §5.3: the flow failed under the request, and there is no other: 480.
        #expect(home.statuses(alice) == [480])
        home.send(.message("alice", to: "bob"), on: alice)
        #expect(home.statuses(alice) == [480])
    }

    @Test("RFC 3261 §10.3: a binding ends by itself when its time is over")
    func expiry() throws {
        let home = try home("alice")
        let id = try home.client()
        try home.register("alice", on: id, expires: 60)
        let stored = home.records.count
        home.pass(.seconds(200))
        #expect(home.records.count == stored + 1 && home.records.last?.value == nil)
        #expect(home.server.shared.location.everything.isEmpty)
    }

    @Test("RFC 3261 §10.2.2: `*` removes every binding, with Expires 0 and alone only")
    func wildcard() throws {
        let home = try home("alice")
        let (first, second) = (try home.client(), try home.client())
        try home.register("alice", on: first, contact: "<sip:alice@192.0.2.1>")
        #expect(try home.register("alice", on: second, contact: "<sip:alice@192.0.2.2>").texts(.contact).count == 2)
        home.send(.register("alice", expires: nil, contact: "*"), on: first)
        #expect(home.statuses(first) == [400])
        home.send(.register("alice", expires: 60, contact: "*"), on: first)
        #expect(home.statuses(first) == [400])
        home.send(.register("alice", expires: nil, contact: ""), on: first)
        #expect(try home.one(first).texts(.contact).count == 2)
        home.send(.register("alice", expires: 0, contact: "*"), on: first)
        let answer = try home.one(first)
        #expect(answer.status == 200 && answer.texts(.contact).isEmpty)
        #expect(home.server.shared.location.everything.isEmpty)
    }

    @Test("RFC 3261 §10.3 step 7: too brief is 423 with Min-Expires, too long is shortened")
    func interval() throws {
        let home = try home("alice")
        let id = try home.signedIn("alice")
        home.send(.register("alice", expires: 59), on: id)
        let brief = try home.one(id)
        #expect(brief.status == 423 && brief.minExpires == 60)
        home.send(.register("alice", expires: 60), on: id)
        #expect(home.statuses(id) == [200])
        home.send(.register("alice", expires: 999_999), on: id)
        #expect(try home.one(id).texts(.contact) == ["<sip:alice@192.0.2.7:40000;transport=tls>;expires=7200"])
    }

    @Test("RFC 3261 §10.3 step 7: within one Call-ID only a higher CSeq changes a binding")
    func order() throws {
        let home = try home("alice")
        let id = try home.client()
        let draft = Draft.register("alice").with { $0.cSeq = 10 }
        try home.prove(draft, as: "alice", on: id)
        home.send(draft.with { ($0.cSeq, $0.branch) = (11, "z9hG4bKorder11") }, on: id)
        #expect(home.statuses(id) == [500])
        home.send(draft.with { ($0.cSeq, $0.branch) = (12, "z9hG4bKorder12") }, on: id)
        #expect(home.statuses(id) == [200])
    }

    @Test("ServerLimits: the eleventh contact of an address is refused, and the ten stay")
    func contactLimit() throws {
        let home = try home("alice")
        let id = try home.signedIn("alice")
        for number in 2...10 {
            home.send(.register("alice", contact: "<sip:alice@192.0.2.7:\(number)>"), on: id)
            #expect(home.statuses(id) == [200])
        }
        home.send(.register("alice", contact: "<sip:alice@192.0.2.7:11>"), on: id)
        #expect(home.statuses(id) == [403])
        home.send(.register("alice", contact: ""), on: id)
        #expect(try home.one(id).texts(.contact).count == 10)
    }

    @Test("ServerLimits: more Contacts in one REGISTER than an address may have are refused before any is looked at")
    func contactsInOrder() throws {
        let home = try home("alice")
        let id = try home.signedIn("alice")
        func contacts(_ count: Int) -> String {
            (1...count).map { "<sip:alice@192.0.2.7:\($0)>;expires=0" }.joined(separator: ", ")
        }
        home.send(.register("alice", contact: contacts(10)), on: id)
        home.send(.register("alice", contact: contacts(11)), on: id)
        // Of the two faults of these, the number is found first.
        home.send(.register("alice", expires: 59, contact: contacts(11).replacing(";expires=0", with: "")), on: id)
        #expect(home.statuses(id) == [200, 403, 403])
    }

    @Test(
        "RFC 5626 §4.1: an instance is a URN in angle brackets, or the REGISTER is 400; what is kept is written as it came",
        arguments: [
            ("<urn:uuid:00000000-0000-1000-8000-000a95a0e128>", true),
            ("<URN:gsma:imei:90420156-025763-0;vers=0>", true),
            ("<urn:x-a:%41/b'~!*()>", true), ("\\<urn:uuid:1>", true), ("<urn:uuid:1\\\">;q=0.1,<sip:x@y>", false),
            ("<urn:uuid:1\\\"x>", false), ("<urn:uuid:1\\\\>", false), ("<urn:uuid:1<2>", false),
            ("<urn:uuid:1 2>", false),
            ("<urn:uuid:1,2>", true), ("<urn:uuid:%4>", false), ("<urn:uuid:é>", false), ("<urn:uuid:>", false),
            ("<urn:u:1>", false), ("<urn:-u:1>", false), ("<urn:uuid>", false), ("<sip:alice@192.0.2.1>", false),
            ("urn:uuid:1", false), ("<>", false), ("", false),
            ("<urn:uuid:\(String(repeating: "a", count: 512))>", false),
        ])
    func instance(value: String, isAccepted: Bool) throws {
        let home = try home("alice")
        let id = try home.client()
        let answer = try home.register(
            "alice", on: id, contact: "<sip:alice@192.0.2.1>;+sip.instance=\"\(value)\";reg-id=1")
        #expect(answer.status == (isAccepted ? 200 : 400))
        #expect(home.server.shared.location.everything.count == (isAccepted ? 1 : 0))
        let kept = isAccepted ? [";+sip.instance=\"\(value.replacing("\\", with: ""))\";reg-id=1"] : []
        #expect(answer.texts(.contact).map { String($0.drop { $0 != "+" }) } == kept.map { String($0.dropFirst()) })
    }

    @Test("RFC 5626 §6: instance and reg-id name the binding; the flow is confirmed with Require and Flow-Timer")
    func outbound() throws {
        let home = try home("alice")
        let (first, second) = (try home.client(), try home.client())
        let instance = "+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000a95a0e128>\";reg-id=1"
        let lines = ["Supported: path, outbound"]
        let answer = try home.register("alice", on: first, contact: "<sip:alice@192.0.2.1>;\(instance)", lines)
        #expect(answer.supports("outbound", in: .require) && answer.flowTimer == 120)
        let again = try home.register("alice", on: second, contact: "<sip:alice@192.0.2.2>;\(instance)", lines)
        #expect(again.texts(.contact).count == 1)
        #expect(again.texts(.contact).first?.hasPrefix("<sip:alice@192.0.2.2>") == true)
        let plain = try home.register("alice", on: try home.client(), contact: "<sip:alice@192.0.2.3>")
        #expect(!plain.has(.require) && !plain.has(.flowTimer))
    }

    @Test("RFC 3261 §8.2.2.3: a registrar that does not know what is required says 420 and which")
    func require() throws {
        let home = try home("alice")
        let id = try home.signedIn("alice")
        home.send(.register("alice", ["Require: teleport, outbound"]), on: id)
        let answer = try home.one(id)
        #expect(answer.status == 420 && answer.texts(.unsupported) == ["teleport"])
        home.send(.register("alice", ["Require: path, outbound"]), on: id)
        #expect(home.statuses(id) == [200])
    }

    @Test("A wrong password and an unknown user are answered alike")
    func strangers() throws {
        var answers: [[String]] = []
        for user in ["alice", "nobody"] {
            let home = try home("alice")
            let id = try home.client()
            let refused = try #require(
                try home.prove(.register(user), as: user, on: id, password: "wrong").last)
            #expect(refused.status == 401)
            let challenge = try #require(refused.challenges(in: .wwwAuthenticate).first)
            answers.append([
                "\(challenge.algorithm.map(\.text) ?? "")", "\(challenge.stale)", refused.reasonPhrase.text,
            ])
            #expect(home.server.shared.location.everything.isEmpty)
        }
        #expect(answers.first == answers.last)
    }

    @Test("Guessing passwords is held back with 503, also with the right one, and time ends that")
    func guessing() throws {
        let home = try home("alice")
        let id = try home.client()
        for _ in 0..<5 { try home.prove(.register("alice"), as: "alice", on: id, password: "wrong") }
        home.send(.register("alice"), on: id)
        let answer = try home.one(id)
        #expect(answer.status == 503 && answer.retryAfter != nil)
        home.pass(.seconds(3))
        #expect(try home.register("alice", on: id).status == 200)
    }

    @Test("RFC 7616 §3.4: an answer that was used before, or comes from another flow, is worth nothing")
    func replay() throws {
        let home = try home("alice")
        let (first, second) = (try home.client(), try home.client())
        home.send(.register("alice"), on: first)
        let challenge = try home.one(first)
        let right = try Draft.register("alice", expires: 0).answering(challenge, as: "alice")
        home.send(right, on: second)
        #expect(try home.one(second).challenges(in: .wwwAuthenticate).first?.stale == true)
        home.send(right, on: first)
        #expect(home.statuses(first) == [200])
        home.send(right.with { ($0.cSeq, $0.branch) = (9, "z9hG4bKagain") }, on: first)
        #expect(home.statuses(first) == [401])
        home.send(try Draft.register("alice").answering(challenge, as: "alice", nc: 2), on: first)
        #expect(home.statuses(first) == [200])
    }

    @Test("RFC 7616 §3.3: a nonce that is too old is answered with stale=true")
    func stale() throws {
        let home = try home("alice", "bob")
        let id = try home.signedIn("bob")
        home.send(.register("alice"), on: id)
        let challenge = try home.one(id)
        home.pass(.seconds(301))
        home.send(try Draft.register("alice").answering(challenge, as: "alice"), on: id)
        #expect(try home.one(id).challenges(in: .wwwAuthenticate).first?.stale == true)
    }

    @Test("Nobody registers another's address, another domain, or over a link that is no client's")
    func foreign() throws {
        let home = try home("alice", "bob")
        let id = try home.signedIn("alice")
        home.send(.register("bob"), on: id)
        let challenge = try home.one(id)
        #expect(challenge.status == 401)
        home.send(try Draft.register("bob").answering(challenge, as: "alice"), on: id)
        #expect(home.statuses(id) == [401])
        home.send(.register("alice").with { $0.to = "sip:alice@fabrikam.example" }, on: id)
        #expect(home.statuses(id) == [404])
        let server = try home.peer("dir1")
        home.send(.register("alice"), on: server)
        #expect(home.statuses(server) == [403])
    }

    @Test("E704: a client that proves nobody is closed after 30 s; keep-alives change nothing, a proof does")
    func unproven() throws {
        let home = try home("alice")
        let (idle, proven) = (try home.client(), try home.signedIn("alice"))
        home.send(.register("alice"), on: idle)
        #expect(home.statuses(idle) == [401])
        home.pass(.seconds(20))
        home.send([13, 10, 13, 10], on: idle)
        #expect(home.stray[idle] == [13, 10])
        home.pass(.seconds(9))
        #expect(home.closed.isEmpty)
        home.pass(.seconds(2))
        #expect(home.closed == [idle: .limit(.e704)])
        #expect(home.closed[proven] == nil)
    }
}
