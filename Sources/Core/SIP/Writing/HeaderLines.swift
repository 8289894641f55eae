/// Header lines as they will stand in a message, in one array: a server makes them before it knows which message they go into.
///
/// Line ends in names and values are dropped, so that no line can be smuggled in.
public struct HeaderLines: Sendable, ExpressibleByArrayLiteral {
    private(set) var bytes: [UInt8] = []

    /// No line.
    public init() {}

    /// The lines of the literal, in order.
    public init(arrayLiteral lines: (HeaderName, [UInt8])...) {
        for (name, value) in lines { add(name, value[...]) }
    }

    /// Adds a line.
    public mutating func add(_ name: HeaderName, _ value: ArraySlice<UInt8>) {
        add(name) { $0.append(contentsOf: value) }
    }

    /// Adds a line.
    public mutating func add(_ name: HeaderName, _ value: [UInt8]) { add(name, value[...]) }

    /// Adds a line.
    public mutating func add(_ name: HeaderName, _ value: String) { add(name) { $0.append(text: value) } }

    /// Adds a line whose value `write` appends.
    public mutating func add(_ name: HeaderName, _ write: (inout [UInt8]) -> Void) {
        if bytes.isEmpty { bytes.reserveCapacity(Self.usualSize) }
        bytes.append(text: name.text)
        bytes.append(text: ": ")
        let start = bytes.count
        write(&bytes)
        bytes.dropLineEnds(from: start)
        bytes.appendLineEnd()
    }

    /// Adds a line of a field without a case of its own.
    public mutating func add(named name: String, _ value: String) {
        let start = bytes.count
        bytes.append(text: name)
        bytes.append(text: ": ")
        bytes.append(text: value)
        bytes.dropLineEnds(from: start)
        bytes.appendLineEnd()
    }

    /// What the lines of a 200 to REGISTER need.
    private static let usualSize = 256
}

extension [UInt8] {
    /// Takes out every CR and LF at or after `start`.
    mutating func dropLineEnds(from start: Int) {
        var offset = start
        while true {
            offset = RawBytes.nextControl(in: span, from: offset, to: count)
            guard offset < count else { return }
            if self[offset] == Octet.carriageReturn || self[offset] == Octet.lineFeed {
                remove(at: offset)
            } else {
                offset += 1
            }
        }
    }
}
