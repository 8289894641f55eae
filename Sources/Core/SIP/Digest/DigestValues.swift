/// The algorithms of RFC 7616 §3.3 that are spoken here.
public enum DigestAlgorithm: Sendable, Hashable, CaseIterable {
    /// SHA-256, the default.
    case sha256
    /// MD5, for clients that know nothing else.
    case md5

    /// The token on the wire.
    public var text: String {
        switch self {
        case .sha256: "SHA-256"
        case .md5: "MD5"
        }
    }

    /// Recognises the token without case; nil for another algorithm, `-sess` among them.
    public init?(_ token: ArraySlice<UInt8>) {
        guard let algorithm = Self.allCases.first(where: { token.equalsIgnoringCase($0.text) }) else { return nil }
        self = algorithm
    }
}

/// The comma list of `name=value` that follows the scheme of a challenge or of credentials.
struct AuthenticationParameters {
    private let bytes: ArraySlice<UInt8>
    private var pairs: [(name: Extent, value: Extent)] = []

    /// Parameters that are looked at; more are malformed.
    private static let pairsMax = 24

    /// Parses a value of scheme Digest; nil for other schemes, when the grammar is broken or a name repeated.
    init?(digest bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        guard read(bytes.span) else { return nil }
    }

    private mutating func read(_ octets: Span<UInt8>) -> Bool {
        var cursor = Cursor(octets)
        guard let scheme = cursor.takeToken(), octets.at(scheme).equalsIgnoringCase("Digest"),
            cursor.next?.isWhitespace == true
        else { return false }
        pairs.reserveCapacity(Self.pairsMax)
        cursor.skipWhitespace()
        repeat {
            guard let name = cursor.takeToken(), cursor.takeSeparator(Octet.equals),
                let value = cursor.next == Octet.quote ? cursor.takeQuotedString() : cursor.takeToken(),
                find(octets.at(name), in: octets) == nil, pairs.count < Self.pairsMax
            else { return false }
            pairs.append((name, value))
        } while cursor.takeSeparator(Octet.comma)
        cursor.skipWhitespace()
        return cursor.isAtEnd
    }

    private func find(_ name: Span<UInt8>, in octets: Span<UInt8>) -> Extent? {
        for pair in pairs where octets.at(pair.name).equalsIgnoringCase(name) { return pair.value }
        return nil
    }

    /// The value as written, with its quotes.
    subscript(name: String) -> ArraySlice<UInt8>? { find(name.utf8.span, in: bytes.span).map(bytes.at) }
}

/// RFC 7616 §3.3: what a server asks for.
public struct DigestChallenge: Sendable {
    /// The realm, quotes removed.
    public let realm: ArraySlice<UInt8>
    /// The nonce, quotes removed.
    public let nonce: ArraySlice<UInt8>
    /// The opaque value, quotes removed.
    public let opaque: ArraySlice<UInt8>?
    /// The algorithm; nil for one that is not spoken here.
    public let algorithm: DigestAlgorithm?
    /// Whether `qop` offers `auth`; without any qop the old form of RFC 2069 is meant.
    public let offersAuth: Bool
    /// Whether the credentials were right but the nonce was old.
    public let stale: Bool

    /// A challenge of ours, always with `qop="auth"`.
    public init(
        realm: String, nonce: some Sequence<UInt8>, algorithm: DigestAlgorithm, stale: Bool = false,
        opaque: String? = nil
    ) {
        self.realm = Array(realm.utf8)[...]
        self.nonce = Array(nonce)[...]
        self.opaque = opaque.map { Array($0.utf8)[...] }
        self.algorithm = algorithm
        self.stale = stale
        offersAuth = true
    }

    /// Parses the value of WWW-Authenticate or Proxy-Authenticate; nil when it is no Digest with realm and nonce.
    public init?(_ bytes: ArraySlice<UInt8>) {
        guard let parameters = AuthenticationParameters(digest: bytes), let realm = parameters["realm"],
            let nonce = parameters["nonce"]
        else { return nil }
        self.realm = realm.unquoted
        self.nonce = nonce.unquoted
        opaque = parameters["opaque"]?.unquoted
        // RFC 7616 §3.3: no algorithm means MD5.
        algorithm = parameters["algorithm"].map { DigestAlgorithm($0.unquoted) } ?? .md5
        stale = parameters["stale"]?.unquoted.equalsIgnoringCase("true") ?? false
        offersAuth =
            parameters["qop"]?.unquoted.split(separator: Octet.comma)
            .contains { $0.trimmed.equalsIgnoringCase("auth") } ?? false
    }

