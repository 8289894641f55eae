import ArgumentParser

/// The topology in force.
struct TopologyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology", abstract: "Show, check, compare and publish the topology.",
        discussion: """
            Example:
              entente topology show > topology.yaml
              (edit topology.yaml)
              entente topology check topology.yaml
              entente topology diff topology.yaml
              entente topology publish topology.yaml
            """,
        subcommands: [
            TopologyShowCommand.self, TopologyCheckCommand.self, TopologyDiffCommand.self, TopologyPublishCommand.self,
        ])
}
