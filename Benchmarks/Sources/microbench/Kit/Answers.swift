import SIP

/// The answers of a telephone to one request that comes to it again and again under another branch: all but the topmost
/// Via is written once, so that what is measured is the server and not the telephone.
struct Answers {
    private let start: [UInt8]
    private let rest: [UInt8]
    private var octets: [UInt8] = []

    /// The answer with this status line to `forwarded`, a request as the server wrote it.
    init(_ statusLine: String, to forwarded: ArraySlice<UInt8>) throws {
        let request = try SIPMessage.parse(Array(forwarded))
        start = Array("SIP/2.0 \(statusLine)\r\n".utf8)
        var text = ""
        for via in request.elements(of: .via).dropFirst() { text += "Via: \(via.text)\r\n" }
        for (name, field) in [("From", HeaderName.from), ("Call-ID", .callID), ("CSeq", .cSeq)] {
            text += "\(name): \(request.value(of: field)?.text ?? "")\r\n"
        }
        text += "To: \(request.value(of: .to)?.text ?? "");tag=a6c85cf\r\nContent-Length: 0\r\n\r\n"
        rest = Array(text.utf8)
    }

    /// The answer to `forwarded`.
    mutating func answer(to forwarded: ArraySlice<UInt8>) throws -> [UInt8] {
        octets.removeAll(keepingCapacity: true)
        octets.append(contentsOf: start)
        // The topmost Via is the second line.
        guard let first = forwarded.firstIndex(of: 10),
            let second = forwarded[(first + 1)...].firstIndex(of: 10)
        else { throw BenchmarkFailure("what was forwarded has no second line") }
        octets.append(contentsOf: forwarded[(first + 1)...second])
        octets.append(contentsOf: rest)
        return octets
    }
}
