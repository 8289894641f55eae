/// What a framer found in a stream.
public enum Framed: Sendable {
    /// A complete message whose start line and header lines keep the grammar.
    case message(SIPMessage)
    /// RFC 5626 §3.5.1: the client's two CRLF; the server answers with one.
    case keepAlivePing
    /// RFC 5626 §3.5.1: the server's CRLF, an answer to our ping. Only in a framer for the side that pings.
    case keepAlivePong
    /// A violation, with as much of the request as an answer needs. When `closes` holds, nothing follows.
    case violation(SIPViolation, request: SIPMessage?)
}

/// Cuts the octets of one TLS connection into messages.
///
/// It keeps nothing of what it was given but a message that is still incomplete, and is empty between messages. Any
/// split of the same octets gives the same results.
public struct StreamFramer: Sendable {
    /// Which side of the keep-alive of RFC 5626 §3.5.1 this end is.
    public enum KeepAlive: Sendable {
        /// Two CRLF between messages are a ping.
        case answersPings
        /// One CRLF between messages is a pong.
        case sendsPings
    }

    private let limits: SIPLimits
    private let keepAlive: KeepAlive
    /// The message that is still incomplete: none or one. An array, so that an idle connection holds a pointer only.
    private var partial: [Partial] = []
    /// Octets of CR LF CR LF seen between messages, 0 to 3.
    private var lineEndOctets = 0
    /// Whether a violation ended the stream; later octets are ignored.
    public private(set) var isDead = false

    private struct Partial: Sendable {
        var bytes: [UInt8]
        var scan: HeadScan
        /// Octets of the whole message, once its head is complete; 0 before.
        var needed: Int
    }

    /// A framer at the start of a stream.
    public init(limits: SIPLimits = .standard, keepAlive: KeepAlive = .answersPings) {
        self.limits = limits
        self.keepAlive = keepAlive
    }
}

extension StreamFramer {
    /// Whether a message is incomplete: its deadline runs.
    public var hasPartial: Bool { !partial.isEmpty }

    /// Octets kept of an incomplete message.
    public var partialByteCount: Int { partial.first?.bytes.count ?? 0 }

    /// Takes the next octets of the stream and appends what they complete.
    public mutating func receive(_ bytes: [UInt8], into framed: inout [Framed]) {
        receive(bytes.span, into: &framed)
    }

    /// Takes the next octets of the stream and appends what they complete.
    public mutating func receive(_ bytes: Span<UInt8>, into framed: inout [Framed]) {
        var offset = 0
        while offset < bytes.count, !isDead {
            if partial.isEmpty {
                offset = skipLineEnds(bytes, from: offset, into: &framed)
                guard offset < bytes.count else { return }
                offset += startMessage(bytes.extracting(offset..<bytes.count), into: &framed)
            } else {
                offset += continueMessage(bytes.extracting(offset..<bytes.count), into: &framed)
            }
        }
    }

    /// RFC 3261 §7.5: line ends before a start line are ignored; RFC 5626 §3.5.1: two CRLF there are a ping.
    private mutating func skipLineEnds(_ bytes: Span<UInt8>, from start: Int, into framed: inout [Framed]) -> Int {
        var offset = start
        while offset < bytes.count {
            let isSecond = lineEndOctets & 1 == 1
            guard bytes[offset] == (isSecond ? Octet.lineFeed : Octet.carriageReturn) else {
                if isSecond {
                    die(SIPViolation(.bareCarriageReturn, at: 0), into: &framed)
                } else {
                    lineEndOctets = 0
                }
                return offset
            }
            lineEndOctets += 1
            offset += 1
            switch keepAlive {
            case .answersPings where lineEndOctets == 4:
                lineEndOctets = 0
                framed.append(.keepAlivePing)
            case .sendsPings where lineEndOctets == 2:
                lineEndOctets = 0
                framed.append(.keepAlivePong)
            case .answersPings, .sendsPings:
                break
            }
        }
        return offset
    }

    /// Reads a message from its first octet; returns how many octets it took.
    private mutating func startMessage(_ bytes: Span<UInt8>, into framed: inout [Framed]) -> Int {
        guard !isDead else { return 0 }
        var scan = HeadScan()
        switch advance(&scan, bytes) {
        case .needs(let total):
            partial = [Partial(bytes: [], scan: scan, needed: total)]
            RawBytes.append(bytes, from: 0, to: bytes.count, to: &partial[0].bytes)
            return bytes.count
        case .complete(let headEnd, let total):
            deliver(bytes, scan, headEnd: headEnd, total: total, into: &framed)
            return total
        case .broken(let violation, let headEnd):
            refuse(bytes, scan, violation, headEnd: headEnd, into: &framed)
            return bytes.count
        }
    }