    /// The value for WWW-Authenticate or Proxy-Authenticate.
    public func headerValue() -> [UInt8] {
        var output: [UInt8] = []
        output.append(text: "Digest realm=")
        output.appendQuoted(realm)
        output.append(text: ", nonce=")
        output.appendQuoted(nonce)
        if let opaque {
            output.append(text: ", opaque=")
            output.appendQuoted(opaque)
        }
        output.append(text: ", algorithm=")
        output.append(text: (algorithm ?? .md5).text)
        if offersAuth { output.append(text: ", qop=\"auth\"") }
        if stale { output.append(text: ", stale=true") }
        return output
    }
}

/// RFC 7616 §3.4: what a client proves.
public struct DigestCredentials: Sendable {
    /// The user name, quotes removed.
    public let username: ArraySlice<UInt8>
    /// The realm, quotes removed.
    public let realm: ArraySlice<UInt8>
    /// The nonce, quotes removed.
    public let nonce: ArraySlice<UInt8>
    /// The URI that the response was made for, quotes removed.
    public let uri: ArraySlice<UInt8>
    /// The response: hexadecimal digits.
    public let response: ArraySlice<UInt8>
    /// The client's nonce, quotes removed.
    public let cnonce: ArraySlice<UInt8>?
    /// The nonce count; nil when absent.
    public let nc: UInt32?
    /// The nonce count as written: eight hexadecimal digits.
    public let ncBytes: ArraySlice<UInt8>?
    /// The opaque value, quotes removed.
    public let opaque: ArraySlice<UInt8>?
    /// The algorithm, MD5 when absent; nil for one that is not spoken here.
    public let algorithm: DigestAlgorithm?
    /// The quality of protection.
    public let qop: ArraySlice<UInt8>?

    /// Parses the value of Authorization or Proxy-Authorization; nil when it is not a complete Digest.
    public init?(_ bytes: ArraySlice<UInt8>) {
        guard let parameters = AuthenticationParameters(digest: bytes), let username = parameters["username"],
            let realm = parameters["realm"], let nonce = parameters["nonce"], let uri = parameters["uri"],
            let response = parameters["response"]
        else { return nil }
        if let count = parameters["nc"] {
            // RFC 7616 §3.4: exactly eight hexadecimal digits.
            guard count.count == 8, count.allSatisfy(\.isHexDigit) else { return nil }
            nc = count.reduce(0) { $0 << 4 | UInt32($1.hexValue ?? 0) }
            ncBytes = count
        } else {
            nc = nil
            ncBytes = nil
        }
        self.username = username.unquoted
        self.realm = realm.unquoted
        self.nonce = nonce.unquoted
        self.uri = uri.unquoted
        self.response = response.unquoted
        cnonce = parameters["cnonce"]?.unquoted
        opaque = parameters["opaque"]?.unquoted
        algorithm = parameters["algorithm"].map { DigestAlgorithm($0.unquoted) } ?? .md5
        qop = parameters["qop"]?.unquoted
    }
}

extension [UInt8] {
    /// Appends `value` as a quoted string.
    mutating func appendQuoted(_ value: some Sequence<UInt8>) {
        append(Octet.quote)
        for octet in value {
            if octet == Octet.quote || octet == Octet.backslash { append(Octet.backslash) }
            append(octet)
        }
        append(Octet.quote)
    }
}

extension SIPMessage {
    /// Every Digest among the credentials of Authorization or Proxy-Authorization; other schemes are left out.
    public func credentials(in name: HeaderName) -> [DigestCredentials] {
        values(of: name).compactMap { DigestCredentials($0) }
    }

    /// Every Digest challenge of WWW-Authenticate or Proxy-Authenticate; other schemes are left out.
    public func challenges(in name: HeaderName) -> [DigestChallenge] {
        values(of: name).compactMap { DigestChallenge($0) }
    }

    /// The value of every line of a field that is no comma list.
    public func values(of name: HeaderName) -> [ArraySlice<UInt8>] {
        var result: [ArraySlice<UInt8>] = []
        var next = firstLine(of: name)
        while let number = next {
            result.append(line(number).value)
            next = firstLine(of: name, from: number + 1)
        }
        return result
    }
}
