/// The first pass over a message: finds the end of the head, counts header lines and notes the Content-Length line.
///
/// It can stop at any octet and go on when more have come, so that no octet is looked at twice however the stream is
/// split, and reports the first violation whatever the split was.
struct HeadScan: Sendable {
    enum Outcome: Equatable {
        /// The head goes on beyond what is there.
        case incomplete
        /// The empty line ends at this offset.
        case complete(headEnd: Int)
        /// The stream cannot be read further.
        case violation(SIPViolation)
    }

    private(set) var headerLines = 0
    /// The start of the first Content-Length line; nil when there was none.
    private(set) var contentLengthLine: Int?
    /// The start of the second one, or of what looks like one.
    private(set) var repeatedContentLengthLine: Int?
    /// Whether the head has control characters other than line ends and HTAB.
    private(set) var hasControls = false
    private var position = 0
    private var lineStart = 0
    /// The octet at which there were too many header lines; the scan goes on to find the end for the answer.
    private(set) var excessLine: Int?

    /// Looks at what is new in `bytes`, which always begins at the start of the message.
    mutating func run(over bytes: Span<UInt8>, limits: SIPLimits) -> Outcome {
        let end = min(bytes.count, limits.headBytesMax)
        while true {
            position = RawBytes.nextControl(in: bytes, from: position, to: end)
            guard position < end else { return stopped(end, limits) }
            switch bytes[position] {
            case Octet.carriageReturn:
                guard position + 1 < end else { return stopped(position + 1, limits) }
                guard bytes[position + 1] == Octet.lineFeed else {
                    return .violation(SIPViolation(.bareCarriageReturn, at: position))
                }
                let next = position + 2
                if position == lineStart { return .complete(headEnd: next) }
                if let violation = endLine(bytes, limits) { return .violation(violation) }
                lineStart = next
                position = next
            case Octet.lineFeed:
                return .violation(SIPViolation(.bareLineFeed, at: position))
            case Octet.tab:
                position += 1
            default:
                hasControls = true
                position += 1
            }
        }
    }

    private func stopped(_ end: Int, _ limits: SIPLimits) -> Outcome {
        end < limits.headBytesMax ? .incomplete : .violation(SIPViolation(.headTooLarge, at: limits.headBytesMax))
    }

    private mutating func endLine(_ bytes: Span<UInt8>, _ limits: SIPLimits) -> SIPViolation? {
        guard lineStart > 0 else { return nil }
        let first = bytes[lineStart]
        if first.isWhitespace {
            if headerLines == 0 { return SIPViolation(.foldedStartLine, at: lineStart) }
            if continuesLikeLength(bytes) { noteLength() }
            return nil
        }
        headerLines += 1
        if headerLines > limits.headerLinesMax, excessLine == nil { excessLine = lineStart }
        guard mayBeginLength(bytes) else { return nil }
        var nameEnd = lineStart
        while nameEnd < position, bytes[nameEnd].isToken { nameEnd += 1 }
        if HeaderNameTable.shared.lookUp(bytes, from: lineStart, to: nameEnd) == .contentLength {
            if contentLengthLine == nil { contentLengthLine = lineStart } else { noteLength() }
        } else if bytes.extracting(lineStart..<nameEnd).equalsIgnoringCase(Self.carelessName) {
            noteLength()
        }
        return nil
    }

    /// Whether the line begins with `l` alone or with `content`, in any case: most lines are told apart by one word.
    private func mayBeginLength(_ bytes: Span<UInt8>) -> Bool {
        switch bytes[lineStart] | 0x20 {
        case UInt8(ascii: "l"):
            return lineStart + 1 < position && !bytes[lineStart + 1].isToken
        case UInt8(ascii: "c"):
            guard lineStart + 8 <= bytes.count else { return true }
            let word = RawBytes.load(UInt64.self, from: bytes, at: lineStart) | 0x2020_2020_2020_2020
            return (word ^ Self.content) << 8 == 0
        default:
            return false
        }
    }

    /// `content` and a hyphen, the first octet lowest.
    private static let content: UInt64 = 0x2d74_6e65_746e_6f63

    /// A second length, or what another element may take for one.
    private mutating func noteLength() {
        if repeatedContentLengthLine == nil { repeatedContentLengthLine = lineStart }
    }

    /// Elements that read carelessly take this for Content-Length too, and a length behind the white space of a fold. They
    /// differ about where such a message ends (Kamailio 5.6 counts both), so that nothing good can come of either.
    private static let carelessName = "content_length"

    /// Whether a line that continues the one before would be a Content-Length without the white space in front.
    private func continuesLikeLength(_ bytes: Span<UInt8>) -> Bool {
        var offset = lineStart
        while offset < position, bytes[offset].isWhitespace { offset += 1 }
        let nameStart = offset
        while offset < position, bytes[offset].isToken { offset += 1 }
        let name = bytes.extracting(nameStart..<offset)
        while offset < position, bytes[offset].isWhitespace { offset += 1 }
        guard offset < position, bytes[offset] == Octet.colon else { return false }
        return HeaderNameTable.shared.lookUp(name, from: 0, to: name.count) == .contentLength
            || name.equalsIgnoringCase(Self.carelessName)
    }
}

extension HeadScan {
    /// The length of the body, once the head is complete.
    func bodyLength(_ bytes: Span<UInt8>, headEnd: Int, limits: SIPLimits) -> Result<Int, SIPViolation> {
        guard let line = contentLengthLine else {
            return .failure(SIPViolation(.contentLengthMissing, at: headEnd))
        }
        if let second = repeatedContentLengthLine {
            return .failure(SIPViolation(.contentLengthRepeated, at: second))
        }
        var offset = line
        while offset < headEnd, bytes[offset] != Octet.colon {
            if bytes[offset] == Octet.carriageReturn { return .failure(SIPViolation(.headerNameMalformed, at: line)) }
            offset += 1
        }
        offset = Self.skipFolds(bytes, from: offset + 1, to: headEnd)
        let digits = offset
        var length = 0
        while offset < headEnd, bytes[offset].isDigit {
            // Nine digits stay far below the largest Int and far above any limit.
            if length < 100_000_000 { length = length * 10 + Int(bytes[offset] - 0x30) }
            offset += 1
        }
        let valueEnd = Self.skipFolds(bytes, from: offset, to: headEnd)
        guard offset > digits, valueEnd + 1 < headEnd, bytes[valueEnd] == Octet.carriageReturn else {
            return .failure(SIPViolation(.contentLengthMalformed, at: digits))
        }
        guard length <= limits.bodyBytesMax else { return .failure(SIPViolation(.bodyTooLarge, at: digits)) }
        return .success(length)
    }

    /// Skips white space and line ends that white space follows.
    private static func skipFolds(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        var offset = start
        while offset < end {
            if bytes[offset].isWhitespace {
                offset += 1
            } else if offset + 2 < end, bytes[offset] == Octet.carriageReturn, bytes[offset + 2].isWhitespace {
                offset += 3
            } else {
                break
            }
        }
        return offset
    }
}
