/// Writes a request from nothing: for user agents, tests and the requests that a server makes itself. Not for
/// forwarding.
public struct RequestWriter {
    private var startLine: [UInt8] = []
    private var lines = HeaderLines()
    private var body: [UInt8] = []

    /// Starts a request. Line ends in the arguments, here and below, are dropped, so that no line can be smuggled in.
    public init(method: String, uri: String) {
        self.init(method: method, uri: Array(uri.utf8), lines: [])
    }

    /// A request with these lines. Line ends in method and URI are dropped.
    public init(method: String, uri: [UInt8], lines: HeaderLines) {
        startLine.append(text: method)
        startLine.append(Octet.space)
        startLine += uri
        startLine.append(text: " SIP/2.0")
        startLine.dropLineEnds(from: 0)
        startLine.appendLineEnd()
        self.lines = lines
    }

    /// Adds a line.
    public mutating func add(_ name: HeaderName, _ value: some Sequence<UInt8>) {
        lines.add(name) { $0.append(contentsOf: value) }
    }

    /// Adds a line.
    public mutating func add(_ name: HeaderName, _ value: String) { lines.add(name, value) }

    /// Adds a line of a field without a case of its own.
    public mutating func add(named name: String, _ value: String) { lines.add(named: name, value) }

    /// Sets body and Content-Type.
    public mutating func setBody(type: String, _ body: some Sequence<UInt8>) {
        add(.contentType, type)
        self.body = Array(body)
    }

    /// Appends the request to `output`. Content-Length comes last, by itself; everything else is what was added.
    public func write(into output: inout [UInt8]) {
        output.append(contentsOf: startLine)
        output.append(contentsOf: lines.bytes)
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
}
