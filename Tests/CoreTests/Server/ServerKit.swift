import Basis
import SIP
import Server
import Synchronization
import Testing
import Trust

/// One server of Contoso, fed by hand: inputs in, outputs performed at once, in virtual time. Its links are admitted by
/// `decide` with certificates of the test CA.
final class TestServer {
    let world: DecisionWorld
    let host: String
    var server: Server
    var now = Instant.zero + .seconds(1_000)
    var wall = DecisionWorld.start
    /// Whether a journal record is stored as soon as it was asked for.
    var commitsAtOnce = true
    /// What was written to a connection and not read by the test yet.
    private(set) var inbox: [ConnectionID: [SIPMessage]] = [:]
    /// Octets that are no message: keep-alives.
    private(set) var stray: [ConnectionID: [UInt8]] = [:]
    /// The octets of everything that was ever written to a connection.
    private(set) var octets: [ConnectionID: [UInt8]] = [:]
    private(set) var closed: [ConnectionID: CloseCause] = [:]
    private(set) var dials: [DialRequest] = []
    private(set) var records: [JournalRecord] = []
    private(set) var proven: Set<ConnectionID> = []
    /// The connections that were held, with the last interval.
    private(set) var held: [ConnectionID: Interval] = [:]
    private(set) var events: [ServerEvent] = []
    var mails: [(shard: ShardID, mail: Mail)] = []
    private var outputs = Outputs()
    private var nextSlot: UInt32 = 0
    private let shard: ShardID

    init(
        _ host: String, in world: DecisionWorld, users: [String] = [], shard: UInt8 = 0, shards: Int = 1,
        shared: SharedState? = nil
    ) throws {
        self.world = world
        self.host = host
        self.shard = ShardID(shard)
        let trust = TrustUpdate(
            context: try world.context(host), directory: UserDirectory(records: users.map(TestServer.record)))
        server = Server(
            shard: self.shard, shards: shards,
            // Every process has a key of its own: what one sealed, another cannot open.
            shared: shared ?? SharedState(key: Array(host.utf8) + [UInt8](repeating: 5, count: 32)),
            trust: trust, chance: Chance(seed: [UInt8](repeating: shard, count: 32)))
    }

    static func password(_ user: String) -> String { "secret of \(user)" }

    static func record(_ user: String) -> UserRecord {
        UserRecord(
            aor: "\(user)@contoso.example", homePool: "fe.contoso.example",
            verifiers: UserVerifiers(
                sha256: Digest.verifier(
                    algorithm: .sha256, username: user, realm: "contoso.example", password: password(user))),
            aliases: ["\(user).alias@contoso.example"])
    }

    // MARK: Links

    /// A connection with this evidence; whether it was admitted is for the caller to look at.
    func connect(_ evidence: LinkEvidence) -> ConnectionID {
        let id = ConnectionID(shard: shard, slot: nextSlot, generation: 1)
        nextSlot += 1
        handle(.established(id, evidence))
        return id
    }

    /// A client's connection.
    func client(from address: String = "192.0.2.7:40000") throws -> ConnectionID {
        let id = connect(.inside([]).with { $0.remoteAddress = NetworkAddress(address) })
        try #require(closed[id] == nil)
        return id
    }

    /// A link that another server of ours opened.
    func peer(_ name: String) throws -> ConnectionID {
        let id = connect(.inside(try world.chain(of: name)))
        try #require(closed[id] == nil, "\(events)")
        return id
    }

    /// A link that Fabrikam's edge opened.
    func fabrikam() throws -> ConnectionID {
        let id = connect(.outside(try world.fabrikam.chain(DecisionWorld.fabrikamEdge)))
        try #require(closed[id] == nil, "\(events)")
        return id
    }

    /// Answers the oldest dial with a link to one of our servers, or to a partner when `name` is nil: Fabrikam, or who
    /// shows another certificate.
    func answerDial(as name: String?, by partner: CertificateRequest = DecisionWorld.fabrikamEdge) throws
        -> ConnectionID
    {
        let dial = try #require(dials.first)
        dials.removeFirst()
        let chain = try name.map { try world.chain(of: $0) } ?? world.fabrikam.chain(partner)
        let id = connect(.dialled(dial.dialled, chain))
        try #require(closed[id] == nil, "\(events)")
        return id
    }

