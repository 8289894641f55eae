internal import SIP

/// A request before it has a branch: it can be sent again under another one, with credentials.
struct OutgoingRequest: Sendable {
    var method: Method
    /// The Request-URI.
    var uri: String
    /// The From value with its tag.
    var from: String
    /// The To value, with a tag inside a dialog.
    var to: String
    var callID: String
    var cSeq: UInt32
    /// The values of the Route lines, topmost first.
    var routes: [String]
    /// Further lines.
    var lines: [(name: HeaderName, value: String)] = []
    /// The answer to a challenge.
    var credentials: [(name: HeaderName, value: String)] = []
    var contentType = ""
    var body: [UInt8] = []

    /// The octets under this branch.
    func bytes(branch: String, sentBy: String) -> [UInt8] {
        var writer = RequestWriter(method: method.text, uri: uri)
        writer.add(.via, "SIP/2.0/TLS \(sentBy);branch=\(branch)")
        for route in routes { writer.add(.route, route) }
        // RFC 3261 §8.1.1.6.
        writer.add(.maxForwards, "70")
        writer.add(.from, from)
        writer.add(.to, to)
        writer.add(.callID, callID)
        writer.add(.cSeq, "\(cSeq) \(method.text)")
        for line in lines + credentials { writer.add(line.name, line.value) }
        if !body.isEmpty { writer.setBody(type: contentType, body) }
        return writer.bytes()
    }

    /// RFC 3261 §9.1: the CANCEL has Request-URI, Call-ID, To, From, Route and CSeq number of its INVITE, and its branch.
    var cancellation: OutgoingRequest {
        OutgoingRequest(method: .cancel, uri: uri, from: from, to: to, callID: callID, cSeq: cSeq, routes: routes)
    }

    /// RFC 3261 §17.1.1.3: the ACK to a final response other than 2xx has the To of that response, and the INVITE's branch.
    func acknowledgement(to: String) -> OutgoingRequest {
        OutgoingRequest(method: .ack, uri: uri, from: from, to: to, callID: callID, cSeq: cSeq, routes: routes)
    }
}
