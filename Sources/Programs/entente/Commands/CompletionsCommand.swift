import ArgumentParser

/// Completions for shells.
struct CompletionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Print the completions for a shell.",
        discussion: """
            Examples:
              entente completions bash > /etc/bash_completion.d/entente
              entente completions zsh > ~/.zsh/completions/_entente
              entente completions fish > ~/.config/fish/completions/entente.fish
            """)
    @Argument(help: "bash, zsh or fish.", completion: .list(["bash", "zsh", "fish"])) var shell: String

    func run() async throws {
        try await reporting {
            guard let known = CompletionShell(rawValue: shell) else {
                throw CommandFailure(.usage, "the shell `\(shell)` is not known", expected: "bash, zsh or fish")
            }
            Terminal.print(Entente.completionScript(for: known))
        }
    }
}
