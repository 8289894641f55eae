import SIP

extension FuzzTarget {
    /// The value of one field, in every type that there is for a value.
    static let headers = FuzzTarget(
        "headers", "one header value, read as every typed header", bytesMax: 2_048, seeds: { headerSeeds }
    ) { bytes in
        var choices = Choices(bytes)
        let name = choices.element(of: HeaderName.allCases) ?? .via
        let value = choices.rest()
        // The same octets inside of others: what begins elsewhere in an array is read alike.
        let moved = ([0, 0, 0] + value + [0, 0]).dropFirst(3).dropLast(2)
        let (here, there) = (views(of: value[...]), views(of: moved))
        for (one, other) in zip(here, there) {
            try Finding.unless(one == other, "\(one) is read elsewhere as \(other)")
        }
        try checkMessage(name, value)
    }

    private static let headerSeeds: [[UInt8]] = Letter.templates.flatMap { letter in
        letter.lines.map { line in
            let name = HeaderName(line.name[...])
            return [UInt8(HeaderName.allCases.firstIndex(of: name) ?? 0)] + line.value
        }
    }

    /// What each type makes of the octets.
    private static func views(of value: ArraySlice<UInt8>) -> [String] {
        [
            "URI: \(SIPURI(value).map(TypedView.text) ?? "none")",
            "address: \(NameAddress(value).map(TypedView.text) ?? "none")",
            "Via: \(Via(value).map(TypedView.text) ?? "none")",
            "CSeq: \(CSeq(value).map { "\($0.number) \($0.methodBytes.text) \($0.method)" } ?? "none")",
            "Reason: \(Reason(value).map { "\($0.protocolName.text) \($0.cause ?? 0) \($0.text?.text ?? "")" } ?? "none")",
            "Warning: \(Warning(value).map { "\($0.code) \($0.agent.text) \($0.text.text)" } ?? "none")",
            "type: \(MediaType(value).map { "\($0.type.text)/\($0.subtype.text) \(texts($0.parameters))" } ?? "none")",
            "name: \(HeaderName(value)) \(Method(value))",
            "challenge: \(DigestChallenge(value).map { "\($0.headerValue())" } ?? "none")",
            "credentials: \(DigestCredentials(value).map { "\($0.username.text) \($0.nc ?? 0) \($0.uri.text)" } ?? "none")",
            "media: \(SessionDescription.mediaLines(in: value).map { $0.map(\.profile.text) } ?? ["none"])",
            "parts: \(SessionDescription.mediaLines(inParts: value).map { $0.map(\.profile.text) } ?? ["none"])",
            "encoded: \(SessionDescription.hasEncodedPart(value))", "unquoted: \(value.unquoted.text)",
        ]
    }

    private static func texts(_ parameters: HeaderParameters) -> [String] {
        parameters.map { "\($0.name.text)=\($0.value?.text ?? "")" }
    }

    /// In a message, what validation passes has a typed value, and a proxy writes what the next one reads.
    private static func checkMessage(_ name: HeaderName, _ value: [UInt8]) throws(Finding) {
        var letter = Letter(
            """
            INFO sip:bob@contoso.example SIP/2.0
            Via: SIP/2.0/TLS a.example;branch=z9hG4bK1
            Max-Forwards: 70
            From: <sip:alice@contoso.example>;tag=f
            To: <sip:bob@contoso.example>;tag=t
            Call-ID: c
            CSeq: 1 INFO
            """)
        letter.set(name.text, value)
        guard let message = try? SIPMessage.parse(letter.bytes) else { return }
        _ = TypedView(message)
        guard Verdicts.problem(of: message) == nil else { return }
        let hasAll =
            message.vias != nil && message.from != nil && message.to != nil && message.callID != nil
            && message.cSeq != nil && message.requestURI != nil && message.routes != nil
            && message.recordRoutes != nil && message.assertedIdentities != nil
        try Finding.unless(hasAll, "validation passes what cannot be read: \(message.head.text)")
        try Finding.unless(
            !message.has(.maxForwards) || message.maxForwards != nil, "Max-Forwards passes: \(message.head.text)")
        try Finding.unless(
            !message.has(.contact) || message.contacts != nil || name != .contact,
            "Contact passes: \(message.head.text)")
    }
}
