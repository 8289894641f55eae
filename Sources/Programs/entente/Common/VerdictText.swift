import Foundation
import Trust

/// A verdict with its trace, as a person reads it.
enum VerdictText {
    /// Rule by rule: how it ended, what it saw, what it expected.
    static func text(of trace: JSONValue) -> String {
        (trace["steps"]?.arrayValue ?? []).map { step in
            let word = step.shown("outcome")
            let head = "  \(mark(word)) \(step.shown("rule"))  (\(step.shown("citation")))"
            guard word != "notRun" else { return head + "\n         because   \(step.shown("saw"))" }
            return head + "\n         seen      \(step.shown("saw"))\n         expected  \(step.shown("expected"))"
        }.joined(separator: "\n")
    }

    private static func mark(_ outcome: String) -> String {
        switch outcome {
        case "passed": Terminal.mark("OK    ", .good)
        case "alarm": Terminal.mark("ALARM ", .doubtful)
        case "notRun": "-     "
        case let code: Terminal.mark(code.padding(toLength: 6, withPad: " ", startingAt: 0), .bad)
        }
    }

    /// A verdict that was decided here.
    static func text(of verdict: Verdict) -> String {
        switch verdict {
        case .admitted(let peer, let trace):
            let names = peer.provenNames.isEmpty ? "" : ", proven: \(peer.provenNames.joined(separator: ", "))"
            return "\(Terminal.mark("ADMITTED", .good)) as \(peer)\(names)\n" + text(of: trace.json)
        case .refused(let refusal, let trace):
            return """
                \(Terminal.mark("REFUSED", .bad)) \(refusal.code.rawValue) \(refusal.code.meaning)
                     seen      \(refusal.seen)
                     expected  \(refusal.expected)
                     rule      \(refusal.rule)
                     next      \(refusal.next)
                \(text(of: trace.json))
                """
        }
    }

    /// The same for a program.
    static func json(of verdict: Verdict) -> JSONValue {
        var value: [String: JSONValue] = [
            "schema_version": .integer(1), "admitted": .bool(verdict.refusal == nil), "trace": verdict.trace.json,
        ]
        if let refusal = verdict.refusal { value["refusal"] = refusal.json }
        if let peer = verdict.peer {
            value["class"] = .string(peer.peerClass.rawValue)
            value["identity"] = .string(peer.identity ?? peer.userAOR ?? "")
            value["names"] = .array(peer.provenNames.map(JSONValue.string))
        }
        return .object(value)
    }
}
