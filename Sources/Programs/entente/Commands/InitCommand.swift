import ArgumentParser
import Basis
import Node
import Transport
import Trust

/// Makes an organisation: CA, signing keys, first topology, first server.
struct InitCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make an organisation: its CA, its topology, its first server.",
        discussion: """
            Examples:
              entente init --domain example.org
              entente init --domain example.org --server fe1.example.org --role frontEnd --address 192.0.2.10:5061

            Without other options the first server does everything on one address: it is the authority, signs users in, and \
            faces partners. It is named sip.DOMAIN, because that is what softphones try, and listens on the first address \
            of this machine (the loopback address where there is no other), port 5061; other servers of the organisation \
            reach it on port 5443. Servers that join later can take over roles.

            The keys of root and publisher go to the offline folder. Move it to another medium: whoever has them can add \
            servers.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: "The SIP domain of the organisation.")
    var domain: String
    @Option(help: "The FQDN of this server (default: sip.DOMAIN).")
    var server: String?
    @Option(
        help:
            "A role of this server besides authority: frontEnd, edge, director, mediation (default: frontEnd and edge)."
    )
    var role: [String] = []
    @Option(help: "Where clients and servers reach this server, ADDRESS:PORT (default: this machine, port 5061).")
    var address: String?
    @Option(help: "Where partners and outside users reach it, if it is an edge (default: the same address).")
    var external: String?
    @Option(help: "Where other servers of the organisation reach its trust channel (default: the address, port 5443).")
    var trust: String?
    @Option(help: "Metrics and health, ADDRESS:PORT.")
    var metrics = "127.0.0.1:9464"
    @Option(help: "Where root and publisher keys go (default: offline/ in the data folder).", completion: .directory)
    var offline: String?

    func perform() async throws {
        try requireNewFolder()
        let folder = options.folder
        guard DomainName.isFQDN(domain.lowercased()) else {
            throw CommandFailure(.usage, "`\(domain)` is not a domain", expected: "a full name, like example.org")
        }
        let sip = try Arguments.address(address, "--address", usual: MachineAddress.usual(port: MachineAddress.sipPort))
        let channel = try Arguments.address(trust, "--trust", usual: sip.with(port: MachineAddress.trustPort))
        let gauge = try Arguments.address(metrics, "--metrics", usual: nil)
        let roles = try role.isEmpty ? [.frontEnd, .edge] : Arguments.roles(role)
        let outside = try external.map { try Arguments.address($0, "--external", usual: nil) }
        let plan = OrganisationPlan(
            domain: domain, server: server ?? "sip.\(domain)", roles: Set(roles), address: sip, external: outside,
            trust: channel)
        let problems = plan.topology.check().filter { $0.severity == .error }
        guard problems.isEmpty,
            let text = ConfigurationText(
                of: plan.server, in: plan.topology, authority: plan.server, metrics: gauge)?.text
        else {
            throw CommandFailure(
                .usage, problems.map(\.description).joined(separator: "\n     "), next: "entente init --help")
        }
        let founding = try OrganisationFounding.found(
            topology: plan.topology,
            members: [OrganisationFounding.Member(name: plan.server, folder: folder, configuration: text)],
            offline: offline ?? folder.offline, now: OperatingSystem.wallTime)
        try report(plan, founding, address: sip)
    }

    private func report(_ plan: OrganisationPlan, _ founding: OrganisationFounding, address: NetworkAddress) throws {
        let folder = options.folder
        let roles = plan.topology.roles(of: plan.server).sorted().map(\.rawValue)
        let fingerprint = Hex.encode(try CertificateFacts(der: founding.rootCertificate).fingerprint)
        let value: [String: JSONValue] = [
            "schema_version": .integer(1), "changed": .bool(true), "server": .string(plan.server),
            "roles": .array(roles.map(JSONValue.string)), "address": .string(address.description),
            "folder": .string(folder.path), "root_hash": .string(Hex.encode(founding.rootHash)),
            "root_fingerprint": .string(fingerprint),
            "root_file": .string(folder.path + "/root.pem"), "offline": .string(founding.offline),
        ]
        print(
            .object(value),
            """
            \(plan.domain) is founded. Its first server is \(plan.server), in \(folder.path).
              roles             \(roles.joined(separator: ", "))
              address           \(address) (let DNS lead \(plan.server) there)
              root              \(folder.path)/root.pem (clients and partners trust this file)
              root fingerprint  \(fingerprint) (of that file: read it to partners)
              root hash         \(Hex.encode(founding.rootHash)) (of the signed root: read it to servers that join)
              offline keys      \(founding.offline) (move this folder to another medium)
            next:
              entente serve --dir \(folder.path)
              entente user add alice --dir \(folder.path)
              entente check --dir \(folder.path)
            """)
    }
}
