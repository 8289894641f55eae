/// The parameters of a URI, `;name=value` each, checked when they were made.
public struct URIParameters: Sequence, Sendable {
    /// The octets from the first semicolon to the end; empty when there are none.
    public let bytes: ArraySlice<UInt8>

    /// Parameters that `areValid` has passed.
    init(checked bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    /// RFC 3261 §25.1: *( ";" pname [ "=" pvalue ] ), without white space.
    static func areValid(_ bytes: Span<UInt8>) -> Bool {
        var cursor = Cursor(bytes)
        while !cursor.isAtEnd {
            guard let (name, value) = cursor.takeURIParameter(),
                Escapes.areValid(bytes.at(name), isParameterCharacter)
            else { return false }
            guard let value else { continue }
            guard !value.isEmpty, Escapes.areValid(bytes.at(value), isParameterCharacter) else { return false }
        }
        return true
    }

    /// RFC 3261 §25.1: `paramchar` without escapes.
    private static func isParameterCharacter(_ octet: UInt8) -> Bool {
        switch octet {
        case Octet.openBracket, Octet.closeBracket, Octet.slash, Octet.colon, Octet.ampersand, Octet.plus,
            UInt8(ascii: "$"):
            true
        default: octet.isUnreserved
        }
    }

    /// Goes through names and values as written; the value is nil when there is none.
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
            guard let (name, value) = cursor.takeURIParameter() else { return nil }
            position = cursor.position
            return (bytes.at(name), value.map(bytes.at))
        }
    }

    /// The value of the first parameter of this name, escapes in the name resolved; empty when it has none.
    public subscript(name: String) -> ArraySlice<UInt8>? {
        Self.find(name.utf8.span, in: bytes.span).map(bytes.at)
    }

    /// Whether there is a parameter of this name.
    public func has(_ name: String) -> Bool { Self.find(name.utf8.span, in: bytes.span) != nil }

    func value(_ name: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        Self.find(name.span, in: bytes.span).map(bytes.at)
    }

    /// Where the value of the first parameter of this name stands; empty when it has none.
    private static func find(_ name: Span<UInt8>, in bytes: Span<UInt8>) -> Extent? {
        var cursor = Cursor(bytes)
        while let parameter = cursor.takeURIParameter() {
            if Escapes.areEquivalent(bytes.at(parameter.name), name, ignoringCase: true) {
                return parameter.value ?? Extent(parameter.name.end, parameter.name.end)
            }
        }
        return nil
    }
}

extension Cursor {
    /// Takes one parameter with the semicolon before it; its characters are not checked.
    mutating func takeURIParameter() -> (name: Extent, value: Extent?)? {
        let isName = { (octet: UInt8) in octet != Octet.semicolon && octet != Octet.equals }
        let start = position
        guard take(Octet.semicolon), let name = takeWhile(isName) else {
            position = start
            return nil
        }
        guard take(Octet.equals) else { return (name, nil) }
        return (name, takeWhile(isName) ?? Extent(position, position))
    }
}
