import SIP

extension FuzzTarget {
    /// RFC 3261 §18.3: octets of a stream, in any pieces, make the same messages.
    static let stream = FuzzTarget(
        "stream", "the octets of one connection, cut in two ways", bytesMax: 32_768,
        seeds: { Letter.templates.map { [0, 7, 3] + $0.bytes + [13, 10, 13, 10] + $0.bytes } }
    ) { bytes in
        var choices = Choices(bytes)
        let limits: SIPLimits = choices.octet() & 1 == 0 ? .standard : .outside
        let keepAlive: StreamFramer.KeepAlive = choices.octet() & 1 == 0 ? .answersPings : .sendsPings
        let step = Int(choices.octet()) + 1
        let octets = choices.rest()
        var whole = StreamFramer(limits: limits, keepAlive: keepAlive)
        var pieces = whole
        var (atOnce, inPieces): ([Framed], [Framed]) = ([], [])
        whole.receive(octets, into: &atOnce)
        var offset = 0
        while offset < octets.count {
            let end = min(offset + 1 + offset % step, octets.count)
            pieces.receive(Array(octets[offset..<end]), into: &inPieces)
            try Finding.unless(
                pieces.partialByteCount <= limits.headBytesMax + limits.bodyBytesMax,
                "\(pieces.partialByteCount) octets are kept of an incomplete message")
            offset = end
        }
        let (one, other) = (atOnce.map(\.summary), inPieces.map(\.summary))
        try Finding.unless(one == other, "at once \(one), in pieces \(other)")
        try Finding.unless(whole.isDead == pieces.isDead, "only one of two framers has ended")
        try Finding.unless(
            whole.partialByteCount == pieces.partialByteCount,
            "\(whole.partialByteCount) octets are kept at once, \(pieces.partialByteCount) in pieces")
        let count = atOnce.count
        if whole.isDead {
            whole.receive(Letter.templates[0].bytes, into: &atOnce)
            try Finding.unless(atOnce.count == count, "something follows what ended the stream")
        }
    }
}

extension Framed {
    /// A short text that is equal for equal results.
    var summary: String {
        switch self {
        case .message(let message): "message \(message.head.text)\(message.body.text)"
        case .keepAlivePing: "ping"
        case .keepAlivePong: "pong"
        case .violation(let violation, let request): "\(violation), \(request?.head.text ?? "no answer")"
        }
    }
}
