import Basis
import SIP
import Transactions
import Trust

/// Responses that this server makes itself.
extension Server {
    /// Answers a request in its transaction; an ACK is never answered.
    mutating func answer(
        _ job: Job, _ status: UInt16, _ reason: String, _ lines: HeaderLines = [], at moment: Moment,
        into outputs: inout Outputs
    ) {
        guard let transaction = job.transaction else { return }
        respond(
            status, reason, lines, to: job.request.message, in: transaction, on: job.connection, at: moment,
            into: &outputs)
    }

    /// Answers in a transaction, as long as that one still waits for an answer.
    mutating func respond(
        _ status: UInt16, _ reason: String, _ lines: HeaderLines = [], to request: SIPMessage,
        in transaction: ServerTransactionID, on id: ConnectionID, at moment: Moment, into outputs: inout Outputs
    ) {
        switch transactions.respond(status, in: transaction, at: moment.now) {
        case .send, .sendAndEnd: reply(status, reason, lines, to: request, on: id, into: &outputs)
        case .discard: break
        }
    }

    /// Writes a response without asking a transaction.
    mutating func reply(
        _ status: UInt16, _ reason: String, _ lines: HeaderLines = [], to request: SIPMessage, on id: ConnectionID,
        into outputs: inout Outputs
    ) {
        guard let link = links[id] else { return }
        var writer = ResponseWriter(to: request, status: status, reason: reason)
        if status > 100 { writer.toTag = chance.hexDigits() }
        // RFC 3261 §18.2.1: the address that the request came from, when it is not the one that the client believes in.
        writer.received = link.source
        writer.setLines(lines)
        let start = outputs.bytes.count
        writer.write(into: &outputs.bytes)
        outputs.items.append(.send(id, ByteRange(start, outputs.bytes.count)))
    }

    static func retryAfter(seconds: UInt64) -> HeaderLines {
        [(.retryAfter, Array(String(seconds).utf8))]
    }

    /// RFC 3261 §11.2: what OPTIONS to the domain tells, the same to everybody.
    static let capabilities: HeaderLines = [
        (.allow, Array("INVITE, ACK, CANCEL, BYE, REGISTER, OPTIONS, MESSAGE".utf8)),
        (.accept, Array("application/sdp, text/plain".utf8)),
        (.supported, Array(supportedOptions.joined(separator: ", ").utf8)),
    ]

    /// The option tags that this server understands where a request ends here.
    static let supportedOptions = ["path", "outbound"]

    /// RFC 3261 §8.2.2.3: what is required of the server where a request ends, and which it does not understand.
    static func refusalOfRequirements(_ request: ValidRequest) -> Routing? {
        request.problem(for: .userAgentServer, supportedOptions: supportedOptions)
            .map { .reply($0.status, $0.reason, $0.lines) }
    }
}

extension RequestProblem {
    /// The header lines that belong to the refusal: RFC 3261 §8.2.2.3 names what was not understood.
    var lines: HeaderLines {
        unsupported.isEmpty ? [] : [(.unsupported, Array(unsupported.joined(separator: [44, 32])))]
    }
}
