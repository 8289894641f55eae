import ArgumentParser
import Authority
import Trust

/// Checks, signs and publishes a document. The publisher key signs here, in the command: the server never sees it.
struct TopologyPublishCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Check, sign and publish a topology.",
        discussion: """
            Example: entente topology publish topology.yaml --publisher-key /media/key/publisher.pem

            Links that the new topology no longer names are cut on every server. Without a difference nothing is published.
            """)
    @OptionGroup var options: GlobalOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The YAML file.", completion: .file(extensions: ["yaml", "yml"])) var file: String

    func perform() async throws {
        let source = try TopologyText.read(file)
        if !options.quiet { for warning in source.warnings { Terminal.printError("WARN \(file):\(warning)") } }
        let editor = try await TopologyEditor(admin)
        let published = try await editor.publish(source.topology, signedBy: try signing.signers(options.folder))
        let (json, text) = editor.report(source.topology, published, what: "published")
        print(json, text)
    }
}
