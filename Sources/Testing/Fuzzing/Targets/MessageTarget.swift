import SIP

extension FuzzTarget {
    /// One message: parsed, validated, written, read again.
    static let message = FuzzTarget(
        "message", "one message: parse, validate, serialise, parse", bytesMax: 8_192, seeds: { Letter.seeds }
    ) { bytes in
        var choices = Choices(bytes)
        let octets = Letter.compose(by: &choices)
        guard let message = try? SIPMessage.parse(octets) else { return }
        let typed = TypedView(message)
        // A request of another version is refused, never written again.
        guard message.isVersion2 else { return }
        let written = message.serialised()
        let again = try parse(written, "serialised")
        try Finding.unless(message.parts == again.parts, "\(message.parts) is read again as \(again.parts)")
        try Finding.unless(again.serialised() == written, "what was serialised is serialised differently")
        if let difference = typed.difference(from: TypedView(again)) {
            throw Finding("before and after serialising: \(difference)")
        }
        try checkEdits(of: message)
        if message.isRequest { try checkAnswer(to: message) }
    }

    private static func parse(_ bytes: [UInt8], _ what: String) throws(Finding) -> SIPMessage {
        do {
            return try SIPMessage.parse(bytes)
        } catch {
            throw Finding("\(what): \(error) in \(bytes[...].text)")
        }
    }

    /// Edits as a proxy makes them do what they say and nothing else.
    private static func checkEdits(of message: SIPMessage) throws(Finding) {
        var edits = MessageEdits()
        edits.prepend(.via, "SIP/2.0/TLS 192.0.2.1;branch=z9hG4bKfuzz".utf8)
        edits.replace(.maxForwards, decimal: 69)
        edits.removeFirst(.route)
        edits.remove([.proxyAuthorization, .pPreferredIdentity])
        edits.append(named: "X-Fuzz", "1".utf8)
        let bytes = message.serialised(applying: edits)
        // One more line, or a longer head, may pass a limit: that is the caller's to reckon with.
        guard let edited = try? SIPMessage.parse(bytes) else {
            let room = SIPLimits.standard
            guard message.lineCount + 4 <= room.headerLinesMax, message.head.count + 256 <= room.headBytesMax else {
                return
            }
            throw Finding("edited: it is refused: \(bytes[...].text)")
        }
        try Finding.unless(edited.topVia?.branch?.equals("z9hG4bKfuzz") == true, "the Via is not on top")
        try Finding.unless(
            edited.maxForwards == 69 && edited.count(of: .maxForwards) == 1, "Max-Forwards is not replaced")
        try Finding.unless(
            !edited.has(.proxyAuthorization) && !edited.has(.pPreferredIdentity), "a removed field is there")
        // An empty element is refused before anything is edited.
        if message.routes != nil {
            let (routes, left) = (message.elements(of: .route).map(\.text), edited.elements(of: .route).map(\.text))
            try Finding.unless(left == Array(routes.dropFirst()), "Route was \(routes), is \(left)")
        }
        try Finding.unless(edited.body.elementsEqual(message.body), "the body is another one")
        let kept: (HeaderLine) -> Bool = {
            ![.via, .maxForwards, .route, .proxyAuthorization, .pPreferredIdentity, .contentLength].contains($0.name)
                && !$0.nameBytes.equals("X-Fuzz")
        }
        let (before, after) = (message.fieldLines.filter(kept), edited.fieldLines.filter(kept))
        try Finding.unless(
            before.map(\.comparable) == after.map(\.comparable), "other lines changed: \(bytes[...].text)")
    }

    /// RFC 3261 §8.2.6.2: a response has the Via fields, From, Call-ID and CSeq of its request.
    private static func checkAnswer(to request: SIPMessage) throws(Finding) {
        guard Verdicts.problem(of: request) == nil else { return }
        var writer = ResponseWriter(to: request, status: 480)
        writer.toTag = Array("fuzz".utf8)
        var bytes: [UInt8] = []
        writer.write(into: &bytes)
        let answer = try parse(bytes, "response")
        try Finding.unless(
            Verdicts.fault(of: answer) == nil, "the response: \(Verdicts.fault(of: answer)?.reason ?? "")")
        try Finding.unless(
            request.elements(of: .via).map(\.text) == answer.elements(of: .via).map(\.text), "other Via fields")
        try Finding.unless(request.fromTag?.text == answer.fromTag?.text, "another From tag")
        try Finding.unless(answer.toTag?.text == request.toTag?.text ?? "fuzz", "another To tag")
        try Finding.unless(request.callID?.text == answer.callID?.text, "another Call-ID")
        try Finding.unless(request.cSeq?.number == answer.cSeq?.number, "another CSeq")
    }
}

extension HeaderLine {
    /// Long and compact form are the same name; others are compared as they are written.
    var comparable: String { "\(name == .other ? nameBytes.text : name.text): \(value.text)" }
}

extension SIPMessage {
    /// All header lines.
    var fieldLines: [HeaderLine] { (0..<lineCount).map(line) }

    /// Everything that serialising keeps, in words. Content-Length moves to the end.
    var parts: [String] {
        let start = isRequest ? [methodBytes.text, requestURIBytes.text] : [String(status), reasonPhrase.text]
        return start + fieldLines.filter { $0.name != .contentLength }.map(\.comparable) + [body.text]
    }
}
