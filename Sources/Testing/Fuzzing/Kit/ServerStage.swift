import Basis
import SIP
import Server
import Trust

/// One server with its links, past the handshake: the harness is every client, server and partner around it, does as the shard
/// would, and looks at everything that comes out.
struct ServerStage {
    /// Who is at the other end of a link.
    enum Peer: Equatable {
        case client
        case server
        case partner
        /// A link that the server opened.
        case dialled
    }

    /// A link, its stream, and what has gone over it.
    struct Line {
        let id: ConnectionID
        let peer: Peer
        var framer: StreamFramer
        var isOpen = false
        /// Users that were proven on it at any time.
        var proven: Set<[UInt8]> = []
        /// Requests that came from the server, the latest last.
        var requests: [SIPMessage] = []
        /// Letters that went to it, the latest last, with what was answered last.
        var letters: [(letter: Letter, answer: SIPMessage?)] = []
        /// Requests that it read, and final answers that it wrote, by transaction.
        var read: [String: Int] = [:]
        var answered: [String: Int] = [:]
    }

    /// What is known about a request that carries a mark.
    private struct Mark {
        let line: Int
        let maxForwards: UInt32?
        let isInDialog: Bool
    }

    /// Outputs of one input: forks to ten contacts, each with its event, leave room.
    private static let itemsMax = 512
    /// Octets written for one input: ten times the largest message, and what is added.
    private static let octetsMax = 1 << 20
    private static let linesMax = 12
    private static let rememberedMax = 8
    /// Deadlines that may pass at one instant before the server counts as restless.
    private static let deadlinesMax = 4_096
    /// Timer C, and after it the longest timer of a transaction, twice.
    private static let rest = Interval.seconds(300)
    /// As long as nothing that the world signed has ended.
    private static let goodFor = Interval.seconds(6 * 3_600)
    static let markName = "X-Mark"

    let world: FuzzWorld
    let host: String
    private var server: Server
    private var outputs = Outputs()
    private(set) var now = Instant.zero + .seconds(1_000)
    private var wall = FuzzWorld.start
    private(set) var lines: [Line] = []
    private(set) var dials: [DialRequest] = []
    private var marks: [Mark] = []
    private var lastTicket: UInt64 = 0
    private var committed: UInt64 = 0
    private var epoch = 0
    /// Grows with each letter, so that its branch and Call-ID are its own.
    var letterCount = 0

    init(host: String) throws {
        world = try FuzzWorld.shared()
        self.host = host
        server = Server(
            shard: ShardID(0), shards: 1, shared: SharedState(key: [UInt8](repeating: 5, count: 32)),
            trust: world.update(0, of: host), chance: Chance(seed: [7]))
    }

    /// Whether another link can be opened.
    var hasRoom: Bool { lines.count < Self.linesMax }

    var isFrontEnd: Bool { host == FuzzWorld.frontEnd }

    // MARK: Links

    /// Opens a link from `peer`; the decision admits it, or this is a finding.
    mutating func open(_ peer: Peer, evidence: LinkEvidence, mustBeAdmitted: Bool) throws(Finding) {
        guard hasRoom else { return }
        let id = ConnectionID(shard: ShardID(0), slot: UInt32(lines.count), generation: 1)
        let keepAlive: StreamFramer.KeepAlive = peer == .dialled ? .sendsPings : .answersPings
        let limits: SIPLimits = peer == .client || peer == .partner ? .outside : .standard
        lines.append(Line(id: id, peer: peer, framer: StreamFramer(limits: limits, keepAlive: keepAlive)))
        try handle(.established(id, evidence))
        let isOpen = lines[lines.count - 1].isOpen
        let isCertain = mustBeAdmitted && epoch == 0 && wall < FuzzWorld.start + Self.goodFor
        try Finding.unless(isOpen || !isCertain, "a good \(peer) is refused")
    }

    mutating func takeDial() -> DialRequest? { dials.isEmpty ? nil : dials.removeFirst() }

    mutating func drop(_ index: Int) throws(Finding) {
        guard lines[index].isOpen else { return }
        lines[index].isOpen = false
        try handle(.closed(lines[index].id))
    }

    // MARK: Inputs

    /// Octets as they come from a socket.
    mutating func receive(_ octets: [UInt8], on index: Int) throws(Finding) {
        guard lines[index].isOpen else { return }
        var framed: [Framed] = []
        lines[index].framer.receive(octets, into: &framed)
        for item in framed {
            guard lines[index].isOpen else { return }
            switch item {
            case .message(let message): note(message, on: index)
            case .violation(_, let request): if let request { note(request, on: index) }
            case .keepAlivePing, .keepAlivePong: break
            }
            try handle(.received(lines[index].id, item))
        }
    }

