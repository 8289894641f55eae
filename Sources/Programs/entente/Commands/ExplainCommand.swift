import ArgumentParser
import Foundation
import Trust

/// The trace of a verdict.
struct ExplainCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show why a link was admitted or refused, rule by rule.",
        discussion: """
            Examples:
              entente explain 0-3-1                   a live link, by its number in entente connections
              entente explain fe1.example.org         a peer, by name or address
              entente explain E601                    the newest refusals with this code
              entente explain stranger.pem            what would be decided if this certificate came in
            """)
    @OptionGroup var options: GlobalOptions
    @Argument(help: "A connection's number, a peer's name or address, a code, or a PEM file.", completion: .file())
    var what: String

    func perform() async throws {
        if FileManager.default.fileExists(atPath: what) {
            let verdict = try CertificateTrial(chain: try NamedFile.certificates(what)).verdict(in: options.folder)
            return print(VerdictText.json(of: verdict), VerdictText.text(of: verdict))
        }
        guard what.utf8.allSatisfy(Self.isPlain) else {
            throw CommandFailure(
                .usage, "`\(what)` is no file, number, name, address or code", next: "entente connections")
        }
        let name = TrustCode.allCases.contains { $0.rawValue == what.uppercased() } ? what.uppercased() : what
        let value = try await admin.get("/explain", ["what": name])
        let texts = (value["verdicts"]?.arrayValue ?? []).map(Self.text)
        print(value, texts.joined(separator: "\n\n"))
    }

    /// What may stand in names, addresses and numbers.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"):
            true
        default: false
        }
    }

    private static func text(_ verdict: JSONValue) -> String {
        let code = verdict["code"]?.stringValue
        let head =
            code.map { "\(Terminal.mark("REFUSED", .bad)) \($0)" } ?? Terminal.mark("ADMITTED", .good)
        let claims = verdict.texts("claims")
        let claim = code == nil || claims.isEmpty ? "" : ", claims \(claims.joined(separator: ", "))"
        let evidence = verdict["evidence"] ?? .null
        let tls = "TLS \(evidence.shown("tlsVersion")), \(evidence.shown("group"))"
        return """
            \(head)  \(verdict.shown("peer"))\(claim)  at \(verdict.shown("time"))
                 connection \(verdict.shown("conn")), \(verdict.shown("address")), \(tls), epoch \(verdict.shown("epoch"))
            \(VerdictText.text(of: verdict["trace"] ?? .null))
            """
    }
}
