/// The parameters of a URI, `;name=value` each, checked when they were made.
public struct URIParameters: Sequence, Sendable {
    /// The octets from the first semicolon to the end; empty when there are none.
    public let bytes: ArraySlice<UInt8>

    /// RFC 3261 §25.1: *( ";" pname [ "=" pvalue ] ), without white space; nil for anything else.
    init?(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        var cursor = Cursor(bytes)
        while !cursor.isAtEnd {
            guard cursor.take(Octet.semicolon), let name = cursor.takeWhile(Self.isNameOctet),
                Escapes.isValid(name, Self.isParameterCharacter)
            else { return nil }
            guard cursor.take(Octet.equals) else { continue }
            guard let value = cursor.takeWhile(Self.isNameOctet), Escapes.isValid(value, Self.isParameterCharacter)
            else {
                return nil
            }
        }
    }

    private init(empty bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    static func none(in bytes: ArraySlice<UInt8>) -> URIParameters {
        URIParameters(empty: bytes[bytes.endIndex...])
    }

    private static func isNameOctet(_ octet: UInt8) -> Bool { octet != Octet.semicolon && octet != Octet.equals }

    /// RFC 3261 §25.1: `paramchar` without escapes.
    static func isParameterCharacter(_ octet: UInt8) -> Bool {
        switch octet {
        case Octet.openBracket, Octet.closeBracket, Octet.slash, Octet.colon, Octet.ampersand, Octet.plus,
            UInt8(ascii: "$"):
            true
        default: octet.isUnreserved
        }
    }

    /// Goes through names and values as written; the value is nil when there is none.
    public func makeIterator() -> Iterator { Iterator(cursor: Cursor(bytes)) }

    /// Goes through the parameters.
    public struct Iterator: IteratorProtocol {
        var cursor: Cursor

        /// The next parameter; nil at the end.
        public mutating func next() -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>?)? {
            guard cursor.take(Octet.semicolon), let name = cursor.takeWhile(URIParameters.isNameOctet) else {
                return nil
            }
            guard cursor.take(Octet.equals) else { return (name, nil) }
            return (name, cursor.takeWhile(URIParameters.isNameOctet))
        }
    }

    /// The value of the first parameter of this name, escapes in the name resolved; empty when it has none.
    public subscript(name: String) -> ArraySlice<UInt8>? { value(Array(name.utf8)[...]) }

    /// Whether there is a parameter of this name.
    public func has(_ name: String) -> Bool { self[name] != nil }

    func value(_ name: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        for parameter in self where Escapes.areEquivalent(parameter.name, name, ignoringCase: true) {
            return parameter.value ?? parameter.name[parameter.name.endIndex...]
        }
        return nil
    }
}