    /// A letter under a mark, so that what becomes of it is known.
    mutating func send(_ letter: Letter, on index: Int) throws(Finding) {
        guard lines[index].isOpen else { return }
        var letter = letter
        let isRequest = !letter.startLine.starts(with: "SIP/".utf8)
        if isRequest {
            letter.lines.append((Array(Self.markName.utf8), Array("\(marks.count)".utf8)))
            let message = try? SIPMessage.parse(letter.bytes)
            marks.append(
                Mark(line: index, maxForwards: message?.maxForwards, isInDialog: message?.toTag != nil))
            lines[index].letters.append((letter, nil))
            if lines[index].letters.count > Self.rememberedMax { lines[index].letters.removeFirst() }
        }
        try receive(letter.bytes, on: index)
    }

    mutating func handle(_ input: Input) throws(Finding) {
        server.handle(input, at: now, wall: wall, into: &outputs)
        try perform()
    }

    /// Everything that was to be stored is stored, or could not be.
    mutating func commit(_ succeeds: Bool) throws(Finding) {
        guard committed < lastTicket else { return }
        let (first, last) = (committed + 1, lastTicket)
        committed = last
        try handle(succeeds ? .committed(upTo: last) : .commitFailed(first: first, last: last))
    }

    mutating func changeTrust() throws(Finding) {
        epoch = min(epoch + 1, world.epochs.count - 1)
        try handle(.trustChanged(world.update(epoch, of: host, at: wall)))
    }

    mutating func pass(_ interval: Interval) throws(Finding) {
        let end = now + interval
        var passed = 0
        while let deadline = server.nextDeadline, deadline <= end {
            try move(to: max(deadline, now))
            passed += 1
            try Finding.unless(passed < Self.deadlinesMax, "the deadlines come to no end, the next is \(deadline)")
        }
        try move(to: end)
    }

    private mutating func move(to moment: Instant) throws(Finding) {
        wall = wall + (moment - now)
        now = moment
        server.advance(to: now, wall: wall, into: &outputs)
        try perform()
    }

    /// When every link has gone and every timer has run, nothing is left.
    mutating func finish() throws(Finding) {
        try commit(true)
        for index in lines.indices { try drop(index) }
        while let dial = takeDial() { try handle(.dialFailed(dial.dialled, why: "the end")) }
        try pass(Self.rest)
        try commit(true)
        try Finding.unless(server.load == ServerLoad(), "at the end there is \(server.load)")
        let live = server.counters.live.values.reduce(0, +)
        try Finding.unless(live == 0, "at the end \(live) links count as live")
    }
}

// MARK: - Outputs

extension ServerStage {
    private mutating func perform() throws(Finding) {
        try Finding.unless(outputs.items.count <= Self.itemsMax, "\(outputs.items.count) outputs for one input")
        try Finding.unless(outputs.bytes.count <= Self.octetsMax, "\(outputs.bytes.count) octets for one input")
        let made = outputs
        outputs.removeAll()
        var closed: [Int] = []
        for item in made.items {
            switch item {
            case .admit(let id, _): if let index = line(id) { lines[index].isOpen = true }
            case .proven(let id): try Finding.unless(line(id) != nil, "\(id) is proven, and not there")
            case .hold(_, let interval):
                try Finding.unless(
                    interval <= ServerLimits.holdMax, "nothing is read for \(interval.wholeMilliseconds) ms")
            case .send(let id, let range):
                try sent(Array(made.bytes[Int(range.start)..<Int(range.end)]), on: id)
            case .close(let id, _): if let index = line(id), lines[index].isOpen { closed.append(index) }
            case .dial(let request): dials.append(request)
            case .append(let record):
                try Finding.unless(record.ticket > lastTicket, "ticket \(record.ticket) comes after \(lastTicket)")
                lastTicket = record.ticket
            case .post(let shard, _): throw Finding("something is for shard \(shard.number) of one")
            case .event(let box):
                if case .userProven(let aor, let id) = box.event, let index = line(id) {
                    lines[index].proven.insert(aor)
                }
            }
        }
        // As the transport does it: what was written leaves, then the connection is gone.
        for index in closed { try drop(index) }
    }

    private func line(_ id: ConnectionID) -> Int? {
        let index = Int(id.slot)
        return index < lines.count && lines[index].id == id ? index : nil
    }

    private func sentOrder(_ message: SIPMessage) -> String {
        "\(message.topVia?.branch?.text ?? "") \(message.cSeq?.methodBytes.text ?? "") \(message.callID?.text ?? "")"
    }

    private mutating func note(_ message: SIPMessage, on index: Int) {
        if message.isRequest { lines[index].read[sentOrder(message), default: 0] += 1 }
    }

