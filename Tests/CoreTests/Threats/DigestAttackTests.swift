import Basis
import SIP
import Testing
import Trust

@testable import Server

/// T29 and the nonces of T30: what somebody can try who does not know a password.
@Suite("Threats T29 and T30: digest downgrade, guessing, replay")
struct DigestAttackTests {
    private let world: DecisionWorld

    init() throws { world = try .withPartnerAndPorts() }

    private func home(_ users: String...) throws -> TestServer { try TestServer("fe1", in: world, users: users) }

    /// `alice` is asked for SHA-256 although the password was also kept for MD5; `old` was made with MD5 alone; `ended` is
    /// disabled.
    private func mixed() throws -> TestServer {
        let home = try home("alice", "bob")
        func record(_ user: String, _ algorithm: Trust.DigestAlgorithm, kept: Set<Trust.DigestAlgorithm>) -> UserRecord
        {
            let verifiers = UserVerifiers(
                user: user, realm: "contoso.example", password: TestServer.password(user), algorithms: kept)
            return UserRecord(
                aor: "\(user)@contoso.example", homePool: "fe.contoso.example", verifiers: verifiers,
                algorithm: algorithm)
        }
        var ended = TestServer.record("ended")
        ended.state = .disabled
        let records = [
            record("alice", .sha256, kept: [.sha256, .md5]), TestServer.record("bob"), ended,
            record("old", .md5, kept: [.md5]),
        ]
        home.handle(
            .trustChanged(
                TrustUpdate(context: try world.context("fe1"), directory: UserDirectory(records: records))))
        return home
    }

    /// The answer to a challenge, with one thing changed in its text.
    private func answer(
        _ challenge: SIPMessage, _ user: String, nc: UInt32 = 1, _ change: (String) -> String = { $0 }
    ) throws -> Draft {
        try Draft.register(user).answering(challenge, as: user, nc: nc).with { draft in
            let last = draft.lines.count - 1
            draft.lines[last] = change(draft.lines[last])
        }
    }

