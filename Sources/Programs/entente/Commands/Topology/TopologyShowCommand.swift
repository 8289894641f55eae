import ArgumentParser

/// The published document.
struct TopologyShowCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the published topology as YAML.",
        discussion: "Example: entente topology show > topology.yaml")
    @OptionGroup var options: GlobalOptions

    func perform() async throws {
        let value = try await admin.get("/topology")
        print(value, value.shown("source"))
    }
}
