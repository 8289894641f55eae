import Basis
import SIP
import Transactions

/// A request to try things with.
let invite = Array(
    """
    INVITE sip:bob@fabrikam.example SIP/2.0\r
    Via: SIP/2.0/TLS phone.contoso.example;branch=z9hG4bKnashds8\r
    Max-Forwards: 70\r
    From: Alice <sip:alice@contoso.example>;tag=1928301774\r
    To: <sip:bob@fabrikam.example>\r
    Call-ID: a84b4c76e66710@phone.contoso.example\r
    CSeq: 314159 INVITE\r
    Contact: <sip:alice@phone.contoso.example>\r
    Content-Length: 0\r
    \r

    """.utf8)

/// Parses a message and prints what it says; false when something is wrong with it.
func show(_ octets: [UInt8], header: String) -> Bool {
    guard let message = parse(octets) else { return false }
    print("start line  \(message.startLine.text)")
    print("From        \(text(of: message.from))")
    print("To          \(text(of: message.to))")
    print("\(header)  \(message.value(named: header)?.text ?? "is not there")")
    return message.isRequest ? check(request: message) != nil : check(response: message)
}

/// The framing, start line and form of the header lines are checked here, the values when somebody asks for them.
private func parse(_ octets: [UInt8]) -> SIPMessage? {
    do {
        return try SIPMessage.parse(octets)
    } catch {
        print("not a SIP message: \(error) (\(error.answer))")
        return nil
    }
}

private func text(of address: NameAddress?) -> String {
    guard let address, let uri = address.uri else { return "absent or malformed" }
    return "\(uri), host \(uri.host.text), tag \(address.tag?.text ?? "none")"
}

/// What RFC 3261 wants of a request and its header fields before an element works with it.
private func check(request: SIPMessage) -> ValidRequest? {
    do throws(RequestProblem) {
        let valid = try ValidRequest(request)
        if let problem = valid.problem(for: .userAgentServer) { throw problem }
        return valid
    } catch {
        print("wrong: \(error.header?.text ?? "start line"), answer it with \(error.status) \(error.reason)")
        return nil
    }
}

private func check(response: SIPMessage) -> Bool {
    do throws(FieldProblem) {
        _ = try ValidResponse(response)
        return true
    } catch {
        print("wrong: \(error.header.text), drop it")
        return false
    }
}

/// Takes a request as a server does, sends responses to it and lets time pass; prints what comes out of each step.
func step(_ octets: [UInt8]) -> Bool {
    guard let request = parse(octets), request.isRequest, let valid = check(request: request) else { return false }
    // A real program takes the seed from the system. The table keeps no clock: each call says what time it is.
    var chance = Chance(seed: Array(repeating: 7, count: 32))
    var table = TransactionTable(shard: ShardID(0), chance: &chance)
    let link = ConnectionID(shard: ShardID(0), slot: 0, generation: 0)
    var now = Instant.zero

    let verdict = table.receive(valid, on: link, at: now)
    print("receive \(request.startLine.text): \(verdict)")
    guard case .new(let transaction) = verdict else { return false }
    print("receive it again: \(table.receive(valid, on: link, at: now))")
    for status: UInt16 in [100, 486, 200] {
        now = now + .milliseconds(20)
        print("respond \(status): \(table.respond(status, in: transaction, at: now))")
    }
    while let deadline = table.nextDeadline {
        now = deadline
        var events: [TransactionEvent] = []
        table.advance(to: now, into: &events)
        for event in events { print("advance to \((now - .zero).wholeMilliseconds) ms: \(event)") }
    }
    return true
}
