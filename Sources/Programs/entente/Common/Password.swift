import Foundation

/// Where a command gets a password from: never from its arguments, which others can see.
enum Password {
    /// From the first line of a file, from `$ENTENTE_PASSWORD`, or asked for on the terminal without showing it.
    static func given(file: String?, prompt: String) throws -> String {
        if let known = try known(file: file) { return known }
        guard isatty(STDIN_FILENO) == 1, let typed = unsafe getpass(prompt) else {
            throw CommandFailure(.usage, "there is no password", next: "give --password-file or set ENTENTE_PASSWORD")
        }
        return unsafe String(cString: typed)
    }

    /// From a file or the environment; nil when neither has one.
    static func known(file: String?) throws -> String? {
        guard let file else { return ProcessInfo.processInfo.environment["ENTENTE_PASSWORD"] }
        guard let text = try? String(contentsOfFile: file, encoding: .utf8),
            let line = text.split(separator: "\n").first
        else { throw CommandFailure(.usage, "\(file) has no password in its first line") }
        return String(line)
    }
}