    func failDial(why: String = "refused") throws {
        let dial = try #require(dials.first)
        dials.removeFirst()
        handle(.dialFailed(dial.dialled, why: why))
    }

    func drop(_ id: ConnectionID) { handle(.closed(id)) }

    // MARK: Time and trust

    func pass(_ interval: Interval) {
        let end = now + interval
        while let deadline = server.nextDeadline, deadline <= end {
            move(to: max(deadline, now))
            if let next = server.nextDeadline, next <= deadline { break }
        }
        move(to: end)
    }

    private func move(to moment: Instant) {
        wall = wall + (moment - now)
        now = moment
        server.advance(to: now, wall: wall, into: &outputs)
        perform()
    }

    func change(_ world: DecisionWorld, users: [String], ended: [String] = [], everybody: Bool = false) throws {
        let update = TrustUpdate(
            context: try world.context(host, now: wall),
            directory: UserDirectory(records: users.map(TestServer.record)), endedUsers: ended,
            endsEverybody: everybody)
        handle(.trustChanged(update))
    }

    // MARK: Messages

    func send(_ draft: Draft, on id: ConnectionID) { send(draft.bytes, on: id) }

    func send(_ bytes: [UInt8], on id: ConnectionID) {
        for framed in frames(bytes) { handle(.received(id, framed)) }
    }

    /// Tells the server that an input waited for so long.
    func observe(wait: Interval) {
        server.observe(wait: wait, at: now, into: &outputs)
        perform()
    }

    func handle(_ input: Input) {
        server.handle(input, at: now, wall: wall, into: &outputs)
        perform()
    }

    /// Everything that was written to a connection since the last look.
    func read(_ id: ConnectionID) -> [SIPMessage] {
        defer { inbox[id] = nil }
        return inbox[id] ?? []
    }

    /// The only message that was written to a connection since the last look.
    func one(_ id: ConnectionID, sourceLocation: SourceLocation = #_sourceLocation) throws -> SIPMessage {
        let messages = read(id)
        try #require(
            messages.count == 1, "\(messages.map { $0.head.prefix(60).text })", sourceLocation: sourceLocation)
        return try #require(messages.first)
    }

    /// The statuses that were written to a connection since the last look.
    func statuses(_ id: ConnectionID) -> [Int] { read(id).map { Int($0.status) } }

    /// Codes of refused requests so far.
    var refusals: [TrustCode] {
        events.compactMap { if case .requestRefused(_, let code, _) = $0 { code } else { nil } }
    }

    func commit() {
        guard let last = records.last else { return }
        handle(.committed(upTo: last.ticket))
    }

    private func perform() {
        var tickets: [UInt64] = []
        for output in outputs.items {
            switch output {
            case .admit: break
            case .proven(let id): proven.insert(id)
            case .hold(let id, let interval): held[id] = interval
            case .send(let id, let range):
                let bytes = Array(outputs.bytes[Int(range.start)..<Int(range.end)])
                octets[id, default: []] += bytes
                if let message = try? SIPMessage.parse(bytes) {
                    inbox[id, default: []].append(message)
                } else {
                    stray[id, default: []] += bytes
                }
            case .close(let id, let cause): closed[id] = cause
            case .dial(let request): dials.append(request)
            case .append(let record):
                records.append(record)
                tickets.append(record.ticket)
            case .post(let shard, let box): mails.append((shard, box.mail))
            case .event(let box): events.append(box.event)
            }
        }
        outputs.removeAll()
        if commitsAtOnce, let last = tickets.last { handle(.committed(upTo: last)) }
    }

    // MARK: Users

    /// Sends `draft`, answers the challenge as `user`, and returns what came after.
    @discardableResult
    func prove(_ draft: Draft, as user: String, on id: ConnectionID, password: String? = nil) throws -> [SIPMessage] {
        send(draft, on: id)
        let challenge = try #require(read(id).last)
        try #require(challenge.status == 401 || challenge.status == 407, "\(challenge.status)")
        send(try draft.answering(challenge, as: user, password: password), on: id)
        return read(id)
    }

    /// Registers `user` on `id`; returns the final response.
    @discardableResult
    func register(
        _ user: String, on id: ConnectionID, expires: Int? = 3_600, contact: String? = nil, _ lines: [String] = []
    ) throws -> SIPMessage {
        let answers = try prove(.register(user, expires: expires, contact: contact, lines), as: user, on: id)
        return try #require(answers.last)
    }

    /// A client's connection with a registered user on it.
    func signedIn(_ user: String) throws -> ConnectionID {
        let id = try client()
        #expect(try register(user, on: id).status == 200)
        return id
    }
}

