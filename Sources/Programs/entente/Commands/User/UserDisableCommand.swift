import ArgumentParser

/// Refuse an account; its connections end at once.
struct UserDisableCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "disable", abstract: "Refuse an account; its connections end at once.",
        discussion: "Example: entente user disable alice")
    @OptionGroup var options: GlobalOptions
    @Argument(help: "The name, with or without the domain.") var name: String

    func perform() async throws { try await change("disable", name) }
}
