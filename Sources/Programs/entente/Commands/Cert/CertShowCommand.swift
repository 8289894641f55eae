import ArgumentParser
import Basis
import Foundation
import Trust

/// One certificate in words.
struct CertShowCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a certificate: of our CA by serial or subject, or of a file.",
        discussion: """
            Examples:
              entente cert show fe1.example.org
              entente cert show stranger.pem
            """)
    @OptionGroup var options: GlobalOptions
    @Argument(help: "A serial number, a subject, or a PEM or DER file.", completion: .file()) var what: String

    func perform() async throws {
        var found: [(facts: CertificateFacts, isRevoked: Bool?)] = []
        if FileManager.default.fileExists(atPath: what) {
            found = try NamedFile.certificates(what).map { (try CertificateFacts(der: $0), nil) }
        } else {
            let records = try await admin.get("/certificates")["certificates"]?.arrayValue ?? []
            let digits = what.lowercased().filter { $0 != ":" }
            let matching = records.filter { record in
                record.shown("subject").lowercased() == what.lowercased()
                    || record.shown("serial").filter { $0 != ":" } == digits
            }
            guard let newest = matching.max(by: { $0.shown("not_before") < $1.shown("not_before") }),
                let der = Base64.decode(newest.shown("der"))
            else {
                throw CommandFailure(.checkFailed, "no certificate is known for `\(what)`", next: "entente cert list")
            }
            found = [(try CertificateFacts(der: der), newest["revoked"]?.boolValue)]
        }
        print(
            .object([
                "schema_version": .integer(1), "certificates": .array(found.map { Self.json($0.facts, $0.isRevoked) }),
            ]),
            found.map { Self.text($0.facts, $0.isRevoked) }.joined(separator: "\n\n"))
    }

    private static func rows(_ facts: CertificateFacts, _ isRevoked: Bool?) -> [(name: String, value: String)] {
        var rows = [
            ("subject", facts.subjectText), ("issuer", facts.issuerText), ("serial", facts.serialText),
            ("names", facts.names.summary), ("not_before", facts.notBefore.description),
            ("not_after", facts.notAfter.description), ("key", facts.keyPin.description),
            ("fingerprint", Hex.encode(facts.fingerprint)), ("authority", facts.isAuthority ? "yes" : "no"),
        ]
        if !facts.distributionPoints.isEmpty { rows.append(("crl", facts.distributionPoints.joined(separator: " "))) }
        if let isRevoked { rows.append(("revoked", isRevoked ? "yes" : "no")) }
        return rows
    }

    private static func json(_ facts: CertificateFacts, _ isRevoked: Bool?) -> JSONValue {
        .object(
            Dictionary(rows(facts, isRevoked).map { ($0.name, .string($0.value)) }, uniquingKeysWith: { $1 }))
    }

    private static func text(_ facts: CertificateFacts, _ isRevoked: Bool?) -> String {
        Terminal.table(
            [],
            rows(facts, isRevoked).map { row in
                row.name == "not_after" ? [row.name, TimeText.remaining(until: row.value)] : [row.name, row.value]
            })
    }
}
