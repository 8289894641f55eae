import Basis
import SIP
import Server
import Testing
import Trust

/// T20: every limit of a message at one below, at itself and one above, through the framer and through a server.
@Suite("Threat T20: oversize and endless messages")
struct LimitTests {
    private let world: DecisionWorld

    init() throws { world = try .withPartnerAndPorts() }

    /// A MESSAGE of alice's to bob that is right in everything, with `lines`.
    private func message(_ lines: [String] = [], body: String = "") -> Draft {
        Draft.message("alice", to: "bob", lines).with { $0.body = body }
    }

    /// What became of octets that a signed-in client sends: the statuses that it got, and whether the link was closed and the
    /// message delivered.
    private func outcome(_ octets: [UInt8], piece: Int = .max) throws -> (statuses: [Int], closes: Bool, delivered: Int)
    {
        let home = try TestServer("fe1", in: world, users: ["alice", "bob"])
        let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
        for framed in frames(octets, piece: piece, limits: .outside) { home.handle(.received(alice, framed)) }
        return (home.statuses(alice), home.closed[alice] == .violation, home.read(bob).count)
    }

    private func expect(
        _ octets: [UInt8], _ statuses: [Int], closes: Bool, delivered: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for piece in [Int.max, 1_000] {
            let outcome = try outcome(octets, piece: piece)
            #expect(
                outcome == (statuses, closes, delivered), "pieces of \(piece): \(outcome)",
                sourceLocation: sourceLocation)
        }
    }

    @Test("Head: 12,288 octets pass, one more closes at once without an answer", arguments: [-1, 0, 1])
    func head(by difference: Int) throws {
        let target = SIPLimits.outside.headBytesMax + difference
        var draft = message(["X-Fill: "])
        draft.body = ""
        draft.lines[draft.lines.count - 1] += String(repeating: "x", count: target - draft.bytes.count)
        #expect(draft.bytes.count == target)
        try expect(draft.bytes, [], closes: difference > 0, delivered: difference > 0 ? 0 : 1)
    }

    @Test("Header lines: 96 pass, one more is 513 and closed", arguments: [-1, 0, 1])
    func headerLines(by difference: Int) throws {
        let before = String(decoding: message().bytes, as: UTF8.self).split(separator: "\r\n").count - 1
        let draft = message((0..<(SIPLimits.outside.headerLinesMax + difference - before)).map { "X-\($0): y" })
        try expect(draft.bytes, difference > 0 ? [513] : [], closes: difference > 0, delivered: difference > 0 ? 0 : 1)
        // A folded line counts once.
        let folded = message(["X-Fold: a" + String(repeating: "\r\n b", count: 200)])
        try expect(folded.bytes, [], closes: false, delivered: 1)
    }

    @Test("Body: 65,536 octets pass, one more is 513 and closed before any of it is kept", arguments: [-1, 0, 1])
    func body(by difference: Int) throws {
        let draft = message(body: String(repeating: "b", count: SIPLimits.outside.bodyBytesMax + difference))
        try expect(draft.bytes, difference > 0 ? [513] : [], closes: difference > 0, delivered: difference > 0 ? 0 : 1)
    }

    @Test("Request-URI: 2,048 octets pass, one more is 414, and the stream goes on", arguments: [-1, 0, 1])
    func requestURI(by difference: Int) throws {
        let draft = message().with { draft in
            draft.uri += ";x="
            draft.uri += String(
                repeating: "y", count: SIPLimits.outside.requestURIBytesMax + difference - draft.uri.utf8.count)
        }
        let next = message()
        try expect(
            draft.bytes + next.bytes, difference > 0 ? [414] : [], closes: false, delivered: difference > 0 ? 1 : 2)
    }

    @Test("Field name: 255 octets pass, one more is 400 and closed", arguments: [-1, 0, 1])
    func fieldName(by difference: Int) throws {
        let draft = message([String(repeating: "x", count: 255 + difference) + ": y"])
        try expect(draft.bytes, difference > 0 ? [400] : [], closes: difference > 0, delivered: difference > 0 ? 0 : 1)
    }

    @Test("One line may be as long as the head, and no longer", arguments: [-1, 0, 1])
    func line(by difference: Int) throws {
        // Endless lines are endless heads: nothing behind the limit is kept, whatever comes.
        var framer = StreamFramer(limits: .outside)
        var framed: [Framed] = []
        framer.receive(Array("MESSAGE sip:bob@contoso.example SIP/2.0\r\nX: ".utf8), into: &framed)
        let chunk = [UInt8](repeating: UInt8(ascii: "y"), count: 1_000)
        var sent = framer.partialByteCount
        while sent + chunk.count < SIPLimits.outside.headBytesMax + difference {
            framer.receive(chunk, into: &framed)
            sent += chunk.count
            #expect(framer.partialByteCount == sent && framed.isEmpty)
        }
        framer.receive(Array(chunk.prefix(SIPLimits.outside.headBytesMax + difference - sent)), into: &framed)
        #expect(framer.isDead == (difference >= 0) && framer.partialByteCount <= SIPLimits.outside.headBytesMax)
        framer.receive(chunk, into: &framed)
        #expect(framer.isDead && framer.partialByteCount == 0 && framed.count == 1)
    }

    @Test(
        "A Content-Length of 10 GB costs nothing: 513, closed, no octet kept, and whatever comes behind is not read",
        arguments: ["10737418240", "65537", "2147483648", "18446744073709551617", String(repeating: "9", count: 300)])
    func tenGigabytes(length: String) throws {
        let text = String(decoding: message().bytes, as: UTF8.self)
        let octets = Array(text.replacing("Content-Length: 0", with: "Content-Length: " + length).utf8)
        try expect(octets + message().bytes, [513], closes: true, delivered: 0)
        var framer = StreamFramer(limits: .outside)
        var framed: [Framed] = []
        for octet in octets { framer.receive([octet], into: &framed) }
        #expect(framer.isDead && framer.partialByteCount == 0 && framed.count == 1)
        for _ in 0..<1_000 { framer.receive([UInt8](repeating: 1, count: 1_024), into: &framed) }
        #expect(framer.partialByteCount == 0 && framed.count == 1)
    }

    @Test("A length that is allowed takes no room before its octets come")
    func promised() throws {
        let text = String(decoding: message().bytes, as: UTF8.self)
        let octets = Array(
            text.replacing("Content-Length: 0", with: "Content-Length: \(SIPLimits.outside.bodyBytesMax)").utf8)
        var framer = StreamFramer(limits: .outside)
        var framed: [Framed] = []
        framer.receive(octets, into: &framed)
        #expect(framed.isEmpty && framer.hasPartial && framer.partialByteCount == octets.count)
    }
}
