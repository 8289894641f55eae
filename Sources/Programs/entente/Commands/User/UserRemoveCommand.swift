import ArgumentParser

/// Remove an account; its connections end at once.
struct UserRemoveCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove an account; its connections end at once.",
        discussion: "Example: entente user remove alice")
    @OptionGroup var options: GlobalOptions
    @Argument(help: "The name, with or without the domain.") var name: String

    func perform() async throws { try await change("remove", name) }
}
