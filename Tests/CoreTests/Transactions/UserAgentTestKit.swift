import Basis
import SIP
import UserAgent

/// A user agent with what it sent and reported, for tests. `now` is the time of each input.
struct UserAgentBench {
    var agent: UserAgent
    var now = Instant.zero + .seconds(1_000)
    /// What was sent and not yet taken.
    var sent: [SIPMessage] = []
    var pings = 0
    /// What was reported and not yet taken.
    var events: [UserAgentEvent] = []

    init(_ name: String, slot: UInt32 = 1, password: String = "secret", limits: UserAgentLimits = UserAgentLimits()) {
        let account = UserAgentAccount(
            addressOfRecord: "sip:\(name)@contoso.example", userName: name, password: password,
            instanceID: "urn:uuid:00000000-0000-1000-8000-00000000000\(slot)", sentBy: "\(name).invalid:5061")
        agent = UserAgent(
            account: account, connection: ConnectionID(shard: ShardID(0), slot: slot, generation: 1),
            chance: Chance(seed: Array(name.utf8)), limits: limits)
    }

    mutating func give(_ input: UserAgentInput) throws {
        var outputs: [UserAgentOutput] = []
        agent.handle(input, at: now, into: &outputs)
        for output in outputs {
            switch output {
            case .send(let bytes):
                if bytes == Array("\r\n\r\n".utf8) { pings += 1 } else { sent.append(try SIPMessage.parse(bytes)) }
            case .event(let event): events.append(event)
            }
        }
    }

    mutating func command(_ command: UserAgentCommand) throws { try give(.command(command)) }

    /// Moves time on by `interval`, stopping at each deadline on the way.
    mutating func pass(_ interval: Interval) throws {
        let end = now + interval
        var steps = 0
        while let deadline = agent.nextDeadline, deadline <= end, steps < 1_000 {
            now = max(now, deadline)
            try give(.timePassed)
            steps += 1
        }
        now = end
    }

    /// Takes the oldest message that was sent.
    mutating func takeSent() -> SIPMessage? { sent.isEmpty ? nil : sent.removeFirst() }

    /// Takes what was reported.
    mutating func takeEvents() -> [UserAgentEvent] {
        defer { events = [] }
        return events
    }

    /// Answers a request of this user agent.
    mutating func reply(
        to request: SIPMessage, _ status: UInt16, toTag: String = "far", lines: [(HeaderName, String)] = []
    ) throws {
        var writer = ResponseWriter(to: request, status: status)
        writer.toTag = Array(toTag.utf8)
        for (name, value) in lines { writer.add(name, value) }
        var bytes: [UInt8] = []
        writer.write(into: &bytes)
        try give(.received(try SIPMessage.parse(bytes)))
    }

    /// Hands in a request that is written out in `text` with bare line ends.
    mutating func receive(_ text: String) throws {
        try give(.received(try SIPMessage.parse(UserAgentBench.wire(text))))
    }

    /// Line ends as on the wire, with Content-Length in place of `LENGTH`.
    static func wire(_ text: String) -> [UInt8] {
        let parts = text.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
        let body = parts.count > 1 ? parts[1].replacing("\n", with: "\r\n") : ""
        let head = parts[0].replacing("LENGTH", with: String(body.utf8.count)).replacing("\n", with: "\r\n")
        return Array((head + "\r\n\r\n" + body).utf8)
    }
}

/// Two user agents that hear each other.
struct UserAgentPair {
    var alice = UserAgentBench("alice", slot: 1)
    var bob = UserAgentBench("bob", slot: 2)

    /// Carries messages until none is left.
    mutating func settle() throws {
        var steps = 0
        while steps < 1_000 {
            steps += 1
            if let message = alice.takeSent() {
                try bob.give(.received(message))
            } else if let message = bob.takeSent() {
                try alice.give(.received(message))
            } else {
                return
            }
        }
    }

    mutating func pass(_ interval: Interval) throws {
        try alice.pass(interval)
        try bob.pass(interval)
        try settle()
    }
}

/// A registrar that challenges once and checks what comes back.
struct TestRegistrar {
    let algorithm: DigestAlgorithm
    var nonce = "n1"
    var stale = false
    private(set) var nonceCounts: [UInt32] = []

    init(algorithm: DigestAlgorithm) {
        self.algorithm = algorithm
    }

    /// Answers one REGISTER of the user agent.
    mutating func serve(_ bench: inout UserAgentBench, lines: [(HeaderName, String)] = []) throws {
        guard let request = bench.takeSent() else { return }
        let challenge =
            "Digest realm=\"contoso.example\", nonce=\"\(nonce)\", algorithm=\(algorithm.text), qop=\"auth\""
            + (stale ? ", stale=true" : "")
        guard let credentials = request.credentials(in: .authorization).first, credentials.nonce.equals(nonce),
            Digest.verify(
                credentials,
                verifier: Digest.verifier(
                    algorithm: algorithm, username: "alice", realm: "contoso.example", password: "secret"),
                algorithm: algorithm, method: request.methodBytes)
        else { return try bench.reply(to: request, 401, lines: [(.wwwAuthenticate, challenge)]) }
        nonceCounts.append(credentials.nc ?? 0)
        let contact = request.value(of: .contact)?.text ?? ""
        let asked = request.expires ?? 0
        let bindings: [(HeaderName, String)] = asked == 0 ? [] : [(.contact, "\(contact);expires=600")]
        try bench.reply(to: request, 200, lines: bindings + lines)
    }
}
