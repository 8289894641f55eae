import SIP

/// A message in parts that an input may change one by one, so that what comes out still reaches beyond the parser.
struct Letter {
    var startLine: [UInt8]
    var lines: [(name: [UInt8], value: [UInt8])]
    var body: [UInt8]
    /// Whether a right Content-Length is written at the end.
    var hasLength = true

    /// Takes apart a message that is written here, with `\n` for line ends and without Content-Length.
    init(_ text: String, body: String = "") {
        let parts = text.utf8.split(separator: UInt8(ascii: "\n"))
        startLine = parts.first.map { Array($0) } ?? []
        lines = parts.dropFirst().map { line in
            let name = line.prefix { $0 != UInt8(ascii: ":") }
            return (Array(name), Array(line.dropFirst(name.count + 1).drop { $0 == UInt8(ascii: " ") }))
        }
        self.body = Array(body.utf8)
    }

    /// As it goes over the wire.
    var bytes: [UInt8] {
        var bytes = startLine
        for line in lines { bytes += Self.lineEnd + line.name + Array(": ".utf8) + line.value }
        if hasLength { bytes += Self.lineEnd + Array("Content-Length: \(body.count)".utf8) }
        return bytes + Self.lineEnd + Self.lineEnd + body
    }

    private static let lineEnd: [UInt8] = [13, 10]

    /// Sets the value of the first line with this name, which is written as the letters here have it; adds one if there is none.
    mutating func set(_ name: String, _ value: [UInt8]) {
        let key = Array(name.utf8)
        if let index = lines.firstIndex(where: { $0.name == key }) {
            lines[index].value = value
        } else {
            lines.append((key, value))
        }
    }

    /// The value of the first line with this name; nil when there is none.
    func value(_ name: String) -> [UInt8]? {
        let key = Array(name.utf8)
        return lines.first { $0.name == key }?.value
    }
}

extension Letter {
    /// Changes of one letter at most.
    private static let changesMax = 12
    /// Octets that one change brings along at most.
    private static let changeBytesMax = 1_024

    private enum Change: UInt8, CaseIterable {
        case value
        case partOfValue
        case name
        case insert
        case remove
        case copy
        case swap
        case startLine
        case partOfStartLine
        case body
        case length
    }

    /// Makes the changes that `choices` name next; their number stands first.
    mutating func change(by choices: inout Choices) {
        for _ in 0..<choices.number(below: Self.changesMax + 1) {
            guard let change = choices.element(of: Change.allCases) else { return }
            let place = choices.number(below: max(lines.count, 1))
            apply(change, at: place, by: &choices)
        }
    }

    private mutating func apply(_ change: Change, at place: Int, by choices: inout Choices) {
        switch change {
        case .insert:
            let name = choices.element(of: HeaderName.allCases)?.text ?? ""
            lines.insert((Array(name.utf8), choices.octets(atMost: Self.changeBytesMax)), at: min(place, lines.count))
        case .startLine: startLine = choices.octets(atMost: Self.changeBytesMax)
        case .partOfStartLine: Self.splice(&startLine, by: &choices)
        case .body: body = choices.octets(atMost: Self.changeBytesMax)
        case .length: hasLength.toggle()
        case .value, .partOfValue, .name, .remove, .copy, .swap:
            guard place < lines.count else { return }
            applyToLine(change, at: place, by: &choices)
        }
    }

    private mutating func applyToLine(_ change: Change, at place: Int, by choices: inout Choices) {
        switch change {
        case .value: lines[place].value = choices.octets(atMost: Self.changeBytesMax)
        case .partOfValue: Self.splice(&lines[place].value, by: &choices)
        case .name: lines[place].name = choices.octets(atMost: Self.changeBytesMax)
        case .remove: lines.remove(at: place)
        case .copy: lines.append(lines[place])
        case .swap: lines.swapAt(place, choices.number(below: lines.count))
        case .insert, .startLine, .partOfStartLine, .body, .length: break
        }
    }

    /// Replaces a stretch by other octets.
    private static func splice(_ bytes: inout [UInt8], by choices: inout Choices) {
        let start = choices.number(below: bytes.count + 1)
        let count = choices.number(below: bytes.count - start + 1)
        bytes.replaceSubrange(start..<start + count, with: choices.octets(atMost: changeBytesMax))
    }
}

