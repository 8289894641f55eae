/// Writes a request from nothing: for user agents, tests and the requests that a server makes itself. Not for
/// forwarding.
public struct RequestWriter {
    private var startLine: [UInt8] = []
    private var lines: [UInt8] = []
    private var body: [UInt8] = []

    /// Starts a request. Line ends in the arguments, here and below, are dropped, so that no line can be smuggled in.
    public init(method: String, uri: String) {
        Self.append(method.utf8, to: &startLine)
        startLine.append(Octet.space)
        Self.append(uri.utf8, to: &startLine)
        startLine.append(text: " SIP/2.0")
        startLine.appendLineEnd()
    }

    /// Adds a line.
    public mutating func add(_ name: HeaderName, _ value: some Sequence<UInt8>) {
        lines.append(text: name.text)
        lines.append(text: ": ")
        Self.append(value, to: &lines)
        lines.appendLineEnd()
    }

    /// Adds a line.
    public mutating func add(_ name: HeaderName, _ value: String) { add(name, value.utf8) }

    /// Adds a line of a field without a case of its own.
    public mutating func add(named name: String, _ value: String) {
        Self.append(name.utf8, to: &lines)
        lines.append(text: ": ")
        Self.append(value.utf8, to: &lines)
        lines.appendLineEnd()
    }

    /// Sets body and Content-Type.
    public mutating func setBody(type: String, _ body: some Sequence<UInt8>) {
        add(.contentType, type)
        self.body = Array(body)
    }

    /// Appends the request to `output`. Content-Length comes last, by itself; everything else is what was added.
    public func write(into output: inout [UInt8]) {
        output.append(contentsOf: startLine)
        output.append(contentsOf: lines)
        SIPMessage.writeEnd(body[...], into: &output)
    }

    /// The octets of the request.
    public func bytes() -> [UInt8] {
        var output: [UInt8] = []
        write(into: &output)
        return output
    }

    /// The request as a message; nil when what was added breaks the grammar.
    public func message() -> SIPMessage? { try? SIPMessage.parse(bytes()) }

    private static func append(_ text: some Sequence<UInt8>, to output: inout [UInt8]) {
        for octet in text where octet != Octet.carriageReturn && octet != Octet.lineFeed { output.append(octet) }
    }
}
