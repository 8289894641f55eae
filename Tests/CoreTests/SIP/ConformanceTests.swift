import Foundation
import SIP
import Testing

/// The corpora lie beside the checkout, or where ENTENTE_CONFORMANCE says; without them the messages count as skipped.
private func corpus(_ folder: String) -> URL? {
    let named = ProcessInfo.processInfo.environment["ENTENTE_CONFORMANCE"].map { URL(fileURLWithPath: $0) }
    let root = URL(fileURLWithPath: #filePath).appending(path: "../../../../..").standardizedFileURL
    let place = (named ?? root.appending(path: "shared/conformance")).appending(path: folder)
    return FileManager.default.fileExists(atPath: place.path) ? place : nil
}

@Suite("Torture messages")
struct ConformanceTests {
    private func read(_ file: String, in folder: URL) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: file)))
    }

    /// What framer and checks say to the first message of `bytes`, and the message if there is one.
    private func judge(_ bytes: [UInt8]) -> (ConformanceVerdict, SIPMessage?) {
        guard let first = frames(bytes).first else { return (.awaited, nil) }
        switch first {
        case .message(let message):
            if message.isRequest {
                guard let problem = problem(of: message) else { return (.accepted, message) }
                return (.answered(Int(problem.status)), message)
            }
            return ((try? ValidResponse(message)) != nil ? .accepted : .dropped, message)
        case .violation(let violation, let request):
            switch violation.answer {
            case .respond(let status, _):
                #expect(request != nil, "\(violation) has nothing to answer")
                return (violation.closes ? .answeredAndClosed(Int(status)) : .answered(Int(status)), nil)
            case .discard: return (.dropped, nil)
            case .close: return (.answeredAndClosed(0), nil)
            }
        case .keepAlivePing, .keepAlivePong:
            return (.awaited, nil)
        }
    }

    private func run(_ cases: [ConformanceCase], folder name: String, title: String) throws {
        guard let folder = corpus(name) else {
            print("\(title): \(cases.count) skipped, no corpus")
            return
        }
        var right = 0
        for item in cases {
            let bytes = try read(item.file, in: folder)
            let (verdict, message) = judge(bytes)
            let isFact = verdict != .accepted || message.map(item.fact) == true
            #expect(verdict == item.verdict, "\(item.file), \(item.citation)")
            #expect(isFact, "\(item.file), \(item.citation)")
            if verdict == item.verdict, isFact { right += 1 }
            let reason = item.reason.isEmpty ? "" : ": \(item.reason)"
            print(
                "\(item.file.padding(toLength: 30, withPad: " ", startingAt: 0)) \(item.citation) \(verdict)\(reason)")
            let whole = summary(frames(bytes))
            for size in [1, 2, 3, 7, 64, 255] { #expect(summary(frames(bytes, piece: size)) == whole, "\(item.file)") }
            if let message { try checkRoundTrip(message, item.file) }
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(files == cases.map(\.file).sorted())
        print("\(title): \(right) of \(cases.count) as expected")
    }

    private func checkRoundTrip(_ message: SIPMessage, _ file: String) throws {
        var output: [UInt8] = []
        message.serialise(into: &output)
        let again = try SIPMessage.parse(output)
        let values = { (message: SIPMessage) in
            (0..<message.lineCount).map { message.line($0) }.filter { $0.name != .contentLength }
                .map { "\($0.nameBytes.text): \($0.value.text)" }
        }
        #expect(values(again) == values(message), "\(file)")
        #expect(again.body.elementsEqual(message.body), "\(file)")
        #expect(again.methodBytes.elementsEqual(message.methodBytes) && again.status == message.status, "\(file)")
    }

    @Test("RFC 4475 §3: the 49 messages")
    func rfc4475() throws {
        #expect(rfc4475Cases.count == 49)
        try run(rfc4475Cases, folder: "rfc4475", title: "RFC 4475")
    }

    @Test("RFC 5118 §4: the 12 messages")
    func rfc5118() throws {
        #expect(rfc5118Cases.count == 12)
        try run(rfc5118Cases, folder: "rfc5118", title: "RFC 5118")
    }

    @Test(
        "RFC 4475 §3.1.1.8: the second message comes through, behind a line end that RFC 3261 §7.5 ignores")
    func secondMessage() throws {
        guard let folder = corpus("rfc4475") else { return }
        let framed = frames(try read("dblreq.dat", in: folder))
        guard framed.count >= 2, case .message(let second) = framed[1] else {
            Issue.record("expected REGISTER, INVITE")
            return
        }
        #expect(second.method == .invite)
        #expect(second.body.count == 150)
    }

    @Test("RFC 4475 §3.1.2.15: with its empty line, a display name that is no token is answered with 400")
    func displayName() throws {
        guard let folder = corpus("rfc4475") else { return }
        let (verdict, _) = judge(try read("baddn.dat", in: folder) + [13, 10])
        #expect(verdict == .answered(400))
    }

    @Test("RFC 4475 §3.3.5: a user agent server refuses Require")
    func requireAtServer() throws {
        guard let folder = corpus("rfc4475") else { return }
        let message = try SIPMessage.parse(try read("bext01.dat", in: folder))
        let problem = problem(of: message, for: .userAgentServer)
        #expect(problem?.status == 420)
        #expect(problem?.unsupported.map(\.text) == ["nothingSupportsThis", "nothingSupportsThisEither"])
    }
}
