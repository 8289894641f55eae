import ArgumentParser
import Basis
import Foundation
import Transport

/// Where a password comes from. Never from the command line, which other users of the machine can read.
struct PasswordOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A file whose first line is the password.", valueName: "file"), completion: .file())
    var passwordFile: String?

    /// The password of the file or of the environment; nil when neither is given.
    func given() throws -> String? {
        if let passwordFile {
            let text = String(decoding: try NamedFile.read(passwordFile), as: UTF8.self)
            guard let line = text.split(whereSeparator: \.isNewline).first else {
                throw CommandFailure(.usage, "\(passwordFile) has no password in its first line")
            }
            return String(line)
        }
        return ProcessInfo.processInfo.environment["ENTENTE_PASSWORD"]
    }

    /// The password to sign in with: given, or asked for without showing it.
    func existing(of user: String) throws -> String {
        if let given = try given() { return given }
        guard Terminal.isInteractive, let typed = Terminal.readSecret("Password of \(user): "), !typed.isEmpty else {
            throw CommandFailure(
                .usage, "there is no password of \(user)", expected: "--password-file, or $ENTENTE_PASSWORD")
        }
        return typed
    }

    /// A new password: given, asked for twice, or made; and whether it was made, so that it has to be shown.
    func new(for user: String) throws -> (password: String, isMade: Bool) {
        if let given = try given() { return (given, false) }
        if Terminal.isInteractive {
            let typed = Terminal.readSecret("New password of \(user) (empty: one is made): ") ?? ""
            if !typed.isEmpty {
                guard Terminal.readSecret("The same again: ") == typed else {
                    throw CommandFailure(.usage, "the two passwords are not the same; nothing was changed")
                }
                return (typed, false)
            }
        }
        var chance = OperatingSystem.chance()
        return (Hex.encode(chance.bytes(Self.madeBytes)), true)
    }

    /// 80 bits: nobody guesses them, and a person can still type them.
    private static let madeBytes = 10
}
