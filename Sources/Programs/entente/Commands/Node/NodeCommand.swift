import ArgumentParser

/// Servers that join.
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "Let a new server join: request on its machine, admit at the authority, accept.",
        discussion: """
            On the new machine:      entente node request edge1.example.org --role edge -o edge1.request
            At the authority:        entente node admit edge1.request -o edge1.admitted
            On the new machine:      entente node accept edge1.admitted
                                     entente serve

            The files hold nothing secret: keys are made on the new machine and never leave it.
            """,
        subcommands: [NodeRequestCommand.self, NodeAdmitCommand.self, NodeAcceptCommand.self])
}