extension Letter {
    /// Letters to start from: each kind of message that servers take, with the fields that they look at.
    static let templates: [Letter] = [
        Letter(
            """
            INVITE sip:bob@contoso.example;user=phone SIP/2.0
            Via: SIP/2.0/TLS 192.0.2.7:40000;branch=z9hG4bK1;rport
            Via: SIP/2.0/TCP [2001:db8::1]:5060;branch=z9hG4bK0;received=192.0.2.8
            Max-Forwards: 70
            Max-Breadth: 60
            From: "A. \\"Lice\\"" <sip:alice@contoso.example>;tag=f1
            To: <sip:bob@contoso.example>
            Call-ID: c1@192.0.2.7
            CSeq: 1 INVITE
            Contact: <sip:alice@192.0.2.7:40000;transport=tls>;+sip.instance="<urn:uuid:1>";reg-id=1
            Record-Route: <sip:edge1.contoso.example;lr>, <sip:192.0.2.3;lr>
            Route: <sip:fe1.contoso.example;lr>
            P-Asserted-Identity: <sip:alice@contoso.example>, <tel:+4930123456>
            Privacy: id;user
            Supported: 100rel, outbound
            Content-Type: application/sdp
            """,
            body:
                "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nt=0 0\r\nm=audio 40000 RTP/SAVP 0\r\nm=video 0 RTP/AVP 31\r\n"
        ),
        Letter(
            """
            REGISTER sip:contoso.example SIP/2.0
            v: SIP/2.0/TLS 192.0.2.7:40000;branch=z9hG4bK2
            f: <sip:alice@contoso.example>;tag=f2
            t: <sip:alice@contoso.example>
            i: c2@192.0.2.7
            CSeq: 2 REGISTER
            m: <sip:alice@192.0.2.7:40000;transport=tls>;expires=600;q=0.5, <sip:a@[2001:db8::1]>;q=1.0
            Path: <sip:token@edge1.contoso.example;lr;ob>
            Authorization: Digest username="alice", realm="contoso.example", nonce="n", uri="sip:contoso.example",
             response="0123456789abcdef0123456789abcdef", algorithm=SHA-256, cnonce="c", qop=auth, nc=00000001
            Expires: 3600
            k: path, gruu
            """),
        Letter(
            """
            SIP/2.0 200 OK
            Via: SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bK3, SIP/2.0/TLS 192.0.2.7:40000;branch=z9hG4bK1
            From: <sip:alice@contoso.example>;tag=f1
            To: <sip:bob@contoso.example>;tag=t1
            Call-ID: c1@192.0.2.7
            CSeq: 1 INVITE
            Contact: <sip:bob@192.0.2.9:40001;transport=tls>
            Record-Route: <sip:192.0.2.3;lr>
            Warning: 399 contoso.example "a \\"b\\""
            Retry-After: 18 (soon);duration=60
            Reason: SIP;cause=480;text="gone"
            WWW-Authenticate: Digest realm="contoso.example", nonce="n", algorithm=MD5, qop="auth,auth-int", stale=true
            """),
        Letter(
            """
            MESSAGE sip:bob@fabrikam.example SIP/2.0
            Via: SIP/2.0/TLS 192.0.2.7:40000;branch=z9hG4bK4
            Max-Forwards: 0
            From: sip:alice@contoso.example;tag=f4
            To: sips:bob@fabrikam.example:5061;tag=t4
            Call-ID: c4
            CSeq: 4294967295 MESSAGE
            Content-Type: multipart/mixed;boundary="x"
            Proxy-Require: foo
            """, body: "--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--\r\n"),
        Letter(
            """
            CANCEL tel:+49-30-123456;phone-context=+49 SIP/2.0
            Via: SIP/2.0/TLS 192.0.2.7:40000;branch=z9hG4bK1
            Max-Forwards: 70
            From: <sip:alice@contoso.example>;tag=f1
            To: <sip:bob@contoso.example>
            Call-ID: c1@192.0.2.7
            CSeq: 1 CANCEL
            """),
    ]

    /// A message as `choices` want it: a template with changes or, for the last number, octets as they are.
    static func compose(by choices: inout Choices) -> [UInt8] {
        let number = choices.number(below: templates.count + 1)
        guard number < templates.count else { return choices.rest() }
        var letter = templates[number]
        letter.change(by: &choices)
        return letter.bytes
    }

    /// Inputs of `compose` that lead to each template as it stands, and to the same octets unmade.
    static var seeds: [[UInt8]] {
        templates.indices.flatMap { [[UInt8($0)], [UInt8(templates.count)] + templates[$0].bytes] }
    }
}
