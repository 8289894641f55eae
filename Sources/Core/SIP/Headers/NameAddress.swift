/// A name-addr or addr-spec with parameters: From, To, Contact, Route, Record-Route, Path, P-Asserted-Identity and
/// others.
public struct NameAddress: Sendable {
    private let bytes: ArraySlice<UInt8>
    private let layout: Layout

    /// Where the parts of an address stand.
    struct Layout: Sendable {
        /// Empty when there is none.
        let displayName: Extent
        let uri: Extent
        let isBracketed: Bool
        let parameters: Extent
        /// The value of the first tag, with its quotes; empty when it has none, nil when there is no tag.
        private(set) var tag: Extent?
        /// How many tags there are.
        private(set) var tags = 0

        /// Parses one element of a list; nil when it breaks the grammar. Of the URI it checks that it may be one.
        init?(_ bytes: Span<UInt8>) {
            var cursor = Cursor(bytes)
            cursor.skipWhitespace()
            let start = cursor.position
            let isQuoted = cursor.next == Octet.quote
            if isQuoted, cursor.takeQuotedString() == nil { return nil }
            if let open = bytes.firstOffset(of: Octet.less, from: cursor.position),
                let name = Self.name(bytes, from: start, quotedTo: isQuoted ? cursor.position : nil, to: open)
            {
                guard let close = bytes.firstOffset(of: Octet.greater, from: open) else { return nil }
                displayName = name
                uri = Extent(open + 1, close)
                isBracketed = true
                parameters = Extent(close + 1, bytes.count)
            } else {
                // RFC 3261 §20: without brackets, everything behind a semicolon is a parameter of the field, and the URI
                // has neither comma nor question mark.
                guard !isQuoted, let uri = cursor.takeWhile({ $0 != Octet.semicolon && !$0.isWhitespace }),
                    bytes.at(uri).areAll({ $0 != Octet.question && $0 != Octet.comma && $0 != Octet.less })
                else { return nil }
                displayName = Extent(start, start)
                self.uri = uri
                isBracketed = false
                parameters = cursor.rest
            }
            guard Self.isPlausibleURI(bytes.at(uri)) else { return nil }
            var (tag, tags): (Extent?, Int) = (nil, 0)
            cursor.position = parameters.start
            let areValid = cursor.takeHeaderParameters { name, value in
                guard name.count == 3, bytes.at(name).equalsIgnoringCase("tag") else { return }
                tags += 1
                if tags == 1 { tag = value ?? Extent(name.end, name.end) }
            }
            guard areValid else { return nil }
            self.tag = tag
            self.tags = tags
        }

        /// The display name in front of `<`: a quoted string, or tokens with white space between them; nil for anything
        /// else.
        private static func name(_ bytes: Span<UInt8>, from start: Int, quotedTo end: Int?, to open: Int) -> Extent? {
            if let end { return bytes.at(Extent(end, open)).areAll(\.isWhitespace) ? Extent(start, end) : nil }
            // RFC 4475 §3.1.2.15 calls other characters in an unquoted name an error that an element may let pass: not
            // here.
            let name = bytes.trimmed(from: start, to: open)
            return bytes.at(name).areAll { $0.isToken || $0.isWhitespace } ? name : nil
        }

        /// A scheme, a colon and visible characters: enough to keep a URI of a scheme that is not known.
        private static func isPlausibleURI(_ uri: Span<UInt8>) -> Bool {
            guard let colon = uri.firstOffset(of: Octet.colon), colon > 0, uri[0].isLetter else { return false }
            return uri.areAll {
                $0 > Octet.space && $0 < 0x7F && $0 != Octet.quote && $0 != Octet.less && $0 != Octet.greater
            }
        }
    }

    /// Parses one element of a list; nil when it breaks the grammar. The URI itself is parsed by `uri`.
    public init?(_ bytes: ArraySlice<UInt8>) {
        guard let layout = Layout(bytes.span) else { return nil }
        self.init(bytes, layout)
    }

    /// A value with the layout that was found in it.
    init(_ bytes: ArraySlice<UInt8>, _ layout: Layout) {
        self.bytes = bytes
        self.layout = layout
    }

    /// The display name as written, with its quotes if it has them; nil when there is none.
    public var displayName: ArraySlice<UInt8>? { layout.displayName.isEmpty ? nil : bytes.at(layout.displayName) }

    /// The URI as written, without brackets.
    public var uriBytes: ArraySlice<UInt8> { bytes.at(layout.uri) }

    /// Whether the URI stood in brackets.
    public var isBracketed: Bool { layout.isBracketed }

    /// The parameters of the field; those of a bracketed URI belong to the URI.
    public var parameters: HeaderParameters { HeaderParameters(checked: bytes.at(layout.parameters)) }

    /// The URI; nil when it breaks the grammar of its scheme.
    public var uri: SIPURI? { SIPURI(uriBytes) }

    /// RFC 3261 §19.3: the tag of From or To; nil when absent or empty.
    public var tag: ArraySlice<UInt8>? {
        guard let tag = layout.tag.map({ bytes.at($0).unquoted }), !tag.isEmpty else { return nil }
        return tag
    }

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
        return Self.isURN(name.span) ? name : nil
    }

    /// RFC 8141 §2: `urn:`, a namespace of 2 to 32 letters, digits and hyphens, a colon, and the characters of a URI.
    private static func isURN(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 4, bytes.at(Extent(0, 4)).equalsIgnoringCase("urn:"),
            let colon = bytes.firstOffset(of: Octet.colon, from: 4), (2...32).contains(colon - 4),
            bytes[4] != Octet.hyphen,
            bytes.at(Extent(4, colon)).areAll({ $0.isAlphanumeric || $0 == Octet.hyphen }), colon + 1 < bytes.count
        else { return false }
        return Escapes.areValid(bytes.at(Extent(colon + 1, bytes.count))) { $0.isUnreserved || $0.isReserved }
    }

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
