import ArgumentParser

/// Let a disabled account sign in again.
struct UserEnableCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "enable", abstract: "Let a disabled account sign in again.",
        discussion: "Example: entente user enable alice")
    @OptionGroup var options: GlobalOptions
    @Argument(help: "The name, with or without the domain.") var name: String

    func perform() async throws { try await change("enable", name) }
}
