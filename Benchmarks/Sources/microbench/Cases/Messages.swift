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
    static let summary = "ValidRequest of the same INVITE"
    static let iterations = 2_000

    private let message: SIPMessage

    init() throws {
        message = try SIPMessage.parse(Requests.invite())
    }

    mutating func step() throws -> Int {
        do throws(RequestProblem) {
            return try ValidRequest(message).message.lineCount
        } catch {
            throw BenchmarkFailure(error.reason)
        }
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
    private let identity = Array("alice@contoso.example".utf8)
    private let record = Array("<sip:Zm9vYmFyYmF6cXV4@192.0.2.1:5061;transport=tls;lr>".utf8)
    private let host = Array("fe1.contoso.example".utf8)
    private let branch = Array("z9hG4bK0123456789abcdef0123456789abcdef".utf8)
    private var edits = MessageEdits()
    private var output: [UInt8] = []

    init() throws {
        message = try SIPMessage.parse(Requests.invite())
    }

    mutating func step() throws -> Int {
        edits.removeAll()
        edits.setRequestURI(target)
        edits.replace(.maxForwards, decimal: 69)
        edits.replace(.maxBreadth, decimal: 60)
        edits.remove(Self.claims)
        edits.append(.pAssertedIdentity) { value in
            value.append(text: "<sip:")
            value.append(contentsOf: identity)
            value.append(text: ">")
        }
        edits.prepend(.recordRoute, record)
        edits.prepend(.via) { value in
            value.append(text: "SIP/2.0/TLS ")
            value.append(contentsOf: host)
            value.append(text: ";branch=")
            value.append(contentsOf: branch)
        }
        output.removeAll(keepingCapacity: true)
        message.serialise(applying: edits, into: &output)
        return output.count
    }
}
