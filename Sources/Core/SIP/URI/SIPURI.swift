/// A URI of scheme sip, sips or tel; of any other scheme it keeps the octets.
///
/// Deliberately not `Equatable`: the relation of RFC 3261 §19.1.4 is not transitive. Use `isEquivalent(to:)`, and
/// `AddressOfRecord` as a key.
public struct SIPURI: Sendable {
    /// The schemes that are understood.
    public enum Scheme: Sendable, Hashable {
        /// RFC 3261 §19.1.
        case sip
        /// RFC 3261 §19.1, TLS on every hop.
        case sips
        /// RFC 3966 §3.
        case tel
        /// Anything else.
        case other
    }

    /// The URI as written.
    public let bytes: ArraySlice<UInt8>
    /// Its scheme.
    public let scheme: Scheme
    /// The user part as written, or the number of a tel URI; nil when there is none.
    public let user: ArraySlice<UInt8>?
    /// The password as written; nil when there is none.
    public let password: ArraySlice<UInt8>?
    /// The host as written, an IPv6 reference with its brackets; empty for tel and unknown schemes.
    public let host: ArraySlice<UInt8>
    /// The port, if written.
    public let port: UInt16?
    /// The parameters of the URI.
    public let parameters: URIParameters
    /// The headers behind the question mark, without it; empty when there are none.
    public let headers: ArraySlice<UInt8>

    /// The scheme as written.
    public var schemeBytes: ArraySlice<UInt8> {
        bytes[bytes.startIndex..<(bytes.firstIndex(of: Octet.colon) ?? bytes.endIndex)]
    }

    /// RFC 3261 §19.1.1: whether it has the parameter lr.
    public var hasLooseRouting: Bool { parameters.has("lr") }

    /// Parses a whole URI; nil when it breaks the grammar of its scheme.
    public init?(_ text: String) {
        self.init(Array(text.utf8)[...])
    }

    /// Parses a whole URI; nil when it breaks the grammar of its scheme.
    public init?(_ bytes: ArraySlice<UInt8>) {
        guard let colon = bytes.firstIndex(of: Octet.colon), let first = bytes.first, first.isLetter else { return nil }
        let name = bytes[bytes.startIndex..<colon]
        guard name.allSatisfy({ $0.isAlphanumeric || $0 == Octet.plus || $0 == Octet.hyphen || $0 == Octet.dot }) else {
            return nil
        }
        let rest = bytes.from(colon + 1)
        if name.equalsIgnoringCase("sip") {
            self.init(bytes, scheme: .sip, rest: rest)
        } else if name.equalsIgnoringCase("sips") {
            self.init(bytes, scheme: .sips, rest: rest)
        } else if name.equalsIgnoringCase("tel") {
            self.init(bytes, telephone: rest)
        } else {
            self.init(bytes, opaque: rest)
        }
    }

    private init?(_ bytes: ArraySlice<UInt8>, scheme: Scheme, rest: ArraySlice<UInt8>) {
        var hostStart = rest.startIndex
        var user: ArraySlice<UInt8>?
        var password: ArraySlice<UInt8>?
        if let at = rest.firstIndex(of: Octet.at) {
            let userInfo = rest[rest.startIndex..<at]
            let colon = userInfo.firstIndex(of: Octet.colon) ?? at
            let name = userInfo[userInfo.startIndex..<colon]
            guard !name.isEmpty, Escapes.isValid(name, { $0.isUnreserved || $0.isUserUnreserved }) else { return nil }
            user = name
            if colon < at {
                let secret = userInfo.from(colon + 1)
                guard Escapes.isValid(secret, Self.isPasswordCharacter) else { return nil }
                password = secret
            }
            hostStart = at + 1
        }
        var cursor = Cursor(rest.from(hostStart))
        guard let host = cursor.takeHost() else { return nil }
        var port: UInt16?
        if cursor.take(Octet.colon) {
            guard let number = cursor.takePort() else { return nil }
            port = number
        }
        let tail = cursor.rest
        let question = tail.firstIndex(of: Octet.question) ?? tail.endIndex
        guard let parameters = URIParameters(tail[tail.startIndex..<question]) else { return nil }
        let headers = tail.from(question + 1)
        if question < tail.endIndex {
            guard Self.areHeaders(headers) else { return nil }
        }
        self.bytes = bytes
        self.scheme = scheme
        self.user = user
        self.password = password
        self.host = host
        self.port = port
        self.parameters = parameters
        self.headers = headers
    }

    /// RFC 3966 §3: a number with visual separators, and parameters.
    private init?(_ bytes: ArraySlice<UInt8>, telephone rest: ArraySlice<UInt8>) {
        let semicolon = rest.firstIndex(of: Octet.semicolon) ?? rest.endIndex
        let number = rest[rest.startIndex..<semicolon]
        let digits = number.first == Octet.plus ? number.dropFirst() : number
        guard digits.contains(where: { $0.isHexDigit || $0 == Octet.star || $0 == 0x23 }),
            digits.allSatisfy({ $0.isHexDigit || $0 == Octet.star || $0 == 0x23 || Self.isVisualSeparator($0) }),
            let parameters = URIParameters(rest.from(semicolon))
        else { return nil }
        self.bytes = bytes
        scheme = .tel
        user = number
        password = nil
        host = bytes[bytes.endIndex...]
        port = nil
        self.parameters = parameters
        headers = bytes[bytes.endIndex...]
    }

    private init?(_ bytes: ArraySlice<UInt8>, opaque rest: ArraySlice<UInt8>) {
        guard !rest.isEmpty, rest.allSatisfy({ $0 > Octet.space && $0 < 0x7F }) else { return nil }
        self.bytes = bytes
        scheme = .other
        user = nil
        password = nil
        host = bytes[bytes.endIndex...]
        port = nil
        parameters = .none(in: bytes)
        headers = bytes[bytes.endIndex...]
    }

    /// RFC 3966 §3: `-`, `.`, `(` and `)`.
    static func isVisualSeparator(_ octet: UInt8) -> Bool {
        octet == Octet.hyphen || octet == Octet.dot || octet == UInt8(ascii: "(") || octet == UInt8(ascii: ")")
    }

    private static func isPasswordCharacter(_ octet: UInt8) -> Bool {
        switch octet {
        case Octet.ampersand, Octet.equals, Octet.plus, UInt8(ascii: "$"), Octet.comma: true
        default: octet.isUnreserved
        }
    }

    /// RFC 3261 §25.1: hname "=" hvalue, with `&` between them.
    private static func areHeaders(_ headers: ArraySlice<UInt8>) -> Bool {
        headers.split(separator: Octet.ampersand, omittingEmptySubsequences: false).allSatisfy { header in
            guard let equals = header.firstIndex(of: Octet.equals), equals > header.startIndex else { return false }
            return Escapes.isValid(header[header.startIndex..<equals], isHeaderCharacter)
                && Escapes.isValid(header.from(equals + 1), isHeaderCharacter)
        }
    }

    private static func isHeaderCharacter(_ octet: UInt8) -> Bool {
        switch octet {
        case Octet.openBracket, Octet.closeBracket, Octet.slash, Octet.question, Octet.colon, Octet.plus,
            UInt8(ascii: "$"):
            true
        default: octet.isUnreserved
        }
    }
}

extension SIPURI: CustomStringConvertible {
    public var description: String { bytes.text }
}
