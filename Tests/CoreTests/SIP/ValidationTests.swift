import SIP
import Testing

@Suite("Request validation")
struct ValidationTests {
    /// The plain INVITE with one line replaced or left out.
    private func request(_ line: String, becomes new: String?) throws -> SIPMessage {
        let lines = String(decoding: invite(), as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        let changed = lines.compactMap { $0.hasPrefix(line) ? new.map { Substring($0) } : $0 }
        return try SIPMessage.parse(Array(changed.joined(separator: "\r\n").utf8))
    }

    @Test(
        "RFC 3261 §16.3: each check in its place",
        arguments: [
            ("INVITE", "INVITE sip:bob@biloxi.example SIP/3.0", 505), ("INVITE", "INVITE foo:bar SIP/2.0", 416),
            ("INVITE", "INVITE sip:bob@ SIP/2.0", 400), ("INVITE", "INVITE sip:b@c.example?a=b SIP/2.0", 400),
            ("INVITE", "INVITE tel:+123 SIP/2.0", nil), ("Max-Forwards", "Max-Forwards: 0", 483),
            ("Max-Forwards", "Max-Forwards: 1", nil), ("Max-Forwards", "Max-Forwards: 256", 400),
            ("Max-Forwards", "Max-Forwards: x", 400), ("Max-Forwards", nil, nil), ("Via", nil, 400), ("To", nil, 400),
            ("From", nil, 400), ("Call-ID", nil, 400), ("CSeq", nil, 400), ("CSeq", "CSeq: 1 OPTIONS", 400),
            ("CSeq", "CSeq: 1 INVITE\r\nCSeq: 1 INVITE", 400),
            ("To", "To: <sip:a@b.example>\r\nt: <sip:a@b.example>", 400),
            ("Call-ID", "Call-ID: a@b@c", 400), ("Call-ID", "Call-ID: a b", 400), ("Via", "Via: SIP/2.0/TLS ,", 400),
            ("From", "From: <sip:a@b.example>;tag=1;tag=2", 400), ("From", "From: \"x <sip:a@b.example>", 400),
            ("Contact", "Contact: <sip:a@b.example>,", 400), ("Contact", "Contact: *, *", 400),
            ("Contact", "Route: sip:a.example;lr", 400), ("Contact", "Route: <sip:a.example;lr>", nil),
            ("Contact", "Path: <tel:+1>", 400), ("Contact", "Content-Type: text", 400),
            ("Contact", "Proxy-Require: foo, bar", 420), ("Contact", "Proxy-Require: path", nil),
            ("Contact", "Require: foo", nil), ("Contact", "Max-Breadth: many", 400), ("Contact", "Expires: soon", 400),
            ("Contact", "Supported:", nil), ("Contact", "Require: a b", 400), ("Contact", "X-Anything: ;;,", nil),
        ] as [(String, String?, Int?)])
    func proxy(line: String, new: String?, status: Int?) throws {
        let problem = problem(of: try request(line, becomes: new), supportedOptions: ["path"])
        #expect(problem.map { Int($0.status) } == status)
    }

    @Test("RFC 3261 §8.2.2.3: a UAS answers Require with the tags that it does not know")
    func require() throws {
        let message = try request("Contact", becomes: "Require: path, foo\r\nRequire: Bar")
        let refusal = problem(of: message, for: .userAgentServer, supportedOptions: ["path"])
        #expect(refusal?.status == 420)
        #expect(refusal?.unsupported.map(\.text) == ["foo", "Bar"])
        let last = try request("Max-Forwards", becomes: "Max-Forwards: 0")
        #expect(problem(of: last, for: .userAgentServer) == nil)
    }
}
