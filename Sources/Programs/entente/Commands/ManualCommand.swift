import ArgumentParser
import Trust
import Foundation
import Node

/// Man pages.
struct ManualCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "manual", abstract: "Write a man page for each command.",
        discussion: "Example: entente manual --output /usr/local/share/man/man1")
    @OptionGroup var options: GlobalOptions
    @Option(name: .shortAndLong, help: ArgumentHelp("The folder.", valueName: "folder"), completion: .directory)
    var output: String

    func perform() async throws {
        let tool = try JSONDecoder().decode(ManualTool.self, from: Data(Entente._dumpHelp().utf8))
        try DataFolder.makeFolder(output, mode: 0o755)
        var names: [String] = []
        func write(_ command: ManualTool.Command, _ parents: [String]) throws {
            let path = parents + [command.commandName]
            let page = ManualPage(command: command, path: path)
            try NamedFile.write(Array(page.text.utf8), to: "\(output)/\(page.fileName)")
            names.append(page.fileName)
            for child in command.shown { try write(child, path) }
        }
        try write(tool.command, [])
        print(
            .object(["schema_version": .integer(1), "changed": .bool(true), "files": .array(names.map { .string($0) })]
            ),
            "\(names.count) pages in \(output)")
    }
}
