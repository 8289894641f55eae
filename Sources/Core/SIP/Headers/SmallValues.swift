/// RFC 3326 §2: why a request was sent or a response given.
public struct Reason: Sendable {
    /// `SIP`, `Q.850` or another protocol.
    public let protocolName: ArraySlice<UInt8>
    /// The cause in terms of that protocol.
    public let cause: UInt32?
    /// A text for people.
    public let text: ArraySlice<UInt8>?

    /// Parses one element of the list; nil when it breaks the grammar.
    public init?(_ bytes: ArraySlice<UInt8>) {
        var cursor = Cursor(bytes)
        guard let name = cursor.takeToken(), let parameters = HeaderParameters(cursor.rest) else { return nil }
        protocolName = name
        cause = parameters["cause"].flatMap(\.decimal)
        text = parameters["text"]
    }
}

/// RFC 3261 §20.43: a warning about a request.
public struct Warning: Sendable {
    /// Three digits.
    public let code: UInt16
    /// The host or pseudonym that adds it.
    public let agent: ArraySlice<UInt8>
    /// The text without its quotes.
    public let text: ArraySlice<UInt8>

    /// Parses one element of the list; nil when it breaks the grammar.
    public init?(_ bytes: ArraySlice<UInt8>) {
        var cursor = Cursor(bytes)
        guard let digits = cursor.takeWhile(\.isDigit), digits.count == 3, let code = digits.decimal,
            cursor.take(Octet.space), let agent = cursor.takeWhile({ !$0.isWhitespace }), cursor.take(Octet.space),
            let text = cursor.takeQuotedString(), cursor.isAtEnd
        else { return nil }
        self.code = UInt16(code)
        self.agent = agent
        self.text = text.unquoted
    }
}

/// RFC 3261 §20.15: the type of the body.
public struct MediaType: Sendable {
    /// The type, `application` for example.
    public let type: ArraySlice<UInt8>
    /// The subtype, `sdp` for example.
    public let subtype: ArraySlice<UInt8>
    /// The parameters, `boundary` for example.
    public let parameters: HeaderParameters

    /// Parses the value; nil when it breaks the grammar.
    public init?(_ bytes: ArraySlice<UInt8>) {
        var cursor = Cursor(bytes)
        guard let type = cursor.takeToken(), cursor.takeSeparator(Octet.slash), let subtype = cursor.takeToken(),
            let parameters = HeaderParameters(cursor.rest)
        else { return nil }
        self.type = type
        self.subtype = subtype
        self.parameters = parameters
    }

    /// Whether it is this type, compared without case.
    public func isType(_ type: String, _ subtype: String) -> Bool {
        self.type.equalsIgnoringCase(type) && self.subtype.equalsIgnoringCase(subtype)
    }
}
