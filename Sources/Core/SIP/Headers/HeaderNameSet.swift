/// Several fields by name: two words, so that asking costs no search and passing it on no memory.
public struct HeaderNameSet: Sendable, Hashable, ExpressibleByArrayLiteral {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

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
}
