/// The parameters of a header value, `;name=value` each, checked when they were made.
public struct HeaderParameters: Sequence, Sendable {
    /// The octets from the first semicolon to the end; empty when there are none.
    public let bytes: ArraySlice<UInt8>

    /// RFC 3261 §25.1: *( SEMI token [ EQUAL ( token / host / quoted-string ) ] ), up to the end of `bytes`.
    init?(_ bytes: ArraySlice<UInt8>) {
        var cursor = Cursor(bytes)
        cursor.skipWhitespace()
        while !cursor.isAtEnd {
            guard cursor.takeSeparator(Octet.semicolon), let name = cursor.takeToken() else { return nil }
            if cursor.takeSeparator(Octet.equals) {
                guard Self.takeValue(&cursor, of: name) else { return nil }
            }
            cursor.skipWhitespace()
        }
        self.bytes = bytes
    }

    private static func takeValue(_ cursor: inout Cursor, of name: ArraySlice<UInt8>) -> Bool {
        if cursor.next == Octet.quote { return cursor.takeQuotedString() != nil }
        if cursor.next == Octet.openBracket { return cursor.takeHost() != nil }
        // RFC 5118 §4.5: an IPv6 address in `received` is read with and without brackets.
        if name.equalsIgnoringCase("received") {
            let start = cursor.position
            if let address = cursor.takeWhile({ $0.isHexDigit || $0 == Octet.colon || $0 == Octet.dot }),
                HostGrammar.isIPv6Address(address)
            {
                return true
            }
            cursor.position = start
        }
        return cursor.takeToken() != nil
    }

    /// Goes through names and values; a value keeps its quotes and is nil when there is none.
    public func makeIterator() -> Iterator { Iterator(cursor: Cursor(bytes)) }

    /// Goes through the parameters.
    public struct Iterator: IteratorProtocol {
        var cursor: Cursor

        /// The next parameter; nil at the end.
        public mutating func next() -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>?)? {
            guard cursor.takeSeparator(Octet.semicolon), let name = cursor.takeToken() else { return nil }
            guard cursor.takeSeparator(Octet.equals) else { return (name, nil) }
            if let quoted = cursor.takeQuotedString() { return (name, quoted) }
            let value = cursor.takeWhile { $0 != Octet.semicolon && !$0.isWhitespace }
            return (name, value ?? cursor.bytes[cursor.position..<cursor.position])
        }
    }

    /// The value of the first parameter of this name, quotes removed; empty when it has none, nil when it is absent.
    public subscript(name: String) -> ArraySlice<UInt8>? {
        for parameter in self where parameter.name.equalsIgnoringCase(name) {
            return parameter.value?.unquoted ?? parameter.name[parameter.name.endIndex...]
        }
        return nil
    }

    /// Whether there is a parameter of this name.
    public func has(_ name: String) -> Bool { self[name] != nil }

    /// How many parameters of this name there are.
    func count(of name: String) -> Int {
        reduce(into: 0) { count, parameter in
            if parameter.name.equalsIgnoringCase(name) { count += 1 }
        }
    }
}
