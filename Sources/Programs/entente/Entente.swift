import ArgumentParser

/// The one program: the server and every command.
@main
struct Entente: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "entente",
        abstract: "A SIP network in which every hop is authenticated.",
        discussion: """
            Start with `entente init --domain example.org`, then `entente serve`, then `entente user add alice`. \
            `entente demo` shows a whole network on this machine; `entente check` says what is wrong with yours.
            """,
        version: "0.1.0",
        groupedSubcommands: [
            CommandGroup(name: "Begin", subcommands: [DemoCommand.self, InitCommand.self, ServeCommand.self]),
            CommandGroup(
                name: "Servers and partners",
                subcommands: [NodeCommand.self, PartnerCommand.self, TopologyCommand.self, CertCommand.self]),
            CommandGroup(name: "Users", subcommands: [UserCommand.self, MessageCommand.self]),
            CommandGroup(
                name: "Look",
                subcommands: [
                    CheckCommand.self, StatusCommand.self, ServersCommand.self, ConnectionsCommand.self,
                    ExplainCommand.self, VerifyCommand.self, TrustCommand.self,
                ]),
            CommandGroup(name: "Shell", subcommands: [CompletionsCommand.self, ManualCommand.self]),
        ])

    /// As the parser's own, but a mistake on the command line ends with 2 and reads like every other mistake of usage, for
    /// people and for programs that asked for JSON.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            let failure = CommandFailure(.usage, message(for: error))
            let usage = fullMessage(for: error).split(separator: "\n").drop { !$0.hasPrefix("Usage:") }
            Terminal.printError(([failure.text] + usage.map { "     " + $0 }).joined(separator: "\n"))
            if CommandLine.arguments.contains("--json") { Terminal.print(failure.json.text) }
            exit(withError: ExitCode(ExitStatus.usage.rawValue))
        }
    }
}
