import SIP

/// Text with `\n` line ends as octets with CRLF.
func wire(_ text: String) -> [UInt8] {
    var result: [UInt8] = []
    for octet in text.utf8 {
        if octet == 10 { result.append(13) }
        result.append(octet)
    }
    return result
}

/// A plain INVITE with `lines` added and its Content-Length right.
func invite(_ lines: String = "", body: String = "") -> [UInt8] {
    let added = lines.isEmpty ? "" : lines + "\n"
    return wire(
        """
        INVITE sip:bob@biloxi.example SIP/2.0
        Via: SIP/2.0/TLS pc33.atlanta.example:5061;branch=z9hG4bK776asdhds
        Max-Forwards: 70
        To: Bob <sip:bob@biloxi.example>
        From: Alice <sip:alice@atlanta.example>;tag=1928301774
        Call-ID: a84b4c76e66710@pc33.atlanta.example
        CSeq: 314159 INVITE
        Contact: <sip:alice@pc33.atlanta.example;transport=tls>
        \(added)Content-Length: \(body.utf8.count)


        """) + Array(body.utf8)
}

/// What a framer makes of `bytes` when they come in pieces of `size`.
func frames(_ bytes: [UInt8], piece size: Int = .max, limits: SIPLimits = .standard) -> [Framed] {
    var framer = StreamFramer(limits: limits)
    var result: [Framed] = []
    var offset = 0
    while offset < bytes.count {
        let end = size > bytes.count - offset ? bytes.count : offset + size
        framer.receive(Array(bytes[offset..<end]), into: &result)
        offset = end
    }
    return result
}

/// A short text of a result, for comparing.
func summary(_ framed: [Framed]) -> [String] {
    framed.map { item in
        switch item {
        case .message(let message): "message \(message.head.text) \(message.body.text)"
        case .keepAlivePing: "ping"
        case .keepAlivePong: "pong"
        case .violation(let violation, let request): "\(violation) \(request == nil ? "unanswerable" : "answerable")"
        }
    }
}

/// The first thing that is wrong with a request for an element of this role; nil when there is nothing.
func problem(
    of message: SIPMessage, for role: ValidRequest.Role = .proxy, supportedOptions: [String] = []
) -> RequestProblem? {
    do throws(RequestProblem) {
        return try ValidRequest(message).problem(for: role, supportedOptions: supportedOptions)
    } catch {
        return error
    }
}
