import ArgumentParser

/// What trust is judged by.
struct TrustCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trust", abstract: "Show what trust is judged by.",
        discussion: "Example: entente trust policy", subcommands: [TrustPolicyCommand.self])
}
