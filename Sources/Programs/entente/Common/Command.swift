import ArgumentParser
import Foundation
import Node
import Trust

/// A command: options, and a body whose errors become the exit codes and texts that people know.
protocol Command: AsyncParsableCommand {
    var options: GlobalOptions { get }
    func perform() async throws
}

extension Command {
    mutating func run() async throws {
        let command = self
        try await reporting(asJSON: command.options.json) { try await command.perform() }
    }

    /// The running server of the data folder.
    var admin: AdminClient { AdminClient(folder: options.folder) }

    /// Refuses a folder that holds a server: what is there is worth more than what would be made.
    func requireNewFolder() throws {
        guard FileManager.default.fileExists(atPath: options.folder.configuration) else { return }
        throw CommandFailure(
            .usage, "\(options.folder.path) holds a server already; nothing was changed",
            next: "entente status --dir \(options.folder.path), or another folder with --dir")
    }

    /// Prints the object for a program, or the text for a person.
    func print(_ json: JSONValue, _ text: @autoclosure () -> String) {
        Terminal.print(options.json ? json.text : text())
    }
}

/// Files that people name on the command line.
enum NamedFile {
    /// What is in it; a file that is not there is a mistake in the command.
    static func read(_ path: String) throws -> [UInt8] {
        guard let bytes = try DataFolder.read(path) else {
            throw CommandFailure(.usage, "there is no file \(path)", next: "look at the name, or make the file first")
        }
        return bytes
    }

    /// The certificates of a PEM file, in their order, or the one of a DER file.
    static func certificates(_ path: String) throws -> [[UInt8]] {
        let bytes = try read(path)
        if bytes.first == 0x30 { return [bytes] }
        let found = PEMText.certificates(in: String(decoding: bytes, as: UTF8.self))
        guard !found.isEmpty else { throw CommandFailure(.checkFailed, "\(path) holds no certificate in PEM or DER") }
        return found
    }

    /// Writes a file that others may read.
    static func write(_ bytes: [UInt8], to path: String) throws { try DataFolder.write(bytes, to: path) }
}

extension JSONValue {
    /// The member as text, for showing: texts and numbers; empty for everything else.
    func shown(_ name: String) -> String {
        self[name]?.stringValue ?? self[name]?.integerValue.map(String.init) ?? ""
    }

    /// The texts of a list.
    func texts(_ name: String) -> [String] { (self[name]?.arrayValue ?? []).compactMap(\.stringValue) }
}
