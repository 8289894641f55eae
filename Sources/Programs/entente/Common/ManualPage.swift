import ArgumentParser
import Foundation

/// The commands as the argument parser describes them, as far as a man page tells of it.
struct ManualTool: Decodable {
    struct Command: Decodable {
        let commandName: String
        let abstract: String?
        let discussion: String?
        let subcommands: [Command]?
        let arguments: [Argument]?

        /// The commands below, without the parser's own `help`.
        var shown: [Command] { (subcommands ?? []).filter { $0.commandName != "help" } }
    }

    struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String
        }

        let kind: String
        let shouldDisplay: Bool
        let isOptional: Bool
        let isRepeating: Bool
        let names: [Name]?
        let valueName: String?
        let defaultValue: String?
        let abstract: String?
        let discussion: String?

        /// As it is typed: `--dir <folder>`.
        var usage: String {
            let value = "<\(valueName ?? "value")>"
            guard kind != "positional" else { return value + (isRepeating ? "..." : "") }
            let spelt = (names ?? []).map { $0.kind == "long" ? "--\($0.name)" : "-\($0.name)" }
            return spelt.joined(separator: ", ") + (kind == "option" ? " \(value)" : "")
        }
    }

    let command: Command
}

/// One page in the `man` macros.
struct ManualPage {
    let command: ManualTool.Command
    let path: [String]

    var name: String { path.joined(separator: "-") }
    var fileName: String { name + ".1" }

    var text: String {
        let shown = (command.arguments ?? []).filter(\.shouldDisplay)
        var lines = [
            ".TH \(Self.escaped(name.uppercased())) 1 \"\" \"entente \(Entente.configuration.version)\" \"Entente\"",
            ".SH NAME", "\(Self.escaped(name)) \\- \(Self.escaped(command.abstract ?? ""))", ".SH SYNOPSIS",
            ".B \(Self.escaped(path.joined(separator: " ")))",
        ]
        if !command.shown.isEmpty { lines.append("COMMAND") }
        lines += shown.map { argument in
            let usage = Self.escaped(argument.usage)
            return argument.isOptional ? "[\(usage)]" : usage
        }
        if let discussion = command.discussion, !discussion.isEmpty {
            lines.append(".SH DESCRIPTION")
            lines += discussion.split(separator: "\n", omittingEmptySubsequences: false).flatMap(Self.paragraph)
        }
        if !command.shown.isEmpty {
            lines.append(".SH COMMANDS")
            for child in command.shown {
                lines += [".TP", ".BR \(Self.escaped("\(name)-\(child.commandName)")) (1)"]
                lines.append(Self.escaped(child.abstract ?? ""))
            }
        }
        if !shown.isEmpty {
            lines.append(".SH OPTIONS")
            for argument in shown {
                lines += [".TP", ".B \(Self.escaped(argument.usage))"]
                let standard = argument.defaultValue.map { " (default: \($0))" } ?? ""
                let words = [argument.abstract, argument.discussion].compactMap(\.self).joined(separator: " ")
                lines.append(Self.escaped(words.isEmpty ? standard : words + standard))
            }
        }
        lines += [
            ".SH EXIT STATUS",
            "0 done, or nothing to do; 1 internal; 2 usage; 3 a check failed; 4 warnings under \\-\\-strict;",
            "5 cannot reach; 6 refused by trust or permission.",
        ]
        if path.count > 1 {
            lines += [".SH SEE ALSO", ".BR \(Self.escaped(path.dropLast().joined(separator: "-"))) (1)"]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// One line of a description: examples keep their line, everything else is filled.
    private static func paragraph(_ line: Substring) -> [String] {
        guard !line.isEmpty else { return [".PP"] }
        let isExample = line.first == " " || line.hasSuffix(":")
        return isExample ? [".nf", escaped(String(line)), ".fi"] : [escaped(String(line))]
    }

    /// Text that no macro and no escape of the formatter is found in.
    private static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "\\", with: "\\e").replacingOccurrences(of: "-", with: "\\-")
            .split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(".") || $0.hasPrefix("'") ? "\\&\($0)" : String($0) }.joined(separator: "\n")
    }
}
