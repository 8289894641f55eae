import ArgumentParser
import Foundation

/// Exit codes that scripts rely on.
enum ExitStatus: Int32 {
    case done = 0
    case `internal` = 1
    case usage = 2
    case checkFailed = 3
    case warnings = 4
    case unreachable = 5
    case refused = 6
}

/// A failure that the user can act on: what happened, and what to run next.
struct CommandFailure: Error {
    let status: ExitStatus
    let message: String
    let next: String?

    init(_ status: ExitStatus, _ message: String, next: String? = nil) {
        self.status = status
        self.message = message
        self.next = next
    }
}

/// Runs a command's body and turns its errors into a message on standard error and the exit code of their kind.
func reporting(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let failure as CommandFailure {
        Terminal.printError("FAIL \(failure.message)")
        if let next = failure.next { Terminal.printError("     next      \(next)") }
        throw ExitCode(failure.status.rawValue)
    } catch let exit as ExitCode {
        throw exit
    } catch {
        Terminal.printError("FAIL \(error)")
        throw ExitCode(ExitStatus.internal.rawValue)
    }
}

/// Standard output and standard error.
enum Terminal {
    static func print(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    /// Whether standard output is a person's terminal that may show colours.
    static var hasColour: Bool {
        isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    }

    static func printError(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// Columns as wide as their widest cell, with a heading.
    static func table(_ heading: [String], _ rows: [[String]]) -> String {
        let widths = heading.indices.map { column in
            ([heading] + rows).map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
        }
        return ([heading] + rows).map { row in
            row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell.padding(toLength: widths[index] + 2, withPad: " ", startingAt: 0)
            }.joined()
        }.joined(separator: "\n")
    }
}
