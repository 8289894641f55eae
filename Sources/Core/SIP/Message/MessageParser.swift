/// The second pass: checks start line and header lines, and fills the index of a message.
struct MessageParser {
    private var storage: [UInt8]
    private let entries: Int
    private let headEnd: Int
    private let messageEnd: Int
    private let lines: Int
    private var written = 0
    private var flags: UInt8 = 0
    private var method = Method.other
    private var numbers = (0, 0, 0)
    private var fields: HeaderNameSet = []
    /// The first violation; the message is then good for an answer only.
    private(set) var violation: SIPViolation?

    /// Parses the message at the start of `bytes`, whose head was scanned. `messageEnd` is at most `bytes.count`.
    init(_ bytes: Span<UInt8>, scan: HeadScan, headEnd: Int, messageEnd: Int, limits: SIPLimits) {
        self.headEnd = headEnd
        self.messageEnd = messageEnd
        lines = min(scan.headerLines, limits.headerLinesMax)
        entries = messageEnd
        storage = RawBytes.copy(
            bytes, from: 0, to: messageEnd, room: lines * MessageIndex.entrySize + MessageIndex.recordSize)
        let afterStartLine = parseStartLine(bytes, limits)
        parseHeaderLines(bytes, from: afterStartLine, hasControls: scan.hasControls)
        writeRecord()
    }

    /// The message; with a violation, what could be read of it.
    consuming func finish() -> SIPMessage { SIPMessage(storage: storage) }

    private mutating func fail(_ kind: SIPViolation.Kind, at offset: Int) {
        if violation == nil { violation = SIPViolation(kind, at: offset) }
    }

    private func endOfLine(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var offset = start
        while true {
            offset = RawBytes.nextControl(in: bytes, from: offset, to: headEnd)
            if offset >= headEnd || bytes[offset] == Octet.carriageReturn { return min(offset, headEnd) }
            offset += 1
        }
    }

    private mutating func parseStartLine(_ bytes: Span<UInt8>, _ limits: SIPLimits) -> Int {
        let end = endOfLine(bytes, from: 0)
        if Self.isVersion(bytes, from: 0, to: min(4, end)) {
            parseStatusLine(bytes, to: end)
        } else {
            flags |= MessageIndex.requestFlag
            if Self.mentionsVersion(bytes, to: end) {
                parseRequestLine(bytes, to: end, limits)
            } else {
                fail(.notSIP, at: 0)
            }
        }
        return end + 2
    }

    /// RFC 3261 §7.1: Method SP Request-URI SP SIP-Version, with single spaces and nothing behind.
    private mutating func parseRequestLine(_ bytes: Span<UInt8>, to end: Int, _ limits: SIPLimits) {
        var offset = 0
        while offset < end, bytes[offset].isToken { offset += 1 }
        let methodEnd = offset
        guard methodEnd > 0, methodEnd < end, bytes[offset] == Octet.space else {
            return fail(.requestLineMalformed, at: offset)
        }
        offset += 1
        let uriStart = offset
        while offset < end, bytes[offset] > Octet.space, bytes[offset] < 0x7F { offset += 1 }
        let uriEnd = offset
        method = Method(in: bytes, from: 0, to: methodEnd)
        numbers = (methodEnd, uriStart, uriEnd)
        guard uriEnd > uriStart, offset < end, bytes[offset] == Octet.space, bytes[uriStart] != Octet.less else {
            return fail(.requestLineMalformed, at: offset)
        }
        offset += 1
        guard Self.isVersion(bytes, from: offset, to: min(offset + 4, end)) else {
            return fail(.requestLineMalformed, at: offset)
        }
        offset += 4
        // RFC 3261 §25.1: SIP-Version is "SIP/" 1*DIGIT "." 1*DIGIT.
        let major = offset
        while offset < end, bytes[offset].isDigit { offset += 1 }
        guard offset > major, offset < end, bytes[offset] == Octet.dot else {
            return fail(.requestLineMalformed, at: offset)
        }
        let minor = offset + 1
        offset = minor
        while offset < end, bytes[offset].isDigit { offset += 1 }
        guard offset > minor, offset == end else { return fail(.requestLineMalformed, at: offset) }
        if minor - major == 2, end - minor == 1, bytes[major] == UInt8(ascii: "2"), bytes[minor] == UInt8(ascii: "0") {
            flags |= MessageIndex.versionFlag
        }
        if uriEnd - uriStart > limits.requestURIBytesMax { fail(.requestURITooLong, at: uriStart) }
    }

    /// RFC 3261 §7.2: SIP-Version SP three digits SP Reason-Phrase, which may be empty.
    private mutating func parseStatusLine(_ bytes: Span<UInt8>, to end: Int) {
        guard end >= 12, bytes[4] == UInt8(ascii: "2"), bytes[5] == Octet.dot, bytes[6] == UInt8(ascii: "0"),
            bytes[7] == Octet.space
        else { return fail(.statusLineMalformed, at: min(4, end)) }
        var status = 0
        for offset in 8..<11 {
            guard bytes[offset].isDigit else { return fail(.statusLineMalformed, at: offset) }
            status = status * 10 + Int(bytes[offset] - 0x30)
        }
        guard bytes[11] == Octet.space, status >= 100, status < 700 else {
            return fail(.statusLineMalformed, at: 8)
        }
        flags |= MessageIndex.versionFlag
        numbers = (status, 12, end)
        for offset in 12..<end where bytes[offset] < Octet.space && bytes[offset] != Octet.tab || bytes[offset] == 0x7F
        {
            return fail(.controlCharacter, at: offset)
        }
    }

