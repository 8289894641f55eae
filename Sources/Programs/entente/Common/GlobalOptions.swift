import ArgumentParser
import Foundation
import Node

/// What every command takes.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("The data folder (default: $ENTENTE_DIR, then /var/lib/entente).", valueName: "folder"),
        completion: .directory)
    var dir: String?

    @Flag(name: .long, help: "Print one JSON object instead of text.")
    var json = false

    @Flag(name: .long, help: "Print results and errors only.")
    var quiet = false

    /// The data folder that the command works on.
    var folder: DataFolder {
        DataFolder(path: dir ?? ProcessInfo.processInfo.environment["ENTENTE_DIR"] ?? "/var/lib/entente")
    }
}
