import ArgumentParser
import Authority
import Trust

/// Looks for mistakes in a document, without publishing it.
struct TopologyCheckCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Look for mistakes in a document; nothing is published.",
        discussion: """
            Example: entente topology check topology.yaml

            Every mistake is shown with line and column, an unknown key with the nearest that exists. Needs no server.
            """)
    @OptionGroup var options: GlobalOptions
    @Argument(help: "The YAML file.", completion: .file(extensions: ["yaml", "yml"])) var file: String
    @Flag(help: "Exit with 4 when there are warnings.") var strict = false

    func perform() async throws {
        let source = try TopologyText.read(file)
        let warnings = source.warnings.map { "\(file):\($0)" }
        let topology = source.topology
        print(
            .object([
                "schema_version": .integer(1), "ok": .bool(true), "warnings": .array(warnings.map(JSONValue.string)),
            ]),
            (warnings.map { "WARN \($0)" } + [
                "OK   \(file): \(topology.servers.count) servers, \(topology.pools.count) pools, "
                    + "\(topology.applications.count) applications, \(topology.partners.count) partners"
            ]).joined(separator: "\n"))
        if strict, !warnings.isEmpty { throw ExitCode(ExitStatus.warnings.rawValue) }
    }
}
