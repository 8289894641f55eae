import SIP
import Testing

@Suite("Stream framing")
struct FramingTests {
    @Test("RFC 3261 §18.3: any split of the stream gives the same messages")
    func splits() {
        let folded = invite("Subject: one\n two\n\tthree\ns: again")
        let stream = invite() + invite(body: "v=0\r\n") + [13, 10, 13, 10] + folded + [13, 10] + invite()
        let whole = summary(frames(stream))
        #expect(whole.count == 5)
        for size in 1...97 { #expect(summary(frames(stream, piece: size)) == whole, "pieces of \(size)") }
    }

    @Test("RFC 5626 §3.5.1: two CRLF between messages are a ping, one is ignored")
    func pings() {
        #expect(summary(frames([13, 10, 13, 10])) == ["ping"])
        #expect(summary(frames([13, 10, 13, 10], piece: 1)) == ["ping"])
        #expect(summary(frames([13, 10, 13, 10, 13, 10, 13, 10])) == ["ping", "ping"])
        #expect(frames([13, 10] + invite()).count == 1)
    }

    @Test("RFC 5626 §3.5.1: the side that pings sees each CRLF as a pong")
    func pongs() {
        var framer = StreamFramer(keepAlive: .sendsPings)
        var result: [Framed] = []
        framer.receive([13, 10] + invite() + [13, 10], into: &result)
        #expect(result.count == 3)
        #expect(summary([result[0], result[2]]) == ["pong", "pong"])
    }

    @Test(
        "Each way to break the stream is named, and answered or closed",
        arguments: [
            ("INVITE sip:a@b.example SIP/2.0\nVia: x\rmore\n\n", SIPViolation.Kind.bareCarriageReturn, true),
            ("GET / HTTP/1.1\nHost: x\nContent-Length: 0\n\n", .notSIP, true),
            ("INVITE sip:a@b.example SIP/2.0\n folded\nContent-Length: 0\n\n", .foldedStartLine, true),
            ("INVITE sip:a@b.example SIP/2.0\nVia x\nContent-Length: 0\n\n", .headerNameMalformed, true),
            ("INVITE sip:a@b.example SIP/2.0\n: x\nContent-Length: 0\n\n", .headerNameMalformed, true),
            ("INVITE sip:a@b.example SIP/2.0\nSubject\t: x\nContent-Length: 0\n\n", .headerNameMalformed, true),
            ("INVITE sip:a@b.example SIP/2.0\nSub(ject: x\nContent-Length: 0\n\n", .headerNameMalformed, true),
            ("INVITE sip:a@b.example SIP/2.0\nSubject: a\u{0}b\nContent-Length: 0\n\n", .controlCharacter, false),
            ("INVITE sip:a@b.example SIP/2.0\nSubject: a\u{7F}b\nContent-Length: 0\n\n", .controlCharacter, false),
            ("INVITE sip:a@b.example SIP/2.0\nVia: x\n\n", .contentLengthMissing, true),
            ("INVITE sip:a@b.example SIP/2.0\nl: 0\nContent-Length: 0\n\n", .contentLengthRepeated, true),
            ("INVITE sip:a@b.example SIP/2.0\nContent-Length: -1\n\n", .contentLengthMalformed, true),
            ("INVITE sip:a@b.example SIP/2.0\nContent-Length: 1 2\n\n", .contentLengthMalformed, true),
            ("INVITE sip:a@b.example SIP/2.0\nContent-Length:\n\n", .contentLengthMalformed, true),
            ("INVITE sip:a@b.example SIP/2.0\nContent-Length: 99999999999999999999\n\n", .bodyTooLarge, true),
            ("INVITE  sip:a@b.example SIP/2.0\nContent-Length: 0\n\n", .requestLineMalformed, false),
            ("INVITE sip:a@b.example SIP/2\nContent-Length: 0\n\n", .requestLineMalformed, false),
            ("SIP/2.0 2000 OK\nContent-Length: 0\n\n", .statusLineMalformed, false),
            ("SIP/2.0 99 OK\nContent-Length: 0\n\n", .statusLineMalformed, false),
        ])
    func violations(text: String, kind: SIPViolation.Kind, closes: Bool) {
        for size in [Int.max, 1, 7] {
            guard case .violation(let violation, _)? = frames(wire(text), piece: size).first else {
                Issue.record("no violation in \(text)")
                return
            }
            #expect(violation.kind == kind)
            #expect(violation.closes == closes)
        }
    }

    @Test("A control character is answered, but not in what the answer copies")
    func answerableControls() {
        #expect(summary(frames(invite("Subject: a\u{0}b"))).first?.hasSuffix(" answerable") == true)
        let call = String(decoding: invite(), as: UTF8.self).replacing("Call-ID: a", with: "Call-ID: \u{1}")
        #expect(summary(frames(Array(call.utf8))).first?.hasSuffix(" unanswerable") == true)
    }

    @Test("A bare line feed ends the stream at once")
    func bareLineFeed() {
        let framed = frames(Array("INVITE sip:a@b.example SIP/2.0\nVia: x".utf8))
        #expect(summary(framed) == ["bareLineFeed at 30 unanswerable"])
    }

    @Test("RFC 3261 §7.3.1: a fold is the same as a space, also inside Content-Length")
    func folds() throws {
        let bytes = wire("OPTIONS sip:a@b.example SIP/2.0\nSubject: one\n\t two\nContent-Length:\n 3\n\nabc")
        let message = try SIPMessage.parse(bytes)
        #expect(message.value(of: .subject)?.text == "one  \t two")
        #expect(message.body.text == "abc")
    }

    @Test("Limits stand before anything is allocated, and their neighbours pass")
    func limits() {
        let limits = SIPLimits(headBytesMax: 512, bodyBytesMax: 10, headerLinesMax: 10, requestURIBytesMax: 64)
        let lines = { (count: Int) in (0..<count).map { "X\($0): y\n" }.joined() }
        let start = "OPTIONS sip:a@b.example SIP/2.0\n"
        func kind(_ text: String) -> SIPViolation.Kind? {
            guard case .violation(let violation, _)? = frames(wire(text), limits: limits).first else { return nil }
            #expect(
                summary(frames(wire(text), limits: limits)) == summary(frames(wire(text), piece: 3, limits: limits)))
            return violation.kind
        }
        #expect(kind(start + lines(9) + "Content-Length: 0\n\n") == nil)
        #expect(kind(start + lines(10) + "Content-Length: 0\n\n") == .tooManyHeaderLines)
        #expect(kind(start + "Content-Length: 10\n\n0123456789") == nil)
        #expect(kind(start + "Content-Length: 11\n\n0123456789A") == .bodyTooLarge)
        #expect(kind(start + "X: " + String(repeating: "y", count: 600) + "\nContent-Length: 0\n\n") == .headTooLarge)
        let longURI = "OPTIONS sip:" + String(repeating: "a", count: 61) + " SIP/2.0\nContent-Length: 0\n\n"
        #expect(kind(longURI) == .requestURITooLong)
    }

