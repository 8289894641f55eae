import ArgumentParser
import Foundation
import Authority
import Basis
import Node
import Trust

/// Adds a partner, or brings its record up to date.
struct PartnerAddCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Federate with an organisation, or bring its record up to date.",
        discussion: """
            Example: entente partner add fabrikam.example --edge sip.fabrikam.example --address 203.0.113.7:5061 --root fabrikam.pem

            The root is what its certificates are judged by, and for nobody else: compare its fingerprint with the partner by \
            another way. A provider speaks for several domains with one certificate: --kind provider --domains a.example,b.example.
            """)
    @OptionGroup var options: GlobalOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The partner's SIP domain.") var domain: String
    @Option(help: "The FQDN of its edge.") var edge: String
    @Option(help: "Where its edge listens, ADDRESS:PORT.") var address: String
    @Option(help: "Its root certificate, PEM or DER.", completion: .file()) var root: String
    @Option(help: "named, or provider.") var kind = PartnerKind.named.rawValue
    @Option(help: "All domains that it speaks for, with commas between (default: the domain).") var domains: String?
    @Option(help: "Names of which its certificate must prove one (default: the domains and the edge).")
    var identities: String?
    @Option(help: "What is asked of its issuers: required, whenPublished, none.") var revocation: String?

    func perform() async throws {
        let spoken = domains.map(Self.list) ?? [domain.lowercased()]
        guard let der = try NamedFile.certificates(root).first else {
            throw CommandFailure(.checkFailed, "\(root) holds no certificate")
        }
        let all = spoken.contains(domain.lowercased()) ? spoken : [domain.lowercased()] + spoken
        let principal = all.filter { $0 == domain.lowercased() } + all.filter { $0 != domain.lowercased() }
        let card = try PartnerCard(
            domains: principal, edge: edge.lowercased(),
            address: try Arguments.address(address, "--address", usual: nil),
            root: der)
        let editor = try await TopologyEditor(admin)
        var wanted = card.add(to: editor.topology)
        for index in wanted.partners.indices where wanted.partners[index].name == domain.lowercased() {
            wanted.partners[index].kind = try Arguments.word(kind, "--kind", as: PartnerKind.self)
            if let identities { wanted.partners[index].identities = Self.list(identities) }
            if let revocation {
                wanted.partners[index].revocation = try Arguments.word(
                    revocation, "--revocation", as: PartnerRevocation.self)
            }
        }
        let published = try await editor.publish(wanted, signedBy: try signing.signers(options.folder))
        let (json, text) = editor.report(wanted, published, what: "\(domain.lowercased()) is a partner")
        let fingerprint = Hex.encode(try CertificateFacts(der: der).fingerprint)
        var fields = json.objectValue ?? [:]
        fields["root_fingerprint"] = .string(fingerprint)
        print(.object(fields), "\(text)\n  root SHA-256 \(fingerprint) (compare it with the partner by another way)")
    }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
    }
}
