import ArgumentParser
import Basis
import Trust

/// Certificates of our CA.
struct CertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cert", abstract: "List, show, issue and revoke certificates.",
        discussion: """
            Example:
              entente cert list
              entente cert revoke edge1.example.org --wait
            """,
        subcommands: [CertListCommand.self, CertShowCommand.self, CertIssueCommand.self, CertRevokeCommand.self])
}
