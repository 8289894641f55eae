import SIP

/// Octets of a stream to a message.
struct ParseInvite: Benchmark {
    static let name = "parse"
    static let summary = "an INVITE of 601 octets, 13 header lines: from octets through the framer to a message"
    static let iterations = 2_000

    private let octets: [UInt8]
    private var framer = StreamFramer()
    private var framed: [Framed] = []

    init() throws {
        octets = try Requests.invite()
    }

    mutating func step() throws -> Int {
        framer.receive(octets, into: &framed)
        guard case .message(let message) = framed.first else { throw BenchmarkFailure("no message came out") }
        framed.removeAll(keepingCapacity: true)
        return message.lineCount
    }
}

/// What every element checks before it does anything.
struct ValidateInvite: Benchmark {
    static let name = "validate"
    static let summary = "RequestValidation.check of the same INVITE"
    static let iterations = 2_000

    private let message: SIPMessage

    init() throws {
        message = try SIPMessage.parse(Requests.invite())
    }

    mutating func step() throws -> Int {
        if let problem = RequestValidation.check(message) { throw BenchmarkFailure(problem.reason) }
        return 1
    }
}

/// The message that a proxy makes of one.
struct SerialiseForwarded: Benchmark {
    static let name = "serialise"
    static let summary = "the same INVITE written as a proxy forwards it: Request-URI, Via, Record-Route, identity"
    static let iterations = 2_000

    private static let claims: HeaderNameSet = [
        .pAssertedIdentity, .pPreferredIdentity, .remotePartyID, .identity, .historyInfo, .diversion,
    ]

    private let message: SIPMessage
    private let target = Array("sip:bob@192.0.2.9:40100;transport=tls".utf8)
    private let identity = Array("<sip:alice@contoso.example>".utf8)
    private let record = Array("<sip:Zm9vYmFyYmF6cXV4@192.0.2.1:5061;transport=tls;lr>".utf8)
    private let via = Array("SIP/2.0/TLS fe1.contoso.example;branch=z9hG4bK0123456789abcdef0123456789abcdef".utf8)
    private var output: [UInt8] = []

    init() throws {
        message = try SIPMessage.parse(Requests.invite())
    }

    mutating func step() throws -> Int {
        var edits = MessageEdits()
        edits.setRequestURI(target)
        edits.replace(.maxForwards, "69".utf8)
        edits.replace(.maxBreadth, "60".utf8)
        edits.remove(Self.claims)
        edits.append(.pAssertedIdentity, identity)
        edits.prepend(.recordRoute, record)
        edits.prepend(.via, via)
        output.removeAll(keepingCapacity: true)
        message.serialise(applying: edits, into: &output)
        return output.count
    }
}
