/// One Via value: RFC 3261 §20.42.
public struct Via: Sendable {
    /// The transport as written, `TLS` for example.
    public let transport: ArraySlice<UInt8>
    /// The host of sent-by, an IPv6 reference with its brackets.
    public let host: ArraySlice<UInt8>
    /// The port of sent-by, if written.
    public let port: UInt16?
    /// sent-by as written.
    public let sentByBytes: ArraySlice<UInt8>
    /// branch, received, rport and others.
    public let parameters: HeaderParameters

    /// Parses one element of the list; nil when it breaks the grammar.
    public init?(_ bytes: ArraySlice<UInt8>) {
        var cursor = Cursor(bytes)
        guard let name = cursor.takeToken(), name.equalsIgnoringCase("SIP"), cursor.takeSeparator(Octet.slash),
            cursor.takeToken() != nil, cursor.takeSeparator(Octet.slash), let transport = cursor.takeToken(),
            cursor.next?.isWhitespace == true
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
        guard let parameters = HeaderParameters(cursor.rest) else { return nil }
        self.transport = transport
        self.host = host
        self.port = port
        self.parameters = parameters
        sentByBytes = bytes[start..<end]
    }

    /// The branch parameter.
    public var branch: ArraySlice<UInt8>? { parameters["branch"] }

    /// The received parameter.
    public var received: ArraySlice<UInt8>? { parameters["received"] }

    /// RFC 3261 §8.1.1.7: whether the branch begins with the magic cookie and has something behind it.
    public var hasMagicCookie: Bool {
        guard let branch, branch.count > 7 else { return false }
        return branch.prefix(7).equalsIgnoringCase("z9hG4bK")
    }
}
