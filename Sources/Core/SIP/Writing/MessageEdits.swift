/// What changes between a message as received and as forwarded. A list of small records over one array of octets, so
/// that a server keeps one and empties it for each message.
public struct MessageEdits: Sendable {
    enum Operation: Sendable {
        case requestURI(Range<Int>)
        case prepend(HeaderName, Range<Int>)
        case append(HeaderName, Range<Int>)
        /// The name in octets, then the value.
        case appendNamed(Range<Int>, Range<Int>)
        case remove(HeaderNameSet)
        case removeFirst(HeaderName, Int)
        case replaceFirst(HeaderName, Range<Int>)
        case replace(HeaderName, Range<Int>)
        case body(Range<Int>)
    }

    private(set) var operations: [Operation] = []
    private var octets: [UInt8] = []
    /// The fields that an operation touches in place.
    private(set) var touched: HeaderNameSet = []

    /// No changes.
    public init() {}

    /// Whether nothing changes.
    public var isEmpty: Bool { operations.isEmpty }

    /// Forgets every change and keeps the memory.
    public mutating func removeAll() {
        operations.removeAll(keepingCapacity: true)
        octets.removeAll(keepingCapacity: true)
        touched = []
    }

    /// Replaces the Request-URI. The caller vouches for its grammar.
    public mutating func setRequestURI(_ uri: some Sequence<UInt8>) {
        operations.append(.requestURI(keep(uri)))
    }

    /// Adds a line above all others; of several, the last one added stands topmost.
    public mutating func prepend(_ name: HeaderName, _ value: some Sequence<UInt8>) {
        operations.append(.prepend(name, keep(value)))
    }

    /// Adds a line above all others, whose value `write` appends.
    public mutating func prepend(_ name: HeaderName, _ write: (inout [UInt8]) -> Void) {
        operations.append(.prepend(name, keep(write)))
    }

    /// Adds a line below all others, whose value `write` appends.
    public mutating func append(_ name: HeaderName, _ write: (inout [UInt8]) -> Void) {
        operations.append(.append(name, keep(write)))
    }

    /// Adds a line below all others.
    public mutating func append(_ name: HeaderName, _ value: some Sequence<UInt8>) {
        operations.append(.append(name, keep(value)))
    }

    /// Adds a line of a field without a case of its own below all others.
    public mutating func append(named name: String, _ value: some Sequence<UInt8>) {
        let kept = keep(name.utf8)
        operations.append(.appendNamed(kept, keep(value)))
    }

    /// Removes every line of the field.
    public mutating func remove(_ name: HeaderName) { remove(HeaderNameSet(name)) }

    /// Removes every line of each of these fields.
    public mutating func remove(_ names: HeaderNameSet) {
        touched.formUnion(names)
        operations.append(.remove(names))
    }

    /// Removes the first `count` elements of a comma list, over its lines: the topmost Via, the first Route.
    public mutating func removeFirst(_ name: HeaderName, _ count: Int = 1) {
        touched.insert(name)
        operations.append(.removeFirst(name, count))
    }

    /// Replaces the first element of a comma list that was received by what `write` appends. Nothing happens when there is none.
    public mutating func replaceFirst(_ name: HeaderName, _ write: (inout [UInt8]) -> Void) {
        touched.insert(name)
        operations.append(.replaceFirst(name, keep(write)))
    }

    /// Replaces the whole field by one line, in the place of its first; adds it below all others when it is absent.
    public mutating func replace(_ name: HeaderName, _ value: some Sequence<UInt8>) {
        touched.insert(name)
        operations.append(.replace(name, keep(value)))
    }

    /// Replaces the whole field by one line with a number.
    public mutating func replace(_ name: HeaderName, decimal number: UInt32) {
        touched.insert(name)
        operations.append(.replace(name, keep { $0.append(decimal: UInt64(number)) }))
    }

    /// Replaces the body; Content-Length follows by itself, Content-Type is the caller's.
    public mutating func setBody(_ body: some Sequence<UInt8>) {
        operations.append(.body(keep(body)))
    }

    func text(_ range: Range<Int>) -> ArraySlice<UInt8> { octets[range] }

    func touches(_ name: HeaderName) -> Bool { touched.contains(name) }

    private mutating func keep(_ write: (inout [UInt8]) -> Void) -> Range<Int> {
        let start = octets.count
        write(&octets)
        return start..<octets.count
    }

    private mutating func keep(_ value: some Sequence<UInt8>) -> Range<Int> {
        let start = octets.count
        octets.append(contentsOf: value)
        return start..<octets.count
    }
}
