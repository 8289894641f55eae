/// Reads tokens from a value. It makes no slices: what it finds are extents, counted from the first octet of the span. Every
/// method leaves the position unchanged when it finds nothing.
struct Cursor: ~Escapable {
    let bytes: Span<UInt8>
    var position: Int

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, from position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    var isAtEnd: Bool { position >= bytes.count }

    /// The next octet without taking it; nil at the end.
    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Everything not taken yet.
    var rest: Extent { Extent(min(position, bytes.count), bytes.count) }

    /// Takes SP and HTAB. Folds became spaces when the message was made.
    mutating func skipWhitespace() {
        while position < bytes.count, bytes[position].isWhitespace { position += 1 }
    }

    /// Takes `octet` if it is next.
    mutating func take(_ octet: UInt8) -> Bool {
        guard next == octet else { return false }
        position += 1
        return true
    }

    /// Takes `octet` with white space on either side: SEMI, COMMA, EQUAL, SLASH of RFC 3261 §25.1.
    mutating func takeSeparator(_ octet: UInt8) -> Bool {
        let start = position
        skipWhitespace()
        guard take(octet) else {
            position = start
            return false
        }
        skipWhitespace()
        return true
    }

    /// Takes the longest run of octets that belong to a class; nil when there is none.
    mutating func takeWhile(_ belongs: (UInt8) -> Bool) -> Extent? {
        let start = position
        while position < bytes.count, belongs(bytes[position]) { position += 1 }
        return position > start ? Extent(start, position) : nil
    }

    /// Takes a token.
    mutating func takeToken() -> Extent? { takeWhile(\.isToken) }

    /// Takes a quoted string and returns it with its quotes; nil when it does not end.
    mutating func takeQuotedString() -> Extent? {
        guard next == Octet.quote else { return nil }
        let start = position
        var offset = position + 1
        while offset < bytes.count {
            switch bytes[offset] {
            case Octet.quote:
                position = offset + 1
                return Extent(start, position)
            case Octet.backslash:
                offset += 2
            default:
                offset += 1
            }
        }
        return nil
    }

    /// Takes a host of RFC 3261 §25.1: a name, an IPv4 address or an IPv6 reference in brackets.
    mutating func takeHost() -> Extent? {
        let start = position
        if next == Octet.openBracket {
            guard let end = bytes.firstOffset(of: Octet.closeBracket, from: start),
                HostGrammar.isIPv6Address(bytes.at(Extent(start + 1, end)))
            else { return nil }
            position = end + 1
            return Extent(start, position)
        }
        guard let name = takeWhile({ $0.isAlphanumeric || $0 == Octet.hyphen || $0 == Octet.dot || $0 == 0x5F }),
            HostGrammar.isName(bytes.at(name))
        else {
            position = start
            return nil
        }
        return name
    }

    /// Takes a port of one to five digits, at most 65,535.
    mutating func takePort() -> UInt16? {
        let start = position
        guard let digits = takeWhile(\.isDigit), digits.count <= 5, let number = bytes.at(digits).decimal,
            number <= 65_535
        else {
            position = start
            return nil
        }
        return UInt16(number)
    }
}

extension ArraySlice<UInt8> {
    /// The content of a quoted string with its escapes resolved; the octets themselves when they are not quoted.
    public var unquoted: ArraySlice<UInt8> {
        guard count >= 2, first == Octet.quote, last == Octet.quote else { return self }
        let content = self[startIndex + 1..<endIndex - 1]
        guard content.span.firstOffset(of: Octet.backslash) != nil else { return content }
        var result: [UInt8] = []
        var isEscaped = false
        for octet in content {
            if octet == Octet.backslash, !isEscaped {
                isEscaped = true
            } else {
                result.append(octet)
                isEscaped = false
            }
        }
        return result[...]
    }
}