    @Test("A violation that leaves the end of the message known lets the next message through")
    func continues() {
        let broken = Array(String(decoding: invite(), as: UTF8.self).replacing("INVITE sip", with: "INVITE  sip").utf8)
        let framed = frames(broken + invite())
        #expect(framed.count == 2)
        guard case .violation(let violation, let request?) = framed[0], case .message = framed[1] else {
            Issue.record("expected a violation and a message")
            return
        }
        #expect(violation.answer == .respond(status: 400, reason: "Malformed Request Line"))
        var response: [UInt8] = []
        ResponseWriter(to: request, status: 400).write(into: &response)
        #expect(throws: Never.self) { try SIPMessage.parse(response) }
    }

    @Test("Nothing stays in the framer between messages, and storage has its exact size")
    func memory() throws {
        var framer = StreamFramer()
        var result: [Framed] = []
        let bytes = invite(body: "v=0\r\n")
        framer.receive(Array(bytes.dropLast(3)), into: &result)
        #expect(framer.hasPartial)
        #expect(framer.partialByteCount == bytes.count - 3)
        framer.receive(Array(bytes.suffix(3)), into: &result)
        #expect(!framer.hasPartial)
        #expect(framer.partialByteCount == 0)
        #expect(MemoryLayout<SIPMessage>.size == 8)
        #expect(MemoryLayout<StreamFramer>.size <= 64)
        let message = try #require(result.first.flatMap { if case .message(let message) = $0 { message } else { nil } })
        #expect(message.storageByteCount <= bytes.count + 8 * message.lineCount + 64)
    }

    @Test("Octets of a whole stream never trap, whatever one of them becomes")
    func mutations() {
        let good = invite("Route: <sip:edge.example;lr>, <sip:b.example;lr>\nSubject: a\n b", body: "v=0\r\n")
        for index in good.indices {
            for octet: UInt8 in [0, 9, 10, 13, 32, 34, 44, 58, 59, 60, 62, 64, 91, 92, 127, 200] {
                var bytes = good
                bytes[index] = octet
                for item in frames(bytes) {
                    guard case .message(let message) = item else { continue }
                    _ = problem(of: message)
                    _ = (message.topVia, message.contacts, message.routes, message.cSeq, message.mediaLines)
                    var output: [UInt8] = []
                    message.serialise(into: &output)
                    #expect(throws: Never.self, "octet \(octet) at \(index)") { try SIPMessage.parse(output) }
                }
            }
        }
    }
}
