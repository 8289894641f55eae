/// Writes a response to a request: RFC 3261 §8.2.6. Via, From, To, Call-ID, CSeq and Content-Length come by themselves.
public struct ResponseWriter {
    private let request: SIPMessage
    private let status: UInt16
    private let reason: String
    private var lines = HeaderLines()
    private var body: [UInt8] = []

    /// The tag for To, added when To has none and the status is above 100.
    public var toTag: [UInt8]?
    /// RFC 3261 §12.1.1: whether Record-Route is copied, as a response that makes a dialog does.
    public var copiesRecordRoute = false
    /// RFC 3261 §18.2.1: the address from which the request came, when the topmost Via names another one; empty adds none.
    public var received: [UInt8] = []

    /// Starts a response to `request`; without `reason` the usual phrase.
    public init(to request: SIPMessage, status: UInt16, reason: String? = nil) {
        self.request = request
        self.status = status
        self.reason = reason ?? reasonPhrase(for: status)
    }

    /// Adds a line. Line ends in the value are dropped.
    public mutating func add(_ name: HeaderName, _ value: some Sequence<UInt8>) {
        lines.add(name) { $0.append(contentsOf: value) }
    }

    /// Adds a line. Line ends in the value are dropped.
    public mutating func add(_ name: HeaderName, _ value: String) { lines.add(name, value) }

    /// Sets all lines at once: those that were added before are gone.
    public mutating func setLines(_ lines: HeaderLines) { self.lines = lines }

    /// Sets body and Content-Type.
    public mutating func setBody(type: String, _ body: some Sequence<UInt8>) {
        add(.contentType, type)
        self.body = Array(body)
    }

    /// Appends the response to `output`.
    public func write(into output: inout [UInt8]) {
        output.reserveCapacity(output.count + 512 + lines.bytes.count + body.count)
        output.append(text: "SIP/2.0 ")
        output.append(decimal: status)
        output.append(Octet.space)
        output.append(text: reason)
        output.appendLineEnd()
        copyVias(into: &output)
        if copiesRecordRoute { copy(.recordRoute, into: &output) }
        copy(.from, into: &output)
        copyTo(into: &output)
        copy(.callID, into: &output)
        copy(.cSeq, into: &output)
        // RFC 3261 §8.2.6.1: a 100 carries the Timestamp of the request.
        if status == 100 { copy(.timestamp, into: &output) }
        output.append(contentsOf: lines.bytes)
        SIPMessage.writeEnd(body[...], into: &output)
    }

    private func copyVias(into output: inout [UInt8]) {
        var next = request.firstLine(of: .via)
        var isTop = true
        while let number = next {
            let value = request.line(number).value
            if isTop, !received.isEmpty {
                let end = value.firstElementEnd
                output.append(text: "Via: ")
                output.append(contentsOf: value[value.startIndex..<end].trimmed)
                output.append(text: ";received=")
                output.append(contentsOf: received)
                output.append(contentsOf: value.from(end))
                output.appendLineEnd()
            } else {
                SIPMessage.writeLine(.via, value, into: &output)
            }
            isTop = false
            next = request.firstLine(of: .via, from: number + 1)
        }
    }

    private func copy(_ name: HeaderName, into output: inout [UInt8]) {
        var next = request.firstLine(of: name)
        while let number = next {
            SIPMessage.writeLine(name, request.line(number).value, into: &output)
            next = request.firstLine(of: name, from: number + 1)
        }
    }

    private func copyTo(into output: inout [UInt8]) {
        guard let value = request.value(of: .to) else { return }
        output.append(text: "To: ")
        output.append(contentsOf: value)
        if status > 100, let toTag, let to = request.to, to.tag == nil {
            output.append(text: ";tag=")
            output.append(contentsOf: toTag)
        }
        output.appendLineEnd()
    }
}
