import SIP
import Server

/// What of `FrontEnd.items` was written to whom.
extension FrontEnd {
    /// The octets of the output with this number, which must be a message to `telephone`.
    func message(_ number: Int, to telephone: Telephone) throws -> ArraySlice<UInt8> {
        guard number < items.count, case .send(telephone.id, let range) = items[number] else {
            throw BenchmarkFailure("number \(number) is no message to \(telephone.user): \(items)")
        }
        return octets(range)
    }

    /// The octets of the only output, which must be a message to `telephone`.
    func onlyMessage(to telephone: Telephone) throws -> ArraySlice<UInt8> {
        guard items.count == 1 else { throw BenchmarkFailure("not one message, but \(items)") }
        return try message(0, to: telephone)
    }
}

/// A call to a user with two telephones, both of them busy: it ends without a timer, so that the next one finds the server as
/// this one did.
struct ProxyInvite: Benchmark {
    static let name = "invite"
    static let summary =
        "an INVITE to two targets: octets in, 100 and two INVITEs out; 486 from both, their ACKs, 486 and ACK"
    static let iterations = 500
    private static let pool = 16

    /// The octets of one call.
    private struct Call {
        let invite: [UInt8]
        let acknowledgement: [UInt8]
        var first: Answers
        var second: Answers
    }

    private var frontEnd: FrontEnd
    private var alice: Telephone
    private var desk: Telephone
    private var mobile: Telephone
    private var calls: [Call] = []
    private var next = 0

    init() throws {
        frontEnd = try FrontEnd(users: ["alice", "bob"])
        alice = try frontEnd.telephone(of: "alice", port: 40_000)
        desk = try frontEnd.telephone(of: "bob", port: 40_100)
        mobile = try frontEnd.telephone(of: "bob", port: 40_200)
        for number in 0..<Self.pool {
            let invite = try Requests.invite(1_000 + number)
            frontEnd.receive(invite, from: &alice)
            calls.append(
                Call(
                    invite: invite, acknowledgement: Requests.acknowledgement(1_000 + number),
                    first: try Answers("486 Busy Here", to: frontEnd.message(1, to: desk)),
                    second: try Answers("486 Busy Here", to: frontEnd.message(2, to: mobile))))
            _ = try finish(number)
        }
    }

    mutating func step() throws -> Int {
        next = (next + 1) % Self.pool
        frontEnd.receive(calls[next].invite, from: &alice)
        return try finish(next)
    }

    /// What follows an INVITE that has come.
    private mutating func finish(_ number: Int) throws -> Int {
        guard frontEnd.items.count == 3 else {
            throw BenchmarkFailure("not 100 and two INVITEs, but \(frontEnd.items)")
        }
        let first = try calls[number].first.answer(to: frontEnd.message(1, to: desk))
        let second = try calls[number].second.answer(to: frontEnd.message(2, to: mobile))
        frontEnd.forget()
        frontEnd.receive(first, from: &desk)
        var sum = try frontEnd.onlyMessage(to: desk).count
        frontEnd.forget()
        frontEnd.receive(second, from: &mobile)
        sum += try frontEnd.message(0, to: mobile).count + frontEnd.message(1, to: alice).count
        frontEnd.forget()
        frontEnd.receive(calls[number].acknowledgement, from: &alice)
        guard frontEnd.items.isEmpty else { throw BenchmarkFailure("the ACK went on: \(frontEnd.items)") }
        return sum
    }
}

/// A text message from a proven user to one target.
struct ProxyMessage: Benchmark {
    static let name = "message"
    static let summary = "a MESSAGE of a proven user: octets in, forwarded to one target, its 200 in, and back"
    static let iterations = 1_000
    /// How many transactions differ.
    private static let pool = 16

    private var frontEnd: FrontEnd
    private var alice: Telephone
    private var bob: Telephone
    private let requests: [[UInt8]]
    private var answers: [Answers] = []
    private var next = 0

    init() throws {
        frontEnd = try FrontEnd(users: ["alice", "bob"])
        alice = try frontEnd.telephone(of: "alice", port: 40_000)
        bob = try frontEnd.telephone(of: "bob", port: 40_100)
        requests = (0..<Self.pool).map { Requests.message(1_000 + $0) }
        for request in requests {
            frontEnd.receive(request, from: &alice)
            let forwarded = try frontEnd.onlyMessage(to: bob)
            var answer = try Answers("200 OK", to: forwarded)
            let octets = try answer.answer(to: forwarded)
            frontEnd.forget()
            frontEnd.receive(octets, from: &bob)
            frontEnd.forget()
            answers.append(answer)
        }
    }

    mutating func step() throws -> Int {
        next = (next + 1) % Self.pool
        frontEnd.receive(requests[next], from: &alice)
        let forwarded = try frontEnd.onlyMessage(to: bob)
        let answer = try answers[next].answer(to: forwarded)
        let sent = forwarded.count
        frontEnd.forget()
        frontEnd.receive(answer, from: &bob)
        let received = try frontEnd.onlyMessage(to: alice).count
        frontEnd.forget()
        return sent + received
    }
}

/// A registration that goes on.
struct RegisterRefresh: Benchmark {
    static let name = "register"
    static let summary = "a REGISTER that refreshes a binding of a proven flow: octets in, stored, 200 out"
    static let iterations = 1_000

    private var frontEnd: FrontEnd
    private var alice: Telephone
    private var request: [UInt8]
    /// Where the last digit of the CSeq number stands.
    private let digit: Int

    init() throws {
        frontEnd = try FrontEnd(users: ["alice"])
        alice = try frontEnd.telephone(of: "alice", port: 40_000)
        request = Requests.register("alice", port: 40_000, cSeq: 1_000_000)
        let field = Array("CSeq: 1000000".utf8)
        guard let start = request.firstRange(of: field)?.upperBound else { throw BenchmarkFailure("no CSeq") }
        digit = start - 1
    }

    mutating func step() throws -> Int {
        // RFC 3261 §10.3: only a higher CSeq number changes a binding of the same Call-ID.
        var place = digit
        while request[place] == UInt8(ascii: "9") {
            request[place] = UInt8(ascii: "0")
            place -= 1
        }
        request[place] += 1
        frontEnd.receive(request, from: &alice)
        try frontEnd.commit()
        let count = try frontEnd.message(1, to: alice).count
        frontEnd.forget()
        return count
    }
}
