import SIP
import Testing

@Suite("Writing")
struct WritingTests {
    private func lines(_ bytes: [UInt8]) -> [String] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false).map(
            String.init)
    }

    @Test("Parse, serialise, parse gives the same, and lines that no edit touches keep their octets")
    func roundTrip() throws {
        let bytes = invite("X-Odd:   \tspaces  \nv: SIP/2.0/TLS b.example;branch=z9hG4bK2", body: "hello")
        let message = try SIPMessage.parse(bytes)
        var output: [UInt8] = []
        message.serialise(into: &output)
        #expect(output == bytes)
    }

    @Test("Folds, spaces before a colon and the compact Content-Length are written in the plain form")
    func plainForm() throws {
        let message = try SIPMessage.parse(
            wire(
                "OPTIONS sip:a@b.example sip/2.0\nl : 2\nVia  :  SIP/2.0/TLS h.example\n ;branch=z9hG4bK1\nSubject: x\n\nhi"
            ))
        var output: [UInt8] = []
        message.serialise(into: &output)
        #expect(
            lines(output) == [
                "OPTIONS sip:a@b.example SIP/2.0", "Via: SIP/2.0/TLS h.example   ;branch=z9hG4bK1", "Subject: x",
                "Content-Length: 2", "", "hi",
            ])
    }

    @Test("RFC 3261 §16.6: what a proxy changes")
    func proxyEdits() throws {
        let message = try SIPMessage.parse(
            invite("Route: <sip:me.example;lr>, <sip:next.example;lr>\nSubject: kept\nProxy-Authorization: Digest x"))
        var edits = MessageEdits()
        edits.setRequestURI("sip:bob@192.0.2.4".utf8)
        edits.prepend(.recordRoute, "<sip:me.example;lr>".utf8)
        edits.prepend(.via, "SIP/2.0/TLS me.example;branch=z9hG4bKme".utf8)
        edits.replace(.maxForwards, "69".utf8)
        edits.removeFirst(.route)
        edits.remove(.proxyAuthorization)
        edits.replace(.pAssertedIdentity, "<sip:alice@atlanta.example>".utf8)
        edits.append(named: "X-New", "1".utf8)
        var output: [UInt8] = Array("before".utf8)
        message.serialise(applying: edits, into: &output)
        #expect(
            lines(output) == [
                "beforeINVITE sip:bob@192.0.2.4 SIP/2.0", "Via: SIP/2.0/TLS me.example;branch=z9hG4bKme",
                "Record-Route: <sip:me.example;lr>",
                "Via: SIP/2.0/TLS pc33.atlanta.example:5061;branch=z9hG4bK776asdhds",
                "Max-Forwards: 69", "To: Bob <sip:bob@biloxi.example>",
                "From: Alice <sip:alice@atlanta.example>;tag=1928301774",
                "Call-ID: a84b4c76e66710@pc33.atlanta.example",
                "CSeq: 314159 INVITE", "Contact: <sip:alice@pc33.atlanta.example;transport=tls>",
                "Route: <sip:next.example;lr>", "Subject: kept", "P-Asserted-Identity: <sip:alice@atlanta.example>",
                "X-New: 1", "Content-Length: 0", "", "",
            ])
    }

    @Test("The first elements of a list leave over its lines; the first can be replaced")
    func listEdits() throws {
        let message = try SIPMessage.parse(
            invite("Route: <sip:a.example>,<sip:b.example>\nRoute: <sip:c.example>, <sip:d.example>"))
        func routes(_ change: (inout MessageEdits) -> Void) throws -> [String] {
            var edits = MessageEdits()
            change(&edits)
            var output: [UInt8] = []
            message.serialise(applying: edits, into: &output)
            return try SIPMessage.parse(output).elements(of: .route).map(\.text)
        }
        #expect(try routes { $0.removeFirst(.route, 3) } == ["<sip:d.example>"])
        #expect(try routes { $0.removeFirst(.route, 9) } == [])
        #expect(
            try routes { $0.replaceFirst(.route) { $0.append(text: "<sip:x.example>") } } == [
                "<sip:x.example>", "<sip:b.example>", "<sip:c.example>", "<sip:d.example>",
            ])
        #expect(
            try routes {
                $0.removeFirst(.route, 2)
                $0.replaceFirst(.route) { $0.append(text: "<sip:x.example>") }
            } == ["<sip:x.example>", "<sip:d.example>"])
        #expect(try routes { $0.removeAll() }.count == 4)
    }

    @Test("RFC 3261 §8.2.6.2: a response copies Via, From, To, Call-ID and CSeq")
    func response() throws {
        let request = try SIPMessage.parse(
            invite("Via: SIP/2.0/TLS b.example;branch=z9hG4bK2\nRecord-Route: <sip:p.example;lr>\nTimestamp: 5"))
        var writer = ResponseWriter(to: request, status: 200)
        writer.toTag = Array("a6c85cf".utf8)
        writer.copiesRecordRoute = true
        writer.received = Array("192.0.2.1".utf8)
        writer.add(.contact, "<sip:bob@192.0.2.4>")
        writer.setBody(type: "application/sdp", "v=0\r\n".utf8)
        var output: [UInt8] = []
        writer.write(into: &output)
        #expect(
            lines(output) == [
                "SIP/2.0 200 OK",
                "Via: SIP/2.0/TLS pc33.atlanta.example:5061;branch=z9hG4bK776asdhds;received=192.0.2.1",
                "Via: SIP/2.0/TLS b.example;branch=z9hG4bK2", "Record-Route: <sip:p.example;lr>",
                "From: Alice <sip:alice@atlanta.example>;tag=1928301774",
                "To: Bob <sip:bob@biloxi.example>;tag=a6c85cf",
                "Call-ID: a84b4c76e66710@pc33.atlanta.example", "CSeq: 314159 INVITE", "Contact: <sip:bob@192.0.2.4>",
                "Content-Type: application/sdp", "Content-Length: 5", "", "v=0", "",
            ])
        let parsed = try SIPMessage.parse(output)
        #expect(parsed.status == 200)
        #expect(parsed.toTag?.text == "a6c85cf")
        #expect((try? ValidResponse(parsed)) != nil)
        var trying: [UInt8] = []
        var writer100 = ResponseWriter(to: request, status: 100)
        writer100.toTag = Array("no".utf8)
        writer100.write(into: &trying)
        let parsed100 = try SIPMessage.parse(trying)
        #expect(parsed100.toTag == nil)
        #expect(parsed100.value(of: .timestamp)?.text == "5")
    }

    @Test("A line end in an argument cannot make a line")
    func injection() throws {
        var writer = RequestWriter(method: "MESSAGE", uri: "sip:a@b.example")
        writer.add(.subject, "x\r\nRoute: <sip:evil.example>")
        writer.add(named: "X-A", "b")
        let message = try #require(writer.message())
        #expect(message.lineCount == 3)
        #expect(!message.has(.route))
    }

    @Test("RFC 3261 §8.1.1: a request from nothing passes every check")
    func request() throws {
        var writer = RequestWriter(method: "MESSAGE", uri: "sip:bob@biloxi.example")
        writer.add(.via, "SIP/2.0/TLS a.example;branch=z9hG4bK1")
        writer.add(.from, "<sip:alice@atlanta.example>;tag=1")
        writer.add(.to, "<sip:bob@biloxi.example>")
        writer.add(.callID, "c1")
        writer.add(.cSeq, "1 MESSAGE")
        writer.add(.maxForwards, "70")
        writer.setBody(type: "text/plain", "hello".utf8)
        let message = try #require(writer.message())
        #expect(problem(of: message) == nil)
        #expect(message.body.text == "hello")
        #expect(reasonPhrase(for: 430) == "Flow Failed")
    }
}
