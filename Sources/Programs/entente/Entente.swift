import ArgumentParser

/// The one program: the server and every command.
@main
struct Entente: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "entente",
        abstract: "A SIP network in which every hop is authenticated.",
        discussion: """
            Start with `entente init --domain example.org`, then `entente serve`, then `entente user add alice`.
            """,
        version: "0.1.0",
        subcommands: [
            DemoCommand.self, InitCommand.self, ServeCommand.self, UserCommand.self, StatusCommand.self,
            ConnectionsCommand.self,
            ExplainCommand.self, MessageCommand.self, CertCommand.self, TopologyCommand.self,
        ])
}