/// A request as a client writes it.
struct Draft {
    private static let count = Atomic<Int>(0)

    var method: String
    var uri: String
    var from: String
    var to: String
    var fromTag = "f1"
    var toTag: String?
    var callID: String
    var cSeq = 1
    var maxForwards: Int? = 70
    var lines: [String] = []
    var body = ""
    var branch: String

    init(_ method: String, from: String, to: String, _ lines: [String] = [], body: String = "") {
        let number = Draft.count.add(1, ordering: .relaxed).newValue
        self.method = method
        self.from = "sip:" + from
        uri = "sip:" + to
        self.to = "sip:" + to
        self.lines = lines
        self.body = body
        callID = "call-\(number)@client.example"
        branch = "z9hG4bKt\(number)"
    }

    static func register(
        _ user: String, expires: Int? = 3_600, contact: String? = nil, _ lines: [String] = []
    ) -> Draft {
        var draft = Draft("REGISTER", from: "\(user)@contoso.example", to: "\(user)@contoso.example", lines)
        draft.uri = "sip:contoso.example"
        let address = contact ?? "<sip:\(user)@192.0.2.7:40000;transport=tls>"
        if !address.isEmpty { draft.lines.append("Contact: \(address)") }
        if let expires { draft.lines.append("Expires: \(expires)") }
        return draft
    }

    static func message(_ user: String, to other: String, _ lines: [String] = []) -> Draft {
        Draft(
            "MESSAGE", from: "\(user)@contoso.example", to: address(other), ["Content-Type: text/plain"] + lines,
            body: "hello")
    }

    static func invite(_ user: String, to other: String, _ lines: [String] = [], profile: String = "RTP/SAVP") -> Draft
    {
        Draft(
            "INVITE", from: "\(user)@contoso.example", to: address(other),
            ["Contact: <sip:\(user)@192.0.2.7:40000;transport=tls>", "Content-Type: application/sdp"] + lines,
            body: "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nt=0 0\r\nm=audio 40000 \(profile) 0\r\n")
    }

    private static func address(_ name: String) -> String { name.contains("@") ? name : name + "@contoso.example" }

    func with(_ change: (inout Draft) -> Void) -> Draft {
        var copy = self
        change(&copy)
        return copy
    }

    /// The next request of the same client: higher CSeq, another branch.
    var next: Draft {
        with {
            $0.cSeq += 1
            $0.branch += "n"
        }
    }

    func answering(_ challenge: SIPMessage, as user: String, password: String? = nil, nc: UInt32 = 1) throws -> Draft {
        let (field, answer): (HeaderName, String) =
            challenge.status == 401
            ? (.wwwAuthenticate, "Authorization") : (.proxyAuthenticate, "Proxy-Authorization")
        let asked = try #require(challenge.challenges(in: field).first)
        let credentials = try #require(
            Digest.authorization(
                answering: asked, username: user, password: password ?? TestServer.password(user), method: method,
                uri: uri, cnonce: Array("c0ffee".utf8), nc: nc))
        var draft = next
        draft.lines.append("\(answer): " + credentials[...].text)
        return draft
    }

    var bytes: [UInt8] {
        var text = "\(method) \(uri) SIP/2.0\r\nVia: SIP/2.0/TLS 192.0.2.7:40000;branch=\(branch)\r\n"
        if let maxForwards { text += "Max-Forwards: \(maxForwards)\r\n" }
        text += "From: <\(from)>;tag=\(fromTag)\r\nTo: <\(to)>\(toTag.map { ";tag=" + $0 } ?? "")\r\n"
        text += "Call-ID: \(callID)\r\nCSeq: \(cSeq) \(method)\r\n"
        for line in lines { text += line + "\r\n" }
        return Array((text + "Content-Length: \(body.utf8.count)\r\n\r\n" + body).utf8)
    }
}

