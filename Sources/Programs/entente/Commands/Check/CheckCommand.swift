import ArgumentParser
import Foundation
import Trust

/// What is wrong, and what to do about it.
struct CheckCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Look for what is wrong, or soon will be, with this server.",
        discussion: """
            Example: entente check --strict

            An ordered list: OK, WARN or FAIL, with what was seen and what to run next. Works with and without a running \
            server. Exit code 0; 3 when something fails; 4 under --strict when there are warnings.
            """)
    @OptionGroup var options: GlobalOptions
    @Option(
        help: ArgumentHelp(
            "Certificates and topology with less than this of their life left fail.", valueName: "percent"))
    var failWithin = "10%"
    @Flag(help: "Exit with 4 when there are warnings.") var strict = false

    func perform() async throws {
        guard let percent = UInt64(failWithin.hasSuffix("%") ? String(failWithin.dropLast()) : failWithin),
            percent <= 100
        else { throw CommandFailure(.usage, "--fail-within `\(failWithin)` is not a share", expected: "33%") }
        let findings = await FolderCheck(folder: options.folder, failPercent: percent).run()
        let shown = findings.filter { !options.quiet || $0.state != .ok }
        print(
            .object([
                "schema_version": .integer(1), "ok": .bool(!findings.contains { $0.state == .fail }),
                "checks": .array(findings.map(\.json)),
            ]),
            shown.map(\.text).joined(separator: "\n"))
        if findings.contains(where: { $0.state == .fail }) { throw ExitCode(ExitStatus.checkFailed.rawValue) }
        if strict, findings.contains(where: { $0.state == .warn }) { throw ExitCode(ExitStatus.warnings.rawValue) }
    }
}

/// One line of the list.
struct CheckFinding {
    enum State: String {
        case ok = "OK"
        case warn = "WARN"
        case fail = "FAIL"
    }

    let state: State
    let name: String
    let observed: String
    var next: String?

    var json: JSONValue {
        var fields: [String: JSONValue] = [
            "state": .string(state.rawValue), "name": .string(name), "observed": .string(observed),
        ]
        if let next { fields["next"] = .string(next) }
        return .object(fields)
    }

    var text: String {
        let colour: Terminal.Colour =
            switch state {
            case .ok: .good
            case .warn: .doubtful
            case .fail: .bad
            }
        let word = state.rawValue.padding(toLength: 4, withPad: " ", startingAt: 0)
        let line = "\(Terminal.mark(word, colour)) \(name): \(observed)"
        return next.map { "\(line)\n     next      \($0)" } ?? line
    }
}
