/// Reads an input as a list of choices, from its front. At the end every choice is zero, so that any octets are a whole input
/// and a longer one only adds to it.
struct Choices {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Whether everything was read.
    var isAtEnd: Bool { position >= bytes.count }

    /// The next octet.
    mutating func octet() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    /// A number below `bound`, which is at least 1.
    mutating func number(below bound: Int) -> Int {
        guard bound > 256 else { return Int(octet()) % max(bound, 1) }
        return (Int(octet()) << 8 | Int(octet())) % bound
    }

    /// One of the elements; nil when there are none.
    mutating func element<Element>(of elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[number(below: elements.count)]
    }

    /// Some octets: their number stands first, in one octet or, from 255 on, in three.
    mutating func octets(atMost limit: Int) -> [UInt8] {
        var count = Int(octet())
        if count == 255 { count = Int(octet()) << 8 | Int(octet()) }
        let end = min(position + min(count, limit), bytes.count)
        defer { position = end }
        return position < end ? Array(bytes[position..<end]) : []
    }

    /// Everything that is left.
    mutating func rest() -> [UInt8] {
        defer { position = bytes.count }
        return position < bytes.count ? Array(bytes[position...]) : []
    }
}
