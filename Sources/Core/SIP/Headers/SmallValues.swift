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
        guard let (name, rest) = Self.parts(of: bytes.span) else { return nil }
        let parameters = HeaderParameters(checked: bytes.at(rest))
        protocolName = bytes.at(name)
        cause = parameters["cause"].flatMap(\.decimal)
        text = parameters["text"]
    }

    /// Protocol and parameters of an element; nil when it breaks the grammar.
    static func parts(of bytes: Span<UInt8>) -> (name: Extent, parameters: Extent)? {
        var cursor = Cursor(bytes)
        guard let name = cursor.takeToken(), HeaderParameters.areValid(bytes.at(cursor.rest)) else { return nil }
        return (name, cursor.rest)
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
        guard let (code, agent, text) = Self.parts(of: bytes.span) else { return nil }
        self.code = code
        self.agent = bytes.at(agent)
        self.text = bytes.at(text).unquoted
    }

    /// Code, agent and quoted text of an element; nil when it breaks the grammar.
    static func parts(of bytes: Span<UInt8>) -> (code: UInt16, agent: Extent, text: Extent)? {
        var cursor = Cursor(bytes)
        guard let digits = cursor.takeWhile(\.isDigit), digits.count == 3, let code = bytes.at(digits).decimal,
            cursor.take(Octet.space), let agent = cursor.takeWhile({ !$0.isWhitespace }), cursor.take(Octet.space),
            let text = cursor.takeQuotedString(), cursor.isAtEnd
        else { return nil }
        return (UInt16(code), agent, text)
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
        guard let parts = Self.parts(of: bytes.span) else { return nil }
        type = bytes.at(parts.type)
        subtype = bytes.at(parts.subtype)
        parameters = HeaderParameters(checked: bytes.at(parts.parameters))
    }

    /// Type, subtype and parameters of a value; nil when it breaks the grammar.
    static func parts(of bytes: Span<UInt8>) -> (type: Extent, subtype: Extent, parameters: Extent)? {
        var cursor = Cursor(bytes)
        guard let type = cursor.takeToken(), cursor.takeSeparator(Octet.slash), let subtype = cursor.takeToken(),
            HeaderParameters.areValid(bytes.at(cursor.rest))
        else { return nil }
        return (type, subtype, cursor.rest)
    }

    /// Whether it is this type, compared without case.
    public func isType(_ type: String, _ subtype: String) -> Bool {
        self.type.equalsIgnoringCase(type) && self.subtype.equalsIgnoringCase(subtype)
    }
}