    /// Adds to the incomplete message no more than it needs; returns how many octets it took.
    private mutating func continueMessage(_ bytes: Span<UInt8>, into framed: inout [Framed]) -> Int {
        let known = partial[0].bytes.count
        let room = partial[0].needed > 0 ? partial[0].needed - known : limits.headBytesMax - known
        let taken = min(bytes.count, max(room, 0))
        RawBytes.append(bytes, from: 0, to: taken, to: &partial[0].bytes)
        var current = partial[0]
        partial = []
        if current.needed > current.bytes.count {
            partial = [current]
            return taken
        }
        var scan = current.scan
        let step = advance(&scan, current.bytes.span)
        current.scan = scan
        switch step {
        case .needs(let total):
            current.needed = total
            partial = [current]
            return taken
        case .complete(let headEnd, let total):
            deliver(current.bytes.span, current.scan, headEnd: headEnd, total: total, into: &framed)
            // The head's room may have taken octets of what follows.
            return taken - (current.bytes.count - total)
        case .broken(let violation, let headEnd):
            refuse(current.bytes.span, current.scan, violation, headEnd: headEnd, into: &framed)
            return taken
        }
    }

    private enum Step {
        /// More octets are needed: this many in all, 0 when the head is incomplete.
        case needs(Int)
        case complete(headEnd: Int, total: Int)
        /// The head ends here, nil when its end was not found.
        case broken(SIPViolation, headEnd: Int?)
    }

    private func advance(_ scan: inout HeadScan, _ bytes: Span<UInt8>) -> Step {
        switch scan.run(over: bytes, limits: limits) {
        case .incomplete:
            return .needs(0)
        case .violation(let violation):
            return .broken(violation, headEnd: nil)
        case .complete(let headEnd):
            if let line = scan.excessLine {
                return .broken(SIPViolation(.tooManyHeaderLines, at: line), headEnd: headEnd)
            }
            switch scan.bodyLength(bytes, headEnd: headEnd, limits: limits) {
            case .failure(let violation):
                return .broken(violation, headEnd: headEnd)
            case .success(let length):
                let total = headEnd + length
                return total <= bytes.count ? .complete(headEnd: headEnd, total: total) : .needs(total)
            }
        }
    }

    private mutating func deliver(
        _ bytes: Span<UInt8>, _ scan: HeadScan, headEnd: Int, total: Int, into framed: inout [Framed]
    ) {
        let parser = MessageParser(bytes, scan: scan, headEnd: headEnd, messageEnd: total, limits: limits)
        guard let violation = parser.violation else { return framed.append(.message(parser.finish())) }
        isDead = violation.closes
        framed.append(.violation(violation, request: parser.finish().forAnswer))
    }

    private mutating func refuse(
        _ bytes: Span<UInt8>, _ scan: HeadScan, _ violation: SIPViolation, headEnd: Int?, into framed: inout [Framed]
    ) {
        guard let headEnd else { return die(violation, into: &framed) }
        let parser = MessageParser(bytes, scan: scan, headEnd: headEnd, messageEnd: headEnd, limits: limits)
        isDead = true
        framed.append(.violation(violation, request: parser.finish().forAnswer))
    }

    private mutating func die(_ violation: SIPViolation, into framed: inout [Framed]) {
        isDead = true
        framed.append(.violation(violation, request: nil))
    }
}

extension SIPMessage {
    /// The message, if a response to it can be made: a request other than ACK with the fields that a response copies, none of
    /// them with a control character, which would break the response as well.
    var forAnswer: SIPMessage? {
        let copied: [HeaderName] = [.via, .from, .to, .callID, .cSeq]
        guard isRequest, method != .ack, copied.allSatisfy(has) else { return nil }
        let isClean = copied.allSatisfy { values(of: $0).allSatisfy { MessageParser.strayControl(in: $0) == nil } }
        return isClean ? self : nil
    }

    /// Parses exactly one message, whose body ends where `bytes` ends. As on a stream, lines end with CRLF and Content-Length
    /// is needed. Header values are not looked at: see `ValidRequest` and `ValidResponse`.
    ///
    /// Throws the violation that ends the reading, which need not be the first one in the text.
    public static func parse(_ bytes: [UInt8], limits: SIPLimits = .standard) throws(SIPViolation) -> SIPMessage {
        var framer = StreamFramer(limits: limits)
        var framed: [Framed] = []
        framer.receive(bytes, into: &framed)
        switch framed.first {
        case .message(let message):
            guard message.byteCount == bytes.count else { throw SIPViolation(.incomplete, at: message.byteCount) }
            return message
        case .violation(let violation, _):
            throw violation
        case .keepAlivePing, .keepAlivePong, nil:
            throw SIPViolation(.incomplete, at: bytes.count)
        }
    }
}