    /// The same challenge as it would be for another algorithm.
    private func answer(_ challenge: SIPMessage, _ user: String, by algorithm: SIP.DigestAlgorithm) throws -> Draft {
        let asked = try #require(challenge.challenges(in: .wwwAuthenticate).first)
        let other = DigestChallenge(
            realm: asked.realm.text, nonce: Array(asked.nonce), algorithm: algorithm, stale: false, opaque: nil)
        let credentials = try #require(
            Digest.authorization(
                answering: other, username: user, password: TestServer.password(user), method: "REGISTER",
                uri: "sip:contoso.example", cnonce: Array("c0ffee".utf8), nc: 1))
        return Draft.register(user).with { $0.lines.append("Authorization: " + credentials[...].text) }
    }

    @Test(
        "T29: one challenge in the account's algorithm, and an answer in the other one is 401, with the right password too",
        arguments: [("alice", SIP.DigestAlgorithm.sha256), ("old", .md5)])
    func downgrade(user: String, algorithm: SIP.DigestAlgorithm) throws {
        let home = try mixed()
        let id = try home.client()
        func challenge() throws -> SIPMessage {
            home.send(.register(user), on: id)
            let message = try home.one(id)
            let asked = message.challenges(in: .wwwAuthenticate)
            #expect(asked.map(\.algorithm) == [algorithm] && asked.allSatisfy(\.offersAuth))
            return message
        }
        let other: SIP.DigestAlgorithm = algorithm == .md5 ? .sha256 : .md5
        home.send(try answer(try challenge(), user, by: other), on: id)
        #expect(home.statuses(id) == [401])
        // The right digest under the other's name, under none, and under one that nobody speaks.
        for name in [", algorithm=\(other.text)", algorithm == .md5 ? nil : "", ", algorithm=SHA-512-256"] {
            guard let name else { continue }
            let changed = try answer(try challenge(), user) {
                $0.replacing(", algorithm=\(algorithm.text)", with: name)
            }
            home.send(changed, on: id)
            #expect(home.statuses(id) == [401], "\(name)")
        }
        home.pass(.seconds(400))
        let fresh = try home.client()
        #expect(try home.register(user, on: fresh).status == 200)
    }

    @Test("T29: without qop, with auth-int, without nc or cnonce there is no proof, and the nonce is not taken as used")
    func incomplete() throws {
        let home = try home("alice")
        let id = try home.client()
        home.send(.register("alice"), on: id)
        let challenge = try home.one(id)
        let wrong: [(String) -> String] = [
            { $0.replacing("qop=auth", with: "qop=auth-int") }, { $0.replacing(", qop=auth", with: "") },
            { $0.replacing(", cnonce=\"c0ffee\"", with: "") },
            { $0.replacing("username=\"alice\"", with: "username=\"\"") },
        ]
        for (number, change) in wrong.enumerated() {
            home.send(try answer(challenge, "alice", nc: UInt32(number + 1), change), on: id)
            #expect(home.statuses(id) == [401], "\(number)")
        }
        home.send(try answer(challenge, "alice", nc: 9), on: id)
        #expect(home.statuses(id) == [200])
    }

    /// What a response says but for tags and nonces, which are made for each anew; also its length: the names are of five letters.
    private func shape(_ message: SIPMessage) -> String {
        let names = (0..<message.lineCount).map { message.line($0).nameBytes.text }
        let asked = (message.challenges(in: .wwwAuthenticate) + message.challenges(in: .proxyAuthenticate)).map {
            "\($0.realm.text) \($0.algorithm?.text ?? "") \($0.stale) \($0.offersAuth) \($0.nonce.count)"
        }
        let length = message.byteCount - (message.topVia?.branch?.count ?? 0) - (message.callID?.count ?? 0)
        return "\(message.status) \(message.reasonPhrase.text) \(names) \(asked) \(length)"
    }

    @Test("T29: of 1,000 names, what is answered tells the account from nobody at no step: REGISTER, MESSAGE, guesses")
    func enumeration() throws {
        let home = try mixed()
        var shapes: Set<String> = []
        for (number, name) in (["alice", "ended"] + (0..<1_000).map { "n\($0 + 1_000)" }).enumerated() {
            let id = try home.client(from: "203.0.\(number % 100 + 100).1:4000")
            var seen: [String] = []
            for draft in [Draft.register(name), .message(name, to: "bob"), .invite(name, to: "nobody-else")] {
                home.send(draft, on: id)
                let challenge = try home.one(id)
                seen.append(shape(challenge))
                home.send(try draft.answering(challenge, as: name, password: "wrong"), on: id)
                seen.append(shape(try home.one(id)))
            }
            shapes.insert(seen.joined(separator: "\n\n"))
            home.drop(id)
            home.pass(.seconds(1))
        }
        #expect(shapes.count == 1, "\(shapes.prefix(2).joined(separator: "\n---\n"))")
        // The control: the right password makes a difference.
        let id = try home.client()
        #expect(try home.register("alice", on: id).status == 200)
    }

    @Test("T29: five guesses, then a pause that doubles up to 300 s; the unknown and the disabled wait as the known do")
    func guesses() throws {
        var waits: [[Int]] = []
        for name in ["alice", "ended", "nobody"] {
            let home = try mixed()
            var seen: [Int] = []
            for _ in 0..<16 {
                let id = try home.client(from: "203.0.113.9:4000")
                home.send(.register(name), on: id)
                let first = try home.one(id)
                if first.status == 503 {
                    let pause = try #require(first.retryAfter)
                    seen.append(Int(pause))
                    home.drop(id)
                    home.pass(.seconds(UInt64(pause) + 1))
                    continue
                }
                home.send(try Draft.register(name).answering(first, as: name, password: "wrong"), on: id)
                #expect(home.statuses(id) == [401])
                home.drop(id)
            }
            #expect(seen == seen.sorted() && seen.count >= 5 && seen.allSatisfy { $0 <= 301 }, "\(seen)")
            waits.append(seen)
        }
        #expect(waits[0] == waits[1] && waits[1] == waits[2], "\(waits)")
    }

    /// One wrong guess over the edge, on a connection of its own. Returns the first answer's status.
    private func guess(_ user: String, from address: String, through pair: EdgePair, _ via: String = "") throws -> Int {
        let id = pair.edge.connect(.outside([]).with { $0.remoteAddress = NetworkAddress(address) })
        func ask(_ draft: Draft) throws -> SIPMessage {
            let text = String(decoding: draft.bytes, as: UTF8.self)
            pair.edge.send(Array(text.replacing(";branch=", with: via + ";branch=", maxReplacements: 1).utf8), on: id)
            try pair.exchange()
            // RFC 3263 §4.3: after a 503 the edge tries the next front end, which is not there.
            while !pair.edge.dials.isEmpty { try pair.edge.failDial() }
            return try pair.edge.one(id)
        }
        let first = try ask(.register(user))
        if first.status == 401 {
            #expect(try ask(try Draft.register(user).answering(first, as: user, password: "wrong")).status == 401)
        }
        pair.edge.drop(id)
        return Int(first.status)
    }

    @Test(
        "T29: a guesser outside is held back where the edge saw him: no new connection, Via or address of his network helps"
    )
    func outside() throws {
        let pair = try EdgePair(world)
        for (place, others) in [
            ("203.0.113.9:1024", ["203.0.113.9:1", "203.0.113.9:65535"]),
            ("[2001:db8::9]:1024", ["[2001:db8::a]:1024", "[2001:db8::ffff:ffff:ffff:1]:1"]),
        ] {
            for _ in 0..<ServerLimits.failuresBeforeBackOff {
                #expect(try guess("alice", from: place, through: pair) == 401)
            }
            for other in [place] + others {
                #expect(try guess("alice", from: other, through: pair) >= 500, "\(other)")
                for lie in [";received=198.51.100.7", ";RECEIVED=198.51.100.7;rport=1", ";received=2001:db8:1::7"] {
                    #expect(try guess("alice", from: other, through: pair, lie) >= 500, "\(other) \(lie)")
                }
            }
        }
        // The controls: others outside guess on, in another network too, and the user signs in from elsewhere.
        #expect(try guess("alice", from: "203.0.113.10:1024", through: pair) == 401)
        #expect(try guess("alice", from: "[2001:db8:0:1::9]:1024", through: pair) == 401)
        #expect(try pair.register("alice", on: try pair.outsider()).status == 200)
        #expect(try guess("bob", from: "203.0.113.9:1024", through: pair) == 401)
    }

    @Test("RFC 3261 §18.2.1: what a sender writes into its own `received` is replaced by where it is")
    func liedReceived() throws {
        let home = try home("alice", "bob")
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        for (via, expected) in [
            ("192.0.2.7:40000;received=198.51.100.7;rport;x=\"a;b\"", "192.0.2.7:40000;rport;x=\"a;b\""),
            ("elsewhere.example;received=198.51.100.7;rport", "elsewhere.example;rport;received=192.0.2.7"),
            ("elsewhere.example", "elsewhere.example;received=192.0.2.7"), ("192.0.2.7:40000", "192.0.2.7:40000"),
        ] {
            let draft = Draft.message("alice", to: "bob")
            let text = String(decoding: draft.bytes, as: UTF8.self)
            home.send(
                Array(
                    text.replacing("192.0.2.7:40000;branch=\(draft.branch)", with: via + ";branch=\(draft.branch)").utf8
                ), on: alice)
            let seen = try #require(try home.one(bob).texts(.via).last)
            #expect(seen.replacing(";branch=\(draft.branch)", with: "") == "SIP/2.0/TLS " + expected)
        }
    }

    @Test("T30: a nonce is for one flow, one life of 300 s and each count once, in rising order")
    func counts() throws {
        let home = try home("alice", "bob")
        let (id, other) = (try home.signedIn("bob"), try home.client())
        func register(_ challenge: SIPMessage, nc: UInt32, on id: ConnectionID) throws -> Int {
            // Signing out ends the proof, so that each REGISTER is asked for credentials.
            let draft = try Draft.register("alice", expires: 0).answering(challenge, as: "alice", nc: nc)
            home.send(draft, on: id)
            let answer = try home.one(id)
            if answer.status == 401 {
                #expect(answer.challenges(in: .wwwAuthenticate).first?.stale == true, "the password was not the fault")
            }
            return Int(answer.status)
        }
        home.send(.register("alice", expires: 0), on: id)
        let challenge = try home.one(id)
        #expect(try register(challenge, nc: 7, on: other) == 401, "another flow's")
        #expect(try register(challenge, nc: 7, on: id) == 200)
        for nc in [7, 6, 1, 0] as [UInt32] { #expect(try register(challenge, nc: nc, on: id) == 401, "\(nc)") }
        #expect(try register(challenge, nc: 8, on: id) == 200)
        #expect(try register(challenge, nc: .max, on: id) == 200)
        #expect(try register(challenge, nc: .max, on: id) == 401)
        home.send(.register("alice", expires: 0), on: id)
        let second = try home.one(id)
        home.pass(.seconds(300))
        #expect(try register(second, nc: 1, on: id) == 200)
        home.pass(.seconds(1))
        #expect(try register(second, nc: 2, on: id) == 401, "too old")
    }

    @Test("T30: a recorded answer is worth nothing for another method, target, user or server, nor under another nonce")
    func recorded() throws {
        let (home, twin) = (try home("alice", "bob"), try TestServer("fe2", in: world, users: ["alice", "bob"]))
        let (id, there) = (try home.signedIn("bob"), try twin.signedIn("bob"))
        home.send(.register("alice"), on: id)
        let challenge = try home.one(id)
        let right = try Draft.register("alice").answering(challenge, as: "alice")
        let proof = try #require(right.lines.last)
        let proxied = proof.replacing("Authorization:", with: "Proxy-Authorization:")
        home.send(.message("alice", to: "bob", [proof]), on: id)
        home.send(.message("alice", to: "bob", [proxied]), on: id)
        home.send(
            right.with { ($0.to, $0.branch) = ("sip:bob.alias@contoso.example", "z9hG4bKrec1") }, on: try home.client())
        #expect(home.statuses(id) == [407, 400])
        twin.send(right, on: there)
        #expect(twin.statuses(there) == [401])
        // A nonce of our own making: nobody else's is taken, and no bit of ours may change.
        let nonce = try #require(proof.firstRange(of: "nonce=\"")).upperBound
        for (number, character) in ["B", "C"].enumerated() {
            var text = proof
            text.insert(contentsOf: character, at: nonce)
            home.send(right.with { ($0.lines[$0.lines.count - 1], $0.branch) = (text, "z9hG4bKrec2\(number)") }, on: id)
            #expect(try home.one(id).challenges(in: .wwwAuthenticate).first?.stale == true)
        }
        let again = try Draft.register("alice").answering(challenge, as: "alice", nc: 2)
        home.send(again, on: id)
        #expect(home.statuses(id) == [200])
    }

    @Test("T30: a nonce book that is full makes people answer once more, and takes no recorded answer")
    func fullBook() throws {
        let sealer = TokenSealer(key: [UInt8](repeating: 2, count: 32))
        let book = NonceBook(sealer: sealer)
        let flow = Flow.direct(ConnectionID(shard: ShardID(0), slot: 1, generation: 1))
        let now = Instant.zero + .seconds(1_000)
        // All in one stripe, so that it is full soon.
        func nonce(_ number: UInt64, at moment: Instant) -> ArraySlice<UInt8> {
            var content = moment.nanoseconds.bigEndianBytes + (number * 1_024).bigEndianBytes
            sealer.seal(&content, bound: [flow.bytes[...]], as: .nonce)
            return Base64URL.encode(content)[...]
        }
        let (first, waiting) = (nonce(1, at: now), nonce(2, at: now))
        #expect(book.judge(first, count: 1, on: flow, at: now) == .fresh)
        for number in 0..<UInt64(NonceBook.noncesPerStripeMax) {
            #expect(book.judge(nonce(number + 10, at: now), count: 1, on: flow, at: now) == .fresh || number > 0)
        }
        let later = now + .seconds(1)
        #expect(book.judge(first, count: 1, on: flow, at: later) == .stale)
        #expect(book.judge(waiting, count: 1, on: flow, at: later) == .stale)
        let fresh = nonce(3, at: later)
        #expect(book.judge(fresh, count: 1, on: flow, at: later) == .fresh)
        #expect(book.judge(fresh, count: 1, on: flow, at: later) == .replayed)
    }
}