extension SIPMessage {
    /// Every element of a field, as text.
    func texts(_ name: HeaderName) -> [String] { elements(of: name).map(\.text) }

    /// A response as the user agent that got this request would write it.
    func answered(_ status: Int, tag: String = "t1", _ lines: [String] = [], body: String = "") -> [UInt8] {
        var text = "SIP/2.0 \(status) Answer\r\n"
        for via in texts(.via) { text += "Via: \(via)\r\n" }
        for route in texts(.recordRoute) { text += "Record-Route: \(route)\r\n" }
        let to = value(of: .to)?.text ?? ""
        text +=
            "From: \(value(of: .from)?.text ?? "")\r\nTo: \(to)\(status > 100 && toTag == nil ? ";tag=\(tag)" : "")\r\n"
        text += "Call-ID: \(callID?.text ?? "")\r\nCSeq: \(value(of: .cSeq)?.text ?? "")\r\n"
        for line in lines { text += line + "\r\n" }
        return Array((text + "Content-Length: \(body.utf8.count)\r\n\r\n" + body).utf8)
    }
}

/// A dialog as one of its ends remembers it, for the requests that it sends inside.
struct TestDialog {
    var draft: Draft

    /// The caller's end: the INVITE that it sent and the 200 that it got.
    init(caller invite: Draft, _ answer: SIPMessage) throws {
        draft = invite
        draft.toTag = try #require(answer.toTag?.text)
        draft.uri = (answer.contacts?.first?.uriBytes.text) ?? invite.uri
        draft.lines = answer.texts(.recordRoute).reversed().map { "Route: \($0)" }
        draft.body = ""
    }

    /// The callee's end: the INVITE that it got.
    init(callee invite: SIPMessage, tag: String = "t1") throws {
        let (from, to) = (try #require(invite.from), try #require(invite.to))
        draft = Draft("BYE", from: "x@contoso.example", to: "y@contoso.example")
        draft.from = to.uriBytes.text
        draft.fromTag = tag
        draft.to = from.uriBytes.text
        draft.toTag = try #require(invite.fromTag?.text)
        draft.uri = (invite.contacts?.first?.uriBytes.text) ?? draft.to
        draft.callID = try #require(invite.callID?.text)
        draft.lines = invite.texts(.recordRoute).map { "Route: \($0)" }
    }

    func request(_ method: String, _ change: (inout Draft) -> Void = { _ in }) -> Draft {
        draft.next.with {
            $0.method = method
            $0.branch += method
            change(&$0)
        }
    }
}

extension ContactSet {
    var first: NameAddress? {
        switch self {
        case .wildcard: nil
        case .addresses(let addresses): addresses.first
        }
    }
}

extension DecisionWorld {
    /// Whether the front ends are edges as well: one host with all roles.
    var isCombined: Bool {
        get { topology.pool(named: "fe.contoso.example")?.roles.contains(.edge) == true }
        set {
            guard let index = topology.pools.firstIndex(where: { $0.name == "fe.contoso.example" }) else { return }
            topology.pools[index].roles = newValue ? [.authority, .frontEnd, .edge] : [.authority, .frontEnd]
        }
    }

    /// The application that the tables call the PBX, at an address, with this grant.
    mutating func grantPBX(users: [String], numbers: [String] = []) {
        guard let index = topology.applications.firstIndex(where: { $0.name == "pbx.contoso.example" }) else { return }
        topology.applications[index].address = NetworkAddress("127.0.1.9:5061")
        topology.applications[index].grant.users = users
        topology.applications[index].grant.numbers = numbers
    }
}
