import Basis
import Foundation
import SIP
import Testing
import Trust

@testable import Server

/// T21: what a message is must not depend on who reads it. The rows are shared with `Interop/smuggling`, which shows them to
/// Kamailio as well.
@Suite("Threat T21: smuggling between hops")
struct SmugglingTests {
    /// One row of `Interop/ambiguous.json`: octets as Latin-1 text, and whether they are read as a message here.
    private struct Row: Decodable {
        let name: String
        let read: Bool
        let octets: String
    }

    private static let rows: [Row] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../../Interop/ambiguous.json")
        return (try? JSONDecoder().decode([Row].self, from: Data(contentsOf: file))) ?? []
    }()

    private static func octets(_ row: Row, call: String, branch: String) -> [UInt8] {
        var text = row.octets
        let inner = text.range(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? ""
        func fill(_ text: String) -> String {
            [
                "{uri}": "sip:bob@contoso.example", "{from}": "sip:alice@contoso.example",
                "{to}": "sip:bob@contoso.example", "{call}": call, "{branch}": branch,
            ].reduce(text) { $0.replacing($1.key, with: $1.value) }
        }
        text = text.replacing("{innerlength}", with: "\(fill(inner).utf8.count)")
        return fill(text).unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    }

    /// A reader that knows the plain form alone: lines of `name: value`, and one Content-Length that is right.
    private struct Plain: Equatable {
        var start = ""
        var fields: [[String]] = []
        var body: [UInt8] = []

        init?(_ octets: [UInt8]) {
            guard let end = octets.indices.first(where: { octets[$0...].starts(with: [13, 10, 13, 10]) }) else {
                return nil
            }
            let head = octets[..<end]
            // RFC 3261 §25.1: in a quoted pair any octet below 0x80 may stand but CR and LF.
            let controls = head.indices.filter { head[$0] < 32 && ![9, 10, 13].contains(head[$0]) || head[$0] == 127 }
            guard controls.allSatisfy({ $0 > 0 && head[$0 - 1] == UInt8(ascii: "\\") }) else { return nil }
            let text = String(decoding: head.flatMap { $0 < 128 ? [$0] : Array("\\\($0)".utf8) }, as: UTF8.self)
            var lines = text.components(separatedBy: "\r\n")
            guard !lines.contains(where: { $0.contains("\r") || $0.contains("\n") || $0.isEmpty }) else { return nil }
            start = lines.removeFirst()
            for line in lines {
                guard let colon = line.firstIndex(of: ":") else { return nil }
                let (name, rest) = (line[..<colon], line[colon...].dropFirst())
                guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || "-.!%*_+`'~".contains($0) }) else {
                    return nil
                }
                fields.append([String(name), rest.trimmingCharacters(in: CharacterSet(charactersIn: " \t"))])
            }
            let lengths = fields.filter { ["content-length", "l"].contains($0[0].lowercased()) }
            body = Array(octets[(end + 4)...])
            guard lengths.count == 1, lengths[0][1] == "\(body.count)" else { return nil }
        }

        /// The same from what our own parser read.
        init(_ message: SIPMessage) {
            func text(_ octets: some Sequence<UInt8>) -> String {
                String(decoding: octets.flatMap { $0 < 128 ? [$0] : Array("\\\($0)".utf8) }, as: UTF8.self)
            }
            start = text(message.head.prefix { $0 != 13 })
            fields = (0..<message.lineCount).map { [text(message.line($0).nameBytes), text(message.line($0).value)] }
            body = Array(message.body)
        }
    }

    @Test(
        "Each row is read or refused as it says, alike however the stream is cut, and what goes on is in the plain form"
    )
    func rows() throws {
        #expect(Self.rows.count > 100)
        for (number, row) in Self.rows.enumerated() {
            for piece in [Int.max, 1, 5] {
                let home = try TestServer("fe1", in: try DecisionWorld.shared.get(), users: ["alice", "bob"])
                let (alice, bob) = (try home.signedIn("alice"), try home.signedIn("bob"))
                let before = home.octets[bob]?.count ?? 0
                let octets = Self.octets(row, call: "c\(number)", branch: "z9hG4bKa\(number)")
                for framed in frames(octets, piece: piece, limits: .outside) { home.handle(.received(alice, framed)) }
                let written = Array((home.octets[bob] ?? []).dropFirst(before))
                let got = home.read(bob)
                let isTwo = row.name == "length zero, a message behind"
                #expect(
                    got.map { $0.callID?.text }
                        == (row.read ? ["c\(number)"] + (isTwo ? ["c\(number)-inner"] : []) : []),
                    "\(row.name)")
                guard row.read, got.count == 1 else { continue }
                let plain = Plain(written)
                #expect(plain != nil && plain == Plain(got[0]), "\(row.name): \(written[...].text)")
                #expect(
                    got[0].from?.uriBytes.text == "sip:alice@contoso.example" || row.name == "tag inside the brackets")
            }
        }
    }

    /// Pieces of which messages are made; most are legal, and together they are not.
    private static let pieces = [
        "Via: SIP/2.0/TLS a.example;branch=z9hG4bK1", "v: SIP/2.0/TLS b;x", "From: <sip:a@b>;tag=1", "f: sip:a@b;tag=2",
        "To: \"x\" <sip:c@d>", "t: \"a\\\"b, <sip:x@y>\" <sip:c@d>", "Call-ID: 1", "i: 2", "CSeq: 1 MESSAGE",
        "Subject: s",
        "Content-Length: 4", "l: 4", "L:4", "Content-Length : 4", "Content-Length: 04", "Content-Length:\r\n 4",
        "Content-Length: 4\r\n ", "X: a\r\n b", "X: a\r\n\tContent-Length: 9", "X:", "X: \u{4}", "X: \"\\\u{1}\"",
        "X: \"",
        "Content-Length: 0", "Transfer-Encoding: chunked", ": x", "X y: 1", "X\t: 1", "X   : 1", " folded", "X: \t ",
        "Route: <sip:a;lr>,<sip:b;lr>", "Content_Length: 3", "-: -", "X-\u{e9}: 1", "X: \u{e9}", "\u{0}: 1", "X: a\rb",
    ]

    @Test("What was read is the same after it was written, to our parser and to one that knows the plain form alone")
    func property() throws {
        var chance = Chance(seed: [UInt8](repeating: 21, count: 32))
        func pick(_ count: Int) -> Int { Int(chance.next() % UInt64(count)) }
        var accepted = 0
        for _ in 0..<20_000 {
            var lines = [
                ["MESSAGE sip:c@d SIP/2.0", "MESSAGE sip:c@d sip/2.0", "SIP/2.0 200 OK", "SIP/2.0 200 "][pick(4)]
            ]
            for _ in 0..<(1 + pick(6)) { lines.append(Self.pieces[pick(Self.pieces.count)]) }
            if pick(4) > 0 { lines.append(["Content-Length: 4", "l:4", "l : 4", "Content-Length: \r\n 4"][pick(4)]) }
            let text = lines.joined(separator: "\r\n") + "\r\n\r\nbody"
            let octets = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
            guard case .message(let message)? = frames(octets).first else { continue }
            accepted += 1
            let written = message.serialised()
            let plain = try #require(Plain(written), "\(text)")
            let again = try SIPMessage.parse(written)
            #expect(plain == Plain(again) && again.serialised() == written, "\(text)")
            // Content-Length moves to the end; everything else is where it was, and says what it said.
            func others(_ message: SIPMessage) -> [[String]] {
                Plain(message).fields.filter { !["content-length", "l"].contains($0[0].lowercased()) }
            }
            #expect(others(message) == others(again) && message.body == again.body, "\(text)")
        }
        #expect(accepted > 2_000)
    }
}

extension DecisionWorld {
    /// One world for tests that need many servers and change nothing in it.
    static let shared = Result { try DecisionWorld() }
}
