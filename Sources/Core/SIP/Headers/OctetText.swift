/// A stretch of a value, counted from its first octet. The layouts of typed values are made of these, so that a parse
/// makes no slice: slices count references, and most of what a parse finds is never asked for.
struct Extent: Sendable {
    private let low: UInt32
    private let high: UInt32

    /// `start` is at most `end`. Values of more than 4 GiB do not come into being: see `SIPLimits`.
    init(_ start: Int, _ end: Int) {
        low = UInt32(clamping: start)
        high = UInt32(clamping: end)
    }

    var start: Int { Int(low) }
    var end: Int { Int(high) }
    var count: Int { end - start }
    var isEmpty: Bool { low == high }

    /// The same octets, counted from one that stands `offset` before the first.
    func shifted(by offset: Int) -> Extent { Extent(start + offset, end + offset) }
}

extension ArraySlice<UInt8> {
    /// The octets of an extent; what of it lies beyond the end is left out.
    func at(_ extent: Extent) -> ArraySlice<UInt8> {
        let start = Swift.min(extent.start, count)
        let end = Swift.max(start, Swift.min(extent.end, count))
        return self[startIndex + start..<startIndex + end]
    }
}

extension Span<UInt8> {
    /// The octets of an extent, which was found in this span.
    @_lifetime(copy self)
    func at(_ extent: Extent) -> Span<UInt8> { extracting(extent.start..<extent.end) }

    /// Whether both have the same octets, letters compared without case.
    func equalsIgnoringCase(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for offset in indices where self[offset].lowercased != other[offset].lowercased { return false }
        return true
    }

    /// Whether these are the octets of `text`, letters compared without case.
    func equalsIgnoringCase(_ text: String) -> Bool { equalsIgnoringCase(text.utf8.span) }

    /// Whether both have the same octets.
    func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for offset in indices where self[offset] != other[offset] { return false }
        return true
    }

    /// Whether every octet belongs to a class.
    func areAll(_ belongs: (UInt8) -> Bool) -> Bool {
        for offset in indices where !belongs(self[offset]) { return false }
        return true
    }

    /// The first offset of `octet` at or after `start`; nil when there is none.
    func firstOffset(of octet: UInt8, from start: Int = 0) -> Int? {
        var offset = start
        while offset < count {
            if self[offset] == octet { return offset }
            offset += 1
        }
        return nil
    }

    /// The octets without SP and HTAB at either end.
    var trimmed: Extent { trimmed(from: 0, to: count) }

    /// The part from `start` to `end` without SP and HTAB at either end.
    func trimmed(from start: Int, to end: Int) -> Extent {
        var low = start
        var high = end
        while low < high, self[low].isWhitespace { low += 1 }
        while high > low, self[high - 1].isWhitespace { high -= 1 }
        return Extent(low, high)
    }

    /// The octets as a decimal number of at most 32 bits: digits only, at least one; nil otherwise and on overflow.
    var decimal: UInt32? {
        guard !isEmpty else { return nil }
        var result: UInt32 = 0
        for offset in indices {
            guard self[offset].isDigit else { return nil }
            let (product, overflow) = result.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt32(self[offset] - 0x30))
            guard !overflow, !carry else { return nil }
            result = sum
        }
        return result
    }

    /// The octets as a number of seconds: digits only; a number of more than 32 bits counts as the largest.
    var seconds: UInt32? {
        guard !isEmpty, areAll(\.isDigit) else { return nil }
        return decimal ?? .max
    }
}

extension ArraySlice<UInt8> {
    /// Whether these are the octets of `text`, letters compared without case.
    public func equalsIgnoringCase(_ text: String) -> Bool { span.equalsIgnoringCase(text) }

    /// Whether these are the octets of `other`, letters compared without case.
    public func equalsIgnoringCase(_ other: ArraySlice<UInt8>) -> Bool { span.equalsIgnoringCase(other.span) }

    /// Whether these are exactly the octets of `text`.
    public func equals(_ text: String) -> Bool { span.equals(text.utf8.span) }

    /// The octets as text, for people and for cold code; octets that are not UTF-8 become U+FFFD.
    public var text: String { String(decoding: self, as: UTF8.self) }

    /// The octets without SP and HTAB at either end.
    var trimmed: ArraySlice<UInt8> { at(span.trimmed) }

    /// The octets from `position` to the end; empty when `position` lies beyond it.
    func from(_ position: Int) -> ArraySlice<UInt8> {
        position >= endIndex ? self[endIndex..<endIndex] : self[position..<endIndex]
    }

    /// The octets as a decimal number of at most 32 bits: digits only, at least one; nil otherwise and on overflow.
    var decimal: UInt32? { span.decimal }

    /// The octets as a number of seconds: digits only; a number of more than 32 bits counts as the largest.
    var seconds: UInt32? { span.seconds }
}

extension [UInt8] {
    /// Appends the octets of `text`.
    public mutating func append(text: String) {
        let octets = text.utf8.span
        RawBytes.append(octets, from: 0, to: octets.count, to: &self)
    }

    /// Appends `number` in decimal.
    public mutating func append(decimal number: UInt64) {
        // 2^64 has 20 digits.
        var digits: InlineArray<20, UInt8> = .init(repeating: 0x30)
        var first = 19
        var rest = number / 10
        digits[19] = 0x30 + UInt8(truncatingIfNeeded: number % 10)
        while rest > 0 {
            first -= 1
            digits[first] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        RawBytes.append(digits.span, from: first, to: 20, to: &self)
    }

    /// Appends `number` in decimal.
    public mutating func append(decimal number: UInt16) { append(decimal: UInt64(number)) }
}
