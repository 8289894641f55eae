/// One Via value: RFC 3261 §20.42.
public struct Via: Sendable {
    private let bytes: ArraySlice<UInt8>
    private let layout: Layout

    /// Where the parts of a Via stand.
    struct Layout: Sendable {
        let transport: Extent
        let host: Extent
        let port: UInt16?
        let sentBy: Extent
        let parameters: Extent
        /// The values of the first of each, with their quotes; empty when it has none, nil when it is absent.
        private(set) var branch: Extent?
        private(set) var received: Extent?

        /// Parses one element of the list; nil when it breaks the grammar.
        init?(_ bytes: Span<UInt8>) {
            var cursor = Cursor(bytes)
            guard let name = cursor.takeToken(), bytes.at(name).equalsIgnoringCase("SIP"),
                cursor.takeSeparator(Octet.slash), cursor.takeToken() != nil, cursor.takeSeparator(Octet.slash),
                let transport = cursor.takeToken(), cursor.next?.isWhitespace == true
            else { return nil }
            cursor.skipWhitespace()
            let start = cursor.position
            guard let host = cursor.takeHost() else { return nil }
            var end = cursor.position
            var port: UInt16?
            if cursor.takeSeparator(Octet.colon) {
                guard let number = cursor.takePort() else { return nil }
                port = number
                end = cursor.position
            }
            self.transport = transport
            self.host = host
            self.port = port
            sentBy = Extent(start, end)
            parameters = cursor.rest
            var (branch, received): (Extent?, Extent?)
            let areValid = cursor.takeHeaderParameters { name, value in
                switch name.count {
                case 6 where branch == nil && bytes.at(name).equalsIgnoringCase("branch"):
                    branch = value ?? Extent(name.end, name.end)
                case 8 where received == nil && bytes.at(name).equalsIgnoringCase("received"):
                    received = value ?? Extent(name.end, name.end)
                default: break
                }
            }
            guard areValid else { return nil }
            self.branch = branch
            self.received = received
        }
    }

    /// Parses one element of the list; nil when it breaks the grammar.
    public init?(_ bytes: ArraySlice<UInt8>) {
        guard let layout = Layout(bytes.span) else { return nil }
        self.init(bytes, layout)
    }

    /// A value with the layout that was found in it.
    init(_ bytes: ArraySlice<UInt8>, _ layout: Layout) {
        self.bytes = bytes
        self.layout = layout
    }

    /// The transport as written, `TLS` for example.
    public var transport: ArraySlice<UInt8> { bytes.at(layout.transport) }

    /// The host of sent-by, an IPv6 reference with its brackets.
    public var host: ArraySlice<UInt8> { bytes.at(layout.host) }

    /// The port of sent-by, if written.
    public var port: UInt16? { layout.port }

    /// sent-by as written.
    public var sentByBytes: ArraySlice<UInt8> { bytes.at(layout.sentBy) }

    /// branch, received, rport and others.
    public var parameters: HeaderParameters { HeaderParameters(checked: bytes.at(layout.parameters)) }

    /// The branch parameter.
    public var branch: ArraySlice<UInt8>? { layout.branch.map { bytes.at($0).unquoted } }

    /// The received parameter.
    public var received: ArraySlice<UInt8>? { layout.received.map { bytes.at($0).unquoted } }

    /// RFC 3261 §8.1.1.7: whether the branch begins with the magic cookie and has something behind it.
    public var hasMagicCookie: Bool {
        guard let branch, branch.count > 7 else { return false }
        return branch.prefix(7).equalsIgnoringCase("z9hG4bK")
    }
}