    /// Whether `bytes[start..<end]` is "SIP/" in any case.
    private static func isVersion(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Bool {
        end - start == 4 && bytes[start] | 0x20 == UInt8(ascii: "s") && bytes[start + 1] | 0x20 == UInt8(ascii: "i")
            && bytes[start + 2] | 0x20 == UInt8(ascii: "p") && bytes[start + 3] == Octet.slash
    }

    /// Whether " SIP/" stands anywhere in the line: what lacks it is another protocol.
    private static func mentionsVersion(_ bytes: Span<UInt8>, to end: Int) -> Bool {
        var offset = end - 5
        while offset > 0 {
            if bytes[offset] == Octet.space, isVersion(bytes, from: offset + 1, to: offset + 5) { return true }
            offset -= 1
        }
        return false
    }

    private mutating func parseHeaderLines(_ bytes: Span<UInt8>, from start: Int, hasControls: Bool) {
        var offset = start
        while offset < headEnd, bytes[offset] != Octet.carriageReturn, written < lines {
            let nameStart = offset
            var isFolded = false
            offset = endOfValue(bytes, from: nameStart, isFolded: &isFolded)
            defer { offset += 2 }
            var colon = nameStart
            while colon < offset, bytes[colon] != Octet.colon { colon += 1 }
            // Deviation: RFC 3261 §25.1 allows SP and HTAB before the colon. SP is read, as RFC 4475 §3.1.1.1 wants it;
            // HTAB is a control character, and elements differ about it, so that it is refused.
            var nameEnd = colon
            while nameEnd > nameStart, bytes[nameEnd - 1] == Octet.space { nameEnd -= 1 }
            // A name that is known is a token.
            let name = HeaderNameTable.shared.lookUp(bytes, from: nameStart, to: nameEnd)
            if name == .other || colon == offset, let fault = Self.fault(inName: bytes, from: nameStart, to: offset) {
                fail(.headerNameMalformed, at: fault)
                continue
            }
            guard nameEnd - nameStart <= 255 else {
                fail(.headerNameTooLong, at: nameStart)
                continue
            }
            let irregular = isFolded || colon > nameEnd
            writeEntry(name, nameStart..<nameEnd, storage.span.trimmed(from: colon + 1, to: offset), irregular)
            if hasControls, let control = Self.strayControl(in: storage[colon + 1..<offset]) {
                fail(.controlCharacter, at: control)
            }
        }
    }

    /// Where a line stops being a token, spaces and a colon; nil when it begins with these.
    private static func fault(inName bytes: Span<UInt8>, from start: Int, to end: Int) -> Int? {
        var offset = start
        while offset < end, bytes[offset].isToken { offset += 1 }
        let nameEnd = offset
        while offset < end, bytes[offset] == Octet.space { offset += 1 }
        return nameEnd > start && offset < end && bytes[offset] == Octet.colon ? nil : offset
    }

    /// The end of a header value; RFC 3261 §7.3.1: a line that begins with white space continues the one before.
    private mutating func endOfValue(_ bytes: Span<UInt8>, from start: Int, isFolded: inout Bool) -> Int {
        var end = endOfLine(bytes, from: start)
        while end + 2 < headEnd, bytes[end + 2].isWhitespace {
            isFolded = true
            storage[end] = Octet.space
            storage[end + 1] = Octet.space
            end = endOfLine(bytes, from: end + 2)
        }
        return end
    }

    private mutating func writeEntry(
        _ name: HeaderName, _ nameRange: Range<Int>, _ value: Extent, _ irregular: Bool
    ) {
        let identifier = name.rawValue | (irregular ? MessageIndex.irregular : 0)
        let entry =
            UInt64(UInt16(truncatingIfNeeded: nameRange.lowerBound))
            | UInt64(UInt8(truncatingIfNeeded: nameRange.count)) << 16
            | UInt64(identifier) << 24
            | UInt64(UInt16(truncatingIfNeeded: value.start)) << 32
            | UInt64(UInt16(truncatingIfNeeded: value.end)) << 48
        RawBytes.store(entry, to: &storage, at: entries + written * MessageIndex.entrySize)
        fields.insert(name)
        written += 1
    }

    private mutating func writeRecord() {
        let record = storage.count - MessageIndex.recordSize
        RawBytes.store(UInt32(truncatingIfNeeded: headEnd), to: &storage, at: record)
        RawBytes.store(UInt32(truncatingIfNeeded: messageEnd), to: &storage, at: record + 4)
        RawBytes.store(UInt16(truncatingIfNeeded: written), to: &storage, at: record + 8)
        storage[record + 10] = flags
        storage[record + 11] = method.rawValue
        RawBytes.store(UInt16(truncatingIfNeeded: numbers.0), to: &storage, at: record + 12)
        RawBytes.store(UInt16(truncatingIfNeeded: numbers.1), to: &storage, at: record + 14)
        RawBytes.store(UInt16(truncatingIfNeeded: numbers.2), to: &storage, at: record + 16)
        RawBytes.store(fields.low, to: &storage, at: record + MessageIndex.fieldsOffset)
        RawBytes.store(fields.high, to: &storage, at: record + MessageIndex.fieldsOffset + 8)
    }

    /// RFC 3261 §25.1: control characters stand in a quoted pair only. HTAB is white space.
    static func strayControl(in value: ArraySlice<UInt8>) -> Int? {
        var isQuoted = false
        var offset = value.startIndex
        while offset < value.endIndex {
            let octet = value[offset]
            if octet == Octet.quote {
                isQuoted.toggle()
            } else if octet == Octet.backslash, isQuoted {
                offset += 1
            } else if octet < Octet.space && octet != Octet.tab || octet == 0x7F {
                return offset
            }
            offset += 1
        }
        return nil
    }
}
