import ArgumentParser

/// A new account.
struct UserAddCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add an account.",
        discussion: """
            Example: entente user add alice

            The password comes from --password-file, from $ENTENTE_PASSWORD, or is asked for without being shown. With an \
            empty answer, or where nobody can be asked, one is made and printed.
            """)
    @OptionGroup var options: GlobalOptions
    @OptionGroup var password: PasswordOptions
    @Argument(help: "The name, with or without the domain.") var name: String
    @Option(help: "sha256, or md5 for phones that know nothing else.") var digest = "sha256"

    func perform() async throws { try await setPassword("add", name, password, digest) }
}