    private mutating func sent(_ octets: [UInt8], on id: ConnectionID) throws(Finding) {
        guard let index = line(id), lines[index].isOpen else { throw Finding("\(id) is written to, and is not open") }
        if octets == [13, 10] { return }
        let message: SIPMessage
        do {
            message = try SIPMessage.parse(octets)
        } catch {
            throw Finding("what is sent breaks the grammar, \(error): \(octets[...].text)")
        }
        if message.isRequest {
            try checkForwarded(message, to: index)
            lines[index].requests.append(message)
            if lines[index].requests.count > Self.rememberedMax { lines[index].requests.removeFirst() }
        } else {
            try checkAnswer(message, to: index)
            for place in lines[index].letters.indices.reversed()
            where lines[index].letters[place].letter.value("CSeq") == message.value(of: .cSeq).map({ Array($0) }) {
                lines[index].letters[place].answer = message
                break
            }
        }
    }

    /// RFC 3261 §17.2: a request is answered once; only a 2xx to an INVITE may be one of several.
    private mutating func checkAnswer(_ answer: SIPMessage, to index: Int) throws(Finding) {
        guard answer.status >= 200 else { return }
        let isSuccessOfInvite = answer.status < 300 && answer.cSeq?.method == .invite
        let order = sentOrder(answer)
        let read = lines[index].read[order] ?? 0
        try Finding.unless(read > 0, "\(answer.status) answers nothing that was asked: \(order)")
        guard !isSuccessOfInvite else { return }
        lines[index].answered[order, default: 0] += 1
        let answered = lines[index].answered[order] ?? 0
        try Finding.unless(answered <= read, "\(read) requests have \(answered) final responses: \(order)")
    }

    private func checkForwarded(_ request: SIPMessage, to index: Int) throws(Finding) {
        if let problem = Verdicts.problem(of: request), problem.status != 483, problem.status != 420 {
            throw Finding(
                "a request that is refused, \(problem.status) \(problem.reason), is sent: \(request.head.text)")
        }
        let to = lines[index].peer
        // RFC 3325 §7: an identity that is to stay hidden leaves the network for nobody.
        let hides = request.hasPrivacy("id") && request.has(.pAssertedIdentity)
        try Finding.unless(
            !hides || to == .server || to == .dialled, "a hidden identity goes to a \(to): \(request.head.text)")
        // CANCEL and ACK are this server's own.
        guard request.count(named: Self.markName) == 1,
            let mark = request.value(named: Self.markName).flatMap({ Int($0.text) }), marks.indices.contains(mark)
        else { return }
        let origin = marks[mark]
        // RFC 3261 §16.6: one hop less.
        if let before = origin.maxForwards, let after = request.maxForwards {
            try Finding.unless(after < before, "Max-Forwards was \(before), is \(after)")
        }
        try checkIdentity(in: request, origin)
    }

    /// Nobody speaks for somebody else: what is asserted on the way out was proven on the way in.
    private func checkIdentity(in request: SIPMessage, _ origin: Mark) throws(Finding) {
        let asserted = request.assertedIdentities?.compactMap { $0.uri?.userAtHost } ?? []
        let from = request.from?.uri
        let (peer, proven) = (lines[origin.line].peer, lines[origin.line].proven)
        func isIn(_ domain: String, _ address: [UInt8]) -> Bool {
            address.drop { $0 != UInt8(ascii: "@") }.dropFirst().equalsIgnoringCase(domain)
        }
        switch peer {
        case .client:
            // An edge proves nobody and asserts nobody: it says over which flow a request came.
            let holds = isFrontEnd ? asserted.allSatisfy(proven.contains) : asserted.isEmpty
            try Finding.unless(holds, "a client is taken for another: \(request.head.text)")
            guard isFrontEnd, !origin.isInDialog, let from, !from.host.equalsIgnoringCase("anonymous.invalid") else {
                return
            }
            try Finding.unless(
                proven.contains(from.userAtHost), "a client writes as somebody else: \(request.head.text)")
        case .partner:
            guard !origin.isInDialog else { return }
            try Finding.unless(
                asserted.allSatisfy { isIn("fabrikam.example", $0) },
                "a partner speaks for others: \(request.head.text)")
        case .server:
            // What the edge passes on for a client was proven on that client's flow; for a partner it is the partner's.
            // A flow is the edge's, whichever of its links it came over.
            guard isFrontEnd else { return }
            let proven = lines.filter { $0.peer == .server }.reduce(into: Set<[UInt8]>()) { $0.formUnion($1.proven) }
            try Finding.unless(
                asserted.allSatisfy { proven.contains($0) || isIn("fabrikam.example", $0) },
                "somebody behind the edge is taken for another: \(request.head.text)")
        case .dialled:
            throw Finding("a request came on a link that was dialled, and is sent on")
        }
    }
}

extension SIPMessage {
    /// How many lines have this name, which is not one of `HeaderName`.
    func count(named name: String) -> Int { fieldLines.count { $0.nameBytes.equalsIgnoringCase(name) } }
}
