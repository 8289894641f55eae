/// RFC 3261 §20.16: a sequence number and the method.
public struct CSeq: Sendable {
    /// RFC 3261 §8.1.1.5: less than 2^31.
    public let number: UInt32
    /// The method; `.other` for a token without a case.
    public let method: Method
    /// The token of the method.
    public let methodBytes: ArraySlice<UInt8>

    /// Parses the value; nil when it breaks the grammar or the number is 2^31 or above.
    public init?(_ bytes: ArraySlice<UInt8>) {
        guard let (number, token) = Self.parts(of: bytes.span) else { return nil }
        self.init(number: number, methodBytes: bytes.at(token))
    }

    /// What was found in a value.
    init(number: UInt32, methodBytes: ArraySlice<UInt8>) {
        self.number = number
        self.methodBytes = methodBytes
        method = Method(methodBytes)
    }

    /// Number and method of a value; nil when it breaks the grammar.
    static func parts(of bytes: Span<UInt8>) -> (number: UInt32, method: Extent)? {
        var cursor = Cursor(bytes)
        guard let digits = cursor.takeWhile(\.isDigit), let number = bytes.at(digits).decimal, number < 0x8000_0000,
            cursor.next?.isWhitespace == true
        else { return nil }
        cursor.skipWhitespace()
        guard let token = cursor.takeToken(), cursor.isAtEnd else { return nil }
        return (number, token)
    }
}
