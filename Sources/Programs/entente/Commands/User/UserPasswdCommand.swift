import ArgumentParser

/// Another password.
struct UserPasswdCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "passwd", abstract: "Give an account a new password; its connections end.",
        discussion: "Example: entente user passwd alice")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var password: PasswordOptions
    @Argument(help: "The name, with or without the domain.") var name: String
    @Option(help: "sha256, or md5 for phones that know nothing else.") var digest = "sha256"

    func perform() async throws { try await setPassword("password", name, password, digest) }
}
