import Foundation
import Synchronization

/// Standard input, output and error, as far as a person or a program sits at them.
enum Terminal {
    static func print(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    static func printError(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// Whether standard output is a person's terminal that may show colours.
    static var hasColour: Bool {
        isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    }

    /// Whether a person can be asked.
    static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Columns as wide as their widest cell, with a heading; the heading is left out when it is empty.
    static func table(_ heading: [String], _ rows: [[String]]) -> String {
        let all = heading.isEmpty ? rows : [heading] + rows
        let count = all.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in all.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return all.map { row in
            row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell.padding(toLength: widths[index] + 2, withPad: " ", startingAt: 0)
            }.joined()
        }.joined(separator: "\n")
    }

    /// The word in the colour of its meaning, where colours may be shown. The word says the same without it.
    static func mark(_ word: String, _ colour: Colour) -> String {
        hasColour ? "\u{1B}[\(colour.rawValue)m\(word)\u{1B}[0m" : word
    }

    /// What colours mean here.
    enum Colour: Int {
        case bold = 1
        case bad = 31
        case good = 32
        case doubtful = 33
    }

    /// Asks a question that is answered with yes or no; no on anything but `y` or `yes`.
    static func confirm(_ question: String) -> Bool {
        FileHandle.standardError.write(Data("\(question) [y/N] ".utf8))
        return ["y", "yes"].contains(readLine()?.lowercased().trimmingCharacters(in: .whitespaces) ?? "")
    }

    /// Reads a line that is not shown while it is typed; nil at the end of the input.
    static func readSecret(_ prompt: String) -> String? {
        var before = termios()
        let hasSettings = unsafe tcgetattr(STDIN_FILENO, &before) == 0
        if hasSettings {
            var silent = before
            silent.c_lflag &= ~tcflag_t(ECHO)
            unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        }
        // After the settings: they throw away what was typed before, and who answers a prompt has seen it.
        FileHandle.standardError.write(Data(prompt.utf8))
        defer {
            if hasSettings { unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) }
            FileHandle.standardError.write(Data("\n".utf8))
        }
        return readLine()
    }
}

/// A bar on standard error for what takes longer than a second. Nothing is shown where no person sits.
final class Progress: Sendable {
    private let what: String
    private let total: Int
    private let isShown: Bool
    private let begin = ContinuousClock.now
    private let isDrawn = Mutex(false)

    /// Nothing is drawn within this time.
    private static let quietTime = Duration.seconds(1)
    private static let width = 30

    init(_ what: String, total: Int, quiet: Bool) {
        self.what = what
        self.total = max(total, 1)
        isShown = !quiet && isatty(STDERR_FILENO) == 1
    }

    func show(_ done: Int) {
        guard isShown, ContinuousClock.now - begin > Self.quietTime else { return }
        isDrawn.withLock { $0 = true }
        let full = Self.width * min(done, total) / total
        let bar = String(repeating: "#", count: full) + String(repeating: ".", count: Self.width - full)
        FileHandle.standardError.write(Data("\r\(what) [\(bar)] \(done) of \(total)".utf8))
    }

    func end() {
        if isDrawn.withLock({ $0 }) { FileHandle.standardError.write(Data("\n".utf8)) }
    }
}
