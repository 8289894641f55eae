/// The elements of a field that is a comma list, over all of its lines, in order. Each has no white space at its ends.
///
/// A comma inside a quoted string or between `<` and `>` separates nothing. An empty element is handed out as an empty
/// slice, so that a typed parse can refuse it.
public struct HeaderElements: Sequence, Sendable {
    let message: SIPMessage
    let name: HeaderName

    /// Starts at the first line.
    public func makeIterator() -> Iterator { Iterator(message: message, name: name) }

    /// Goes through the elements.
    public struct Iterator: IteratorProtocol {
        private let message: SIPMessage
        private let name: HeaderName
        private var line: Int?
        private var rest: ArraySlice<UInt8>?

        init(message: SIPMessage, name: HeaderName) {
            self.message = message
            self.name = name
            line = message.firstLine(of: name)
            rest = line.map { message.line($0).value }
        }

        /// The next element; nil at the end.
        public mutating func next() -> ArraySlice<UInt8>? {
            while true {
                if let value = rest {
                    let comma = value.firstElementEnd
                    rest = comma < value.endIndex ? value.from(comma + 1) : nil
                    return value[value.startIndex..<comma].trimmed
                }
                guard let current = line else { return nil }
                line = message.firstLine(of: name, from: current + 1)
                rest = line.map { message.line($0).value }
            }
        }
    }
}

extension Span<UInt8> {
    /// Where the first comma at or after `start` stands that separates list elements; the end when there is none.
    func elementEnd(from start: Int = 0) -> Int {
        var offset = start
        var isQuoted = false
        var isBracketed = false
        while offset < count {
            switch self[offset] {
            case Octet.quote where !isBracketed:
                isQuoted.toggle()
            case Octet.backslash where isQuoted:
                offset += 1
            case Octet.less where !isQuoted:
                isBracketed = true
            case Octet.greater where !isQuoted:
                isBracketed = false
            case Octet.comma where !isQuoted && !isBracketed:
                return offset
            default:
                break
            }
            offset += 1
        }
        return count
    }

    /// Whether every element of this comma list passes, those before `start` aside.
    func areElements(from start: Int = 0, _ passes: (Span<UInt8>) -> Bool) -> Bool {
        var start = start
        while true {
            let end = elementEnd(from: start)
            guard passes(at(trimmed(from: start, to: end))) else { return false }
            if end >= count { return true }
            start = end + 1
        }
    }
}

extension ArraySlice<UInt8> {
    /// Where the first comma stands that separates list elements; the end when there is none.
    var firstElementEnd: Int { startIndex + span.elementEnd() }
}
