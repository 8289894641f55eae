/// The parameters of a header value, `;name=value` each, checked when they were made.
public struct HeaderParameters: Sequence, Sendable {
    /// The octets from the first semicolon to the end; empty when there are none.
    public let bytes: ArraySlice<UInt8>

    /// Parameters that `areValid` has passed.
    init(checked bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    /// RFC 3261 §25.1: *( SEMI token [ EQUAL ( token / host / quoted-string ) ] ), up to the end of `bytes`.
    static func areValid(_ bytes: Span<UInt8>) -> Bool {
        var cursor = Cursor(bytes)
        return cursor.takeHeaderParameters { _, _ in }
    }

    /// Goes through names and values; a value keeps its quotes and is nil when there is none.
    public func makeIterator() -> Iterator { Iterator(bytes: bytes) }

    /// Goes through the parameters.
    public struct Iterator: IteratorProtocol {
        private let bytes: ArraySlice<UInt8>
        private var position = 0

        init(bytes: ArraySlice<UInt8>) {
            self.bytes = bytes
        }

        /// The next parameter; nil at the end.
        public mutating func next() -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>?)? {
            var cursor = Cursor(bytes.span, from: position)
            guard let (name, value) = cursor.takeHeaderParameter() else { return nil }
            position = cursor.position
            return (bytes.at(name), value.map(bytes.at))
        }
    }

    /// The value of the first parameter of this name, quotes removed; empty when it has none, nil when it is absent.
    public subscript(name: String) -> ArraySlice<UInt8>? {
        Self.find(name, in: bytes.span).map { bytes.at($0).unquoted }
    }

    /// Whether there is a parameter of this name.
    public func has(_ name: String) -> Bool { Self.find(name, in: bytes.span) != nil }

    /// Where the value of the first parameter of this name stands, with its quotes; empty when it has none.
    static func find(_ name: String, in bytes: Span<UInt8>) -> Extent? {
        var cursor = Cursor(bytes)
        while let parameter = cursor.takeHeaderParameter() {
            if bytes.at(parameter.name).equalsIgnoringCase(name) {
                return parameter.value ?? Extent(parameter.name.end, parameter.name.end)
            }
        }
        return nil
    }
}

extension Cursor {
    /// Takes every parameter up to the end and shows each; false when one breaks the grammar.
    mutating func takeHeaderParameters(_ show: (_ name: Extent, _ value: Extent?) -> Void) -> Bool {
        skipWhitespace()
        while !isAtEnd {
            guard let (name, value) = takeHeaderParameter() else { return false }
            show(name, value)
            skipWhitespace()
        }
        return true
    }

    /// Takes one parameter with the semicolon before it; nil when there is none or it breaks the grammar.
    mutating func takeHeaderParameter() -> (name: Extent, value: Extent?)? {
        let start = position
        guard takeSeparator(Octet.semicolon), let name = takeToken() else {
            position = start
            return nil
        }
        guard takeSeparator(Octet.equals) else { return (name, nil) }
        guard let value = takeHeaderParameterValue(of: name) else {
            position = start
            return nil
        }
        return (name, value)
    }

    private mutating func takeHeaderParameterValue(of name: Extent) -> Extent? {
        if next == Octet.quote { return takeQuotedString() }
        if next == Octet.openBracket { return takeHost() }
        // RFC 5118 §4.5: an IPv6 address in `received` is read with and without brackets.
        if name.count == 8, bytes.at(name).equalsIgnoringCase("received") {
            let start = position
            if let address = takeWhile({ $0.isHexDigit || $0 == Octet.colon || $0 == Octet.dot }),
                HostGrammar.isIPv6Address(bytes.at(address))
            {
                return address
            }
            position = start
        }
        return takeToken()
    }
}
