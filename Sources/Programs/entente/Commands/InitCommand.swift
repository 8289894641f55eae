import ArgumentParser
import Basis
import Node
import Transport
import Trust

/// Makes an organisation: CA, signing keys, first topology, first server.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make an organisation: its CA, its topology, its first server.",
        discussion: """
            Example: entente init --domain example.org --server sip1.example.org --address 192.0.2.10:5061

            The keys of root and publisher go to the offline folder. Keep it on another medium: whoever has them can add servers.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: "The SIP domain of the organisation.")
    var domain: String
    @Option(help: "The FQDN of this server (default: sip.DOMAIN).")
    var server: String?
    @Option(help: "Where clients and servers reach this server, ADDRESS:PORT.")
    var address = "127.0.0.1:5061"
    @Option(help: "Where other servers of the organisation reach its trust channel, ADDRESS:PORT.")
    var trust = "127.0.0.1:5443"
    @Option(help: "Metrics and health, ADDRESS:PORT.")
    var metrics = "127.0.0.1:9464"
    @Option(help: "Where root and publisher keys go (default: offline/ in the data folder).")
    var offline: String?

    func run() async throws {
        try await reporting {
            guard let sip = NetworkAddress(address), let channel = NetworkAddress(trust),
                let gauge = NetworkAddress(metrics)
            else { throw CommandFailure(.usage, "addresses are written ADDRESS:PORT, for example 127.0.0.1:5061") }
            let folder = options.folder
            let name = (server ?? "sip.\(domain)").lowercased()
            let pool = "pool.\(domain.lowercased())"
            let roles: [ServerRole] = [.authority, .frontEnd]
            let topology = Topology(
                network: domain.lowercased(), sipDomains: [domain.lowercased()],
                pools: [PoolRecord(name: pool, roles: roles, members: [name])],
                servers: [ServerRecord(name: name, address: sip, trust: channel)])
            let text = ConfigurationText(
                server: name, roles: roles, listeners: [(.internal, sip)], trust: channel, metrics: gauge,
                authority: name
            ).text
            let founding = try OrganisationFounding.found(
                topology: topology,
                members: [OrganisationFounding.Member(name: name, folder: folder, configuration: text)],
                offline: offline ?? folder.offline, now: OperatingSystem.wallTime)
            if options.json {
                let value: [String: JSONValue] = [
                    "schema_version": .integer(1), "server": .string(name), "folder": .string(folder.path),
                    "root_hash": .string(Hex.encode(founding.rootHash)),
                    "root_file": .string(folder.path + "/root.pem"),
                    "offline": .string(founding.offline),
                ]
                return Terminal.print(JSONValue.object(value).text)
            }
            Terminal.print(
                """
                \(domain) is founded. Its first server is \(name), in \(folder.path).
                  root         \(folder.path)/root.pem (clients trust this file)
                  root hash    \(Hex.encode(founding.rootHash))
                  offline keys \(founding.offline) (move this folder to another medium)
                next:
                  entente serve --dir \(folder.path)
                  entente user add alice --dir \(folder.path)
                """)
        }
    }
}
