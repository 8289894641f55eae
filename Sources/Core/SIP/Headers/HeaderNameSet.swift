/// Several fields by name: two words, so that asking costs no search and passing it on no memory.
public struct HeaderNameSet: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// The fields with a raw value below 64, and the others: one bit each.
    private(set) var low: UInt64 = 0
    private(set) var high: UInt64 = 0

    init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// The names of the literal. `.other` stands for every field without a case of its own.
    public init(arrayLiteral names: HeaderName...) {
        for name in names { insert(name) }
    }

    /// One field alone.
    public init(_ name: HeaderName) {
        insert(name)
    }

    /// Whether the field is one of them.
    public func contains(_ name: HeaderName) -> Bool {
        let number = UInt64(name.rawValue)
        return number < 64 ? low >> number & 1 == 1 : high >> (number - 64) & 1 == 1
    }

    /// Adds a field.
    public mutating func insert(_ name: HeaderName) {
        let number = UInt64(name.rawValue)
        if number < 64 { low |= 1 << number } else { high |= 1 << (number - 64) }
    }

    /// Adds every field of `others`.
    public mutating func formUnion(_ others: HeaderNameSet) {
        low |= others.low
        high |= others.high
    }

    /// The fields of this set that are not in `others`.
    func subtracting(_ others: HeaderNameSet) -> HeaderNameSet {
        HeaderNameSet(low: low & ~others.low, high: high & ~others.high)
    }

    var isEmpty: Bool { low | high == 0 }
}
