import Basis
import SIP

/// What the modules offer, called from another module. A generic function is not compiled again there for the type that it is
/// called with: each element of a sequence costs calls through witness tables, some hundred instructions. So this case rises
/// many times over when a part that is concrete becomes generic, or when what is generic is no longer made for one type.
struct ModuleBoundary: Benchmark {
    static let name = "boundary"
    static let summary = "header elements, parameters, edits, hexadecimal and slots, used from another module"
    static let iterations = 1_000

    private let message: SIPMessage
    private let value: [UInt8] = Array("<sip:alice@contoso.example>;expires=3600".utf8)
    private let here: ConnectionID
    private var edits = MessageEdits()
    private var slots = SlotTable<Int>(shard: ShardID(0))

    init() throws {
        message = try SIPMessage.parse(Requests.invite())
        for number in 0..<64 { _ = slots.insert(number, max: 128) }
        guard let id = slots.insert(64, max: 128) else { throw BenchmarkFailure("no slot") }
        here = id
    }

    mutating func step() throws -> Int {
        var sum = 0
        for element in message.elements(of: .allow) { sum += element.count }
        for number in 0..<message.lineCount { sum += message.line(number).value.count }
        if let via = message.topVia {
            for (name, value) in via.parameters { sum += name.count + (value?.count ?? 0) }
        }
        if let from = message.from, let uri = from.uri { sum += uri.host.count + from.parameters.count { _ in true } }
        edits.removeAll()
        edits.setRequestURI(value[5...].prefix { $0 != UInt8(ascii: ">") })
        edits.prepend(.contact, value)
        edits.append(.subject, "hello".utf8)
        edits.append(.organization, value[1..<20])
        sum += Hex.encodeBytes(value[..<16]).count
        if let number = slots[here] {
            sum += number
            _ = slots.update(here) { $0 = number ^ 1 }
        }
        return edits.isEmpty ? 0 : sum
    }
}
