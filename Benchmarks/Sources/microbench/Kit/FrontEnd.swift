import Basis
import SIP
import Server
import Trust

/// A telephone's connection.
struct Telephone {
    let id: ConnectionID
    let user: String
    let port: Int
    var framer = StreamFramer()
}

/// A front end as its shard runs it: octets through the framer, each message a turn, outputs kept until they were read.
struct FrontEnd {
    /// Virtual time that each turn takes: so much that nobody asks for more than his allowance.
    private static let turn = Interval.milliseconds(10)

    private var server: Server
    private var outputs = Outputs(tellsEachMessage: false)
    private var framed: [Framed] = []
    private var now = Instant.zero + .seconds(1_000)
    private var wall = Network.start
    private var deadline: Instant?
    private var nextSlot: UInt32 = 0

    /// A server whose users have the password `password`.
    init(users: [String]) throws {
        let network = try Network()
        let records = users.map { user in
            UserRecord(
                aor: "\(user)@contoso.example", homePool: "fe.contoso.example",
                verifiers: UserVerifiers(
                    user: user, realm: "contoso.example", password: "password", algorithms: [.sha256]))
        }
        server = Server(
            shard: ShardID(0), shards: 1, shared: SharedState(key: [UInt8](repeating: 5, count: 32)),
            trust: TrustUpdate(context: network.context, directory: UserDirectory(records: records)),
            chance: Chance(seed: [2]))
    }

    /// What the turns since the last `forget` asked for.
    var items: [Output] { outputs.items }

    /// The octets of one `Output.send`.
    func octets(_ range: ByteRange) -> ArraySlice<UInt8> { outputs.bytes[Int(range.start)..<Int(range.end)] }

    /// Empties the outputs.
    mutating func forget() { outputs.removeAll() }

    /// Hands octets in as the socket of `telephone` does.
    mutating func receive(_ octets: [UInt8], from telephone: inout Telephone) {
        telephone.framer.receive(octets, into: &framed)
        for item in framed { handle(.received(telephone.id, item)) }
        framed.removeAll(keepingCapacity: true)
    }

    /// One turn.
    mutating func handle(_ input: Input) {
        now = now + Self.turn
        wall = wall + Self.turn
        server.handle(input, at: now, wall: wall, into: &outputs)
        server.advance(to: now, wall: wall, into: &outputs)
        deadline = server.nextDeadline
    }

    /// A telephone on which `user` has registered.
    mutating func telephone(of user: String, port: Int) throws -> Telephone {
        var telephone = Telephone(
            id: ConnectionID(shard: ShardID(0), slot: nextSlot, generation: 1), user: user, port: port)
        nextSlot += 1
        handle(.established(telephone.id, try Network.telephoneLink(port: port)))
        forget()
        receive(Requests.register(user, port: port, cSeq: 1), from: &telephone)
        guard let asked = try answer().challenges(in: .wwwAuthenticate).first,
            let credentials = Digest.authorization(
                answering: asked, username: user, password: "password", method: "REGISTER",
                uri: "sip:contoso.example", cnonce: Array("c0ffee".utf8), nc: 1)
        else { throw BenchmarkFailure("no challenge came") }
        let line = "Authorization: " + credentials[...].text
        receive(Requests.register(user, port: port, cSeq: 2, lines: [line]), from: &telephone)
        try commit()
        guard try answer().status == 200 else { throw BenchmarkFailure("\(user) could not register") }
        return telephone
    }

    /// Stores what was asked to be stored, and says so.
    mutating func commit() throws {
        for item in outputs.items {
            if case .append(let record) = item { return handle(.committed(upTo: record.ticket)) }
        }
        throw BenchmarkFailure("nothing was to be stored")
    }

    /// The last message that was written, read; nothing is left afterwards.
    private mutating func answer() throws -> SIPMessage {
        defer { forget() }
        for case .send(_, let range) in outputs.items.reversed() { return try SIPMessage.parse(Array(octets(range))) }
        throw BenchmarkFailure("no answer was written")
    }
}
