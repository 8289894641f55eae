import ArgumentParser
import Foundation
import Authority
import Basis
import Node
import Transport
import Trust

/// Adds a partner, or brings its record up to date.
struct PartnerAddCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Federate with an organisation, or bring its record up to date.",
        discussion: """
            Example: entente partner add fabrikam.example --edge sip.fabrikam.example --address 203.0.113.7:5061 --root fabrikam.pem

            The root is what its certificates are judged by, and for nobody else. The command prints its root fingerprint: the \
            partner must read the same out from its own `entente status`. It prints as well what to tell the partner, whose \
            administrator does the same with our root.pem.

            A provider speaks for several domains with one certificate: --kind provider --domains a.example,b.example.
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
    @Option(help: "The pool of edges that reaches it, where there are several.") var via: String?

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
        let pool = try via.map { try Self.edgePool($0, in: editor.topology) }
        var wanted = card.add(to: editor.topology)
        for index in wanted.partners.indices where wanted.partners[index].name == domain.lowercased() {
            wanted.partners[index].kind = try Arguments.word(kind, "--kind", as: PartnerKind.self)
            if let identities { wanted.partners[index].identities = Self.list(identities) }
            if let revocation {
                wanted.partners[index].revocation = try Arguments.word(
                    revocation, "--revocation", as: PartnerRevocation.self)
            }
            if let pool { wanted.partners[index].via = pool }
        }
        let published = try await editor.publish(wanted, signedBy: try signing.signers(options.folder))
        let (json, text) = editor.report(wanted, published, what: "\(domain.lowercased()) is a partner")
        let fingerprint = Hex.encode(try CertificateFacts(der: der).fingerprint)
        var fields = json.objectValue ?? [:]
        fields["root_fingerprint"] = .string(fingerprint)
        var lines = [
            text, "  root fingerprint  \(fingerprint)",
            "    of \(root): \(domain.lowercased()) must read out the same from its `entente status`",
        ]
        if let own = try ownCard(in: wanted), let record = wanted.partner(named: domain.lowercased()) {
            fields["tell"] = own.json
            lines += own.lines(to: record.name, folder: options.folder)
        }
        let warnings = Self.warnings(of: domain.lowercased(), in: wanted)
        fields["warnings"] = .array(warnings.map(JSONValue.string))
        lines += warnings.map { "\(Terminal.mark("WARN", .doubtful)) \($0)" }
        print(.object(fields), lines.joined(separator: "\n"))
    }

    /// The pool of edges that a person means; another name is answered with the nearest that is one.
    private static func edgePool(_ text: String, in topology: Topology) throws -> String {
        let known = topology.pools(with: .edge).map(\.name)
        if known.contains(text.lowercased()) { return text.lowercased() }
        let near = NearestName.nearest(to: text, among: known).map { "; did you mean `\($0)`?" } ?? ""
        throw CommandFailure(
            .usage, "--via `\(text)` is not a pool of edges\(near)", expected: known.joined(separator: ", "))
    }

    /// What the document says about this partner that may not be meant so.
    private static func warnings(of name: String, in topology: Topology) -> [String] {
        topology.check().filter { $0.severity == .warning && $0.path.hasPrefix("partners.\(name)") }.map { problem in
            guard problem.path == "partners.\(name).via" else {
                return "\(problem.path): \(problem.message)\n     next      \(problem.next)"
            }
            let pools = topology.pools(with: .edge).map(\.name).joined(separator: ", ")
            return "\(problem.message): \(pools)\n     next      the same command with --via POOL"
        }
    }

    /// What the partner has to know of us: the face of the edge that reaches it, and our root. Nil without an edge.
    private func ownCard(in topology: Topology) throws -> OwnCard? {
        var facing = topology
        if let via = topology.partner(named: domain.lowercased())?.via { facing.pools.removeAll { $0.name != via } }
        let roots = try TrustReplica.load(options.folder, now: OperatingSystem.wallTime).enterpriseRootFacts
        guard let root = roots.first, let card = try? PartnerCard(of: facing, root: root.der) else { return nil }
        return OwnCard(
            domain: topology.network, edge: card.edge, address: card.address?.description ?? "",
            rootFingerprint: Hex.encode(root.fingerprint))
    }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
    }
}

/// What a partner has to be told of us, so that it can add us.
private struct OwnCard {
    let domain: String
    let edge: String
    let address: String
    let rootFingerprint: String

    var json: JSONValue {
        .object([
            "domain": .string(domain), "edge": .string(edge), "address": .string(address),
            "root_fingerprint": .string(rootFingerprint),
        ])
    }

    /// The same for a person.
    func lines(to partner: String, folder: DataFolder) -> [String] {
        [
            "next, at \(partner), with our \(folder.path)/root.pem (its root fingerprint is \(rootFingerprint)):",
            "  entente partner add \(domain) --edge \(edge) --address \(address) --root root.pem",
        ]
    }
}
