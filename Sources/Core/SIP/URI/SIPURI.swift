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
    private let layout: Layout

    /// Its scheme.
    public var scheme: Scheme { layout.scheme }

    /// The user part as written, or the number of a tel URI; nil when there is none.
    public var user: ArraySlice<UInt8>? { layout.user.map(bytes.at) }

    /// The password as written; nil when there is none.
    public var password: ArraySlice<UInt8>? { layout.password.map(bytes.at) }

    /// The host as written, an IPv6 reference with its brackets; empty for tel and unknown schemes.
    public var host: ArraySlice<UInt8> { bytes.at(layout.host) }

    /// The port, if written.
    public var port: UInt16? { layout.port }

    /// The parameters of the URI.
    public var parameters: URIParameters { URIParameters(checked: bytes.at(layout.parameters)) }

    /// The headers behind the question mark, without it; empty when there are none.
    public var headers: ArraySlice<UInt8> { bytes.at(layout.headers) }

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
        guard let layout = Layout(bytes.span) else { return nil }
        self.init(bytes, layout)
    }

    /// A URI with the layout that was found in it.
    init(_ bytes: ArraySlice<UInt8>, _ layout: Layout) {
        self.bytes = bytes
        self.layout = layout
    }
}

extension SIPURI: CustomStringConvertible {
    public var description: String { bytes.text }
}
