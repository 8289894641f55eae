/// A name-addr or addr-spec with parameters: From, To, Contact, Route, Record-Route, Path, P-Asserted-Identity and
/// others.
public struct NameAddress: Sendable {
    /// The display name as written, with its quotes if it has them; nil when there is none.
    public let displayName: ArraySlice<UInt8>?
    /// The URI as written, without brackets.
    public let uriBytes: ArraySlice<UInt8>
    /// Whether the URI stood in brackets.
    public let isBracketed: Bool
    /// The parameters of the field; those of a bracketed URI belong to the URI.
    public let parameters: HeaderParameters

    /// Parses one element of a list; nil when it breaks the grammar. The URI itself is parsed by `uri`.
    public init?(_ bytes: ArraySlice<UInt8>) {
        var cursor = Cursor(bytes.trimmed)
        let isQuoted = cursor.next == Octet.quote
        if isQuoted, cursor.takeQuotedString() == nil { return nil }
        let nameEnd = cursor.position
        if let open = cursor.rest.firstIndex(of: Octet.less),
            let name = Self.name(cursor.bytes[cursor.bytes.startIndex..<open], quotedTo: isQuoted ? nameEnd : nil)
        {
            guard let close = cursor.bytes[open...].firstIndex(of: Octet.greater),
                let parameters = HeaderParameters(cursor.bytes.from(close + 1))
            else { return nil }
            displayName = name.isEmpty ? nil : name
            uriBytes = cursor.bytes[open + 1..<close]
            isBracketed = true
            self.parameters = parameters
        } else {
            // RFC 3261 §20: without brackets, everything behind a semicolon is a parameter of the field, and the URI
            // has neither comma nor question mark.
            guard !isQuoted else { return nil }
            guard let uri = cursor.takeWhile({ $0 != Octet.semicolon && !$0.isWhitespace }),
                !uri.contains(where: { $0 == Octet.question || $0 == Octet.comma || $0 == Octet.less }),
                let parameters = HeaderParameters(cursor.rest)
            else { return nil }
            displayName = nil
            uriBytes = uri
            isBracketed = false
            self.parameters = parameters
        }
        guard Self.isPlausibleURI(uriBytes) else { return nil }
    }

    /// The display name in front of `<`: a quoted string, or tokens with white space between them; nil for anything
    /// else.
    private static func name(_ bytes: ArraySlice<UInt8>, quotedTo end: Int?) -> ArraySlice<UInt8>? {
        if let end {
            return bytes.from(end).allSatisfy(\.isWhitespace) ? bytes[bytes.startIndex..<min(end, bytes.endIndex)] : nil
        }
        // RFC 4475 §3.1.2.15 calls other characters in an unquoted name an error that an element may let pass: not
        // here.
        return bytes.allSatisfy { $0.isToken || $0.isWhitespace } ? bytes.trimmed : nil
    }

    /// A scheme, a colon and visible characters: enough to keep a URI of a scheme that is not known.
    private static func isPlausibleURI(_ uri: ArraySlice<UInt8>) -> Bool {
        guard let colon = uri.firstIndex(of: Octet.colon), colon > uri.startIndex, uri[uri.startIndex].isLetter else {
            return false
        }
        return uri.allSatisfy {
            $0 > Octet.space && $0 < 0x7F && $0 != Octet.quote && $0 != Octet.less && $0 != Octet.greater
        }
    }

    /// The URI; nil when it breaks the grammar of its scheme.
    public var uri: SIPURI? { SIPURI(uriBytes) }

    /// RFC 3261 §19.3: the tag of From or To; nil when absent or empty.
    public var tag: ArraySlice<UInt8>? { parameters["tag"].flatMap { $0.isEmpty ? nil : $0 } }

    /// RFC 3261 §20.10: the preference of a contact in thousandths; nil when absent or malformed.
    public var q: UInt16? { parameters["q"].flatMap(Self.thousandths) }

    /// RFC 3261 §20.10: the lifetime of a contact in seconds; nil when absent or malformed.
    public var expires: UInt32? { parameters["expires"].flatMap(\.seconds) }

    /// RFC 5626 §4.1: the +sip.instance of a contact, a URN, without brackets; nil when absent or malformed.
    public var instanceID: ArraySlice<UInt8>? {
        guard let value = parameters["+sip.instance"], value.count > 2, value.first == Octet.less,
            value.last == Octet.greater
        else { return nil }
        let name = value.dropFirst().dropLast()
        return Self.isURN(name) ? name : nil
    }

    /// RFC 8141 §2: `urn:`, a namespace of 2 to 32 letters, digits and hyphens, a colon, and the characters of a URI.
    private static func isURN(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.prefix(4).equalsIgnoringCase("urn:") else { return false }
        let parts = bytes.dropFirst(4).split(separator: Octet.colon, maxSplits: 1, omittingEmptySubsequences: false)
        guard let space = parts.first, parts.count == 2, let rest = parts.last, (2...32).contains(space.count),
            space.first != Octet.hyphen, space.allSatisfy({ $0.isAlphanumeric || $0 == Octet.hyphen })
        else { return false }
        return !rest.isEmpty && Escapes.isValid(rest) { $0.isAlphanumeric || uriMarks.contains($0) }
    }

    /// RFC 3261 §25.1: the characters of `uric` that are neither letter nor digit nor part of an escape.
    private static let uriMarks = Array("-_.!~*'();/?:@&=+$,".utf8)

    /// RFC 5626 §4.2: the reg-id of a contact, 1 to 2^31 - 1; nil when absent or malformed.
    public var regID: UInt32? {
        parameters["reg-id"].flatMap(\.decimal).flatMap { $0 >= 1 && $0 <= 2_147_483_647 ? $0 : nil }
    }

    /// RFC 3261 §25.1: qvalue, "0" with up to three decimals or "1" with up to three zeros.
    static func thousandths(_ value: ArraySlice<UInt8>) -> UInt16? {
        guard let first = value.first, first == 0x30 || first == 0x31 else { return nil }
        var result = UInt16(first - 0x30) * 1_000
        let fraction = value.dropFirst()
        if let dot = fraction.first {
            guard dot == Octet.dot, fraction.count <= 4 else { return nil }
            var weight: UInt16 = 100
            for octet in fraction.dropFirst() {
                guard octet.isDigit else { return nil }
                result += UInt16(octet - 0x30) * weight
                weight /= 10
            }
        }
        return result <= 1_000 ? result : nil
    }
}

/// The Contact field of a message as a whole.
public enum ContactSet: Sendable {
    /// RFC 3261 §10.2.2: `*`, every binding.
    case wildcard
    /// One or more addresses.
    case addresses([NameAddress])
}
