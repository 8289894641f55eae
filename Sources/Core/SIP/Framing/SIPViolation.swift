/// How a message broke the grammar or a limit, and where.
public struct SIPViolation: Error, Sendable, Hashable {
    /// One case for each distinct violation that the framer finds.
    public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
        /// A carriage return that no line feed follows.
        case bareCarriageReturn
        /// A line feed that follows no carriage return.
        case bareLineFeed
        /// The first line is neither a request line nor a status line that a response could be made for.
        case notSIP
        /// The request line is not method, one space, Request-URI, one space, version.
        case requestLineMalformed
        /// The status line is not version, one space, three digits, one space, reason phrase.
        case statusLineMalformed
        /// The Request-URI is longer than `SIPLimits.requestURIBytesMax`.
        case requestURITooLong
        /// The line after the start line begins with white space.
        case foldedStartLine
        /// A header line has no colon, no name, or something else than a token before the colon.
        case headerNameMalformed
        /// A header name is longer than the index can hold.
        case headerNameTooLong
        /// A control character stands in a start line or outside a quoted pair of a header value.
        case controlCharacter
        /// Start line and header lines are longer than `SIPLimits.headBytesMax`.
        case headTooLarge
        /// There are more header lines than `SIPLimits.headerLinesMax`.
        case tooManyHeaderLines
        /// There is no Content-Length, which a stream needs.
        case contentLengthMissing
        /// There is more than one Content-Length.
        case contentLengthRepeated
        /// The Content-Length is not a number.
        case contentLengthMalformed
        /// The Content-Length is above `SIPLimits.bodyBytesMax`.
        case bodyTooLarge
        /// The bytes end before the message does. Only for a message that is parsed on its own.
        case incomplete
    }

    /// What was broken.
    public let kind: Kind
    /// Where, in octets from the start of the message.
    public let offset: Int

    /// Names a violation of `kind` at `offset`.
    public init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    /// Whether the end of the message is not known for sure, so that nothing behind it can be read.
    public var closes: Bool {
        switch kind {
        case .bareCarriageReturn, .bareLineFeed, .notSIP, .foldedStartLine, .headerNameMalformed, .headerNameTooLong,
            .headTooLarge, .tooManyHeaderLines, .contentLengthMissing, .contentLengthRepeated, .contentLengthMalformed,
            .bodyTooLarge, .incomplete:
            true
        case .requestLineMalformed, .statusLineMalformed, .requestURITooLong, .controlCharacter:
            false
        }
    }

    /// What an element does about the violation; what is answered is then closed when `closes` says so.
    public var answer: ViolationAnswer {
        switch kind {
        case .bareCarriageReturn, .bareLineFeed, .notSIP, .foldedStartLine, .headTooLarge, .incomplete:
            .close
        case .statusLineMalformed:
            // RFC 4475 §3.1.2.19: a response with an impossible status code is dropped.
            .discard
        case .requestLineMalformed:
            .respond(status: 400, reason: "Malformed Request Line")
        case .requestURITooLong:
            .respond(status: 414, reason: "Request-URI Too Long")
        case .headerNameMalformed, .headerNameTooLong:
            .respond(status: 400, reason: "Malformed Header Line")
        case .controlCharacter:
            .respond(status: 400, reason: "Control Character")
        case .tooManyHeaderLines:
            .respond(status: 513, reason: "Message Too Large")
        case .contentLengthMissing:
            // RFC 3261 §18.3: a request from a stream without Content-Length is answered and the stream closed.
            .respond(status: 400, reason: "Missing Content-Length")
        case .contentLengthRepeated:
            .respond(status: 400, reason: "Repeated Content-Length")
        case .contentLengthMalformed:
            .respond(status: 400, reason: "Malformed Content-Length")
        case .bodyTooLarge:
            .respond(status: 513, reason: "Message Too Large")
        }
    }
}

/// What an element does about a message that it cannot use.
public enum ViolationAnswer: Sendable, Hashable {
    /// Answer the request with this status and reason phrase. Without a request to answer: drop it.
    case respond(status: UInt16, reason: String)
    /// Drop the message and go on.
    case discard
    /// Close the connection at once.
    case close
}

extension SIPViolation: CustomStringConvertible {
    public var description: String { "\(kind) at \(offset)" }
}
