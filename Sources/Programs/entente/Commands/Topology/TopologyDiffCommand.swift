import ArgumentParser
import Authority
import Trust

/// What publishing a document would change.
struct TopologyDiffCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Show what publishing a document would change.",
        discussion: "Example: entente topology diff topology.yaml")
    @OptionGroup var options: GlobalOptions
    @Argument(help: "The YAML file.", completion: .file(extensions: ["yaml", "yml"])) var file: String

    func perform() async throws {
        let wanted = try TopologyText.read(file).topology
        let editor = try await TopologyEditor(admin)
        let lines = Topology.diff(from: editor.topology, to: wanted).map(TopologyText.line)
        print(
            .object([
                "schema_version": .integer(1), "changed": .bool(!lines.isEmpty),
                "version": .integer(Int64(clamping: editor.version)), "changes": .array(lines.map(JSONValue.string)),
            ]),
            lines.isEmpty ? "no difference to version \(editor.version)" : lines.joined(separator: "\n"))
    }
}
