import ArgumentParser
import Simulation

/// Runs the simulated network from seeds, and says how to run a failing one again.
@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs two organisations, their servers and users in virtual time, from a seed.",
        discussion: """
            The same seed gives the same run. Set SWIFT_DETERMINISTIC_HASHING=1, so that it does in another process too.
            """)

    @Option(help: "One seed.")
    var seed: UInt64?

    @Option(help: "A range of seeds, as `1...200`.")
    var seeds: String?

    @Option(help: "Minutes of trouble in virtual time; healing and rest come after it.")
    var minutes: UInt64 = 3

    @Flag(help: "Print the whole log of a single seed.")
    var log = false

    @Flag(help: "One JSON object for each seed, a line each.")
    var json = false

    /// Each such seed runs twice, and the logs must be the same.
    private static let twiceEvery: UInt64 = 20

    mutating func validate() throws {
        guard (seed == nil) != (seeds == nil) else { throw ValidationError("give --seed N or --seeds A...B") }
        if seeds != nil, range == nil { throw ValidationError("a range of seeds is written 1...200") }
    }

    mutating func run() throws {
        guard let range = seed.map({ $0...$0 }) ?? range else { return }
        var failed = 0
        for number in range where !passes(number, isSingle: range.count == 1) { failed += 1 }
        if !json { print("\(range.count - failed) of \(range.count) seeds are clean") }
        if failed > 0 { throw ExitCode.failure }
    }

    private var range: ClosedRange<UInt64>? {
        guard let parts = seeds?.split(separator: "."), parts.count == 2, let first = UInt64(parts[0]),
            let last = UInt64(parts[1]), first <= last
        else { return nil }
        return first...last
    }

    private func passes(_ number: UInt64, isSingle: Bool) -> Bool {
        let simulation = Simulation(seed: number, minutes: minutes)
        let report = simulation.run()
        if log, isSingle { report.log.forEach { print($0) } }
        var findings = report.findings.map { "\($0.checker): \($0.message)" }
        if findings.isEmpty, number.isMultiple(of: Self.twiceEvery) || isSingle {
            let again = simulation.run()
            if let line = zip(report.log, again.log).enumerated().first(where: { $0.element.0 != $0.element.1 }) {
                findings.append("replay: line \(line.offset + 1) differs:\n  \(line.element.0)\n  \(line.element.1)")
            } else if report.log.count != again.log.count {
                findings.append("replay: \(report.log.count) lines, and \(again.log.count) the second time")
            }
        }
        if json { print(jsonLine(number, report, findings)) }
        guard !findings.isEmpty else {
            if !json, isSingle {
                print(
                    "seed \(number): \(report.tally.events) events, \(report.tally.messages) messages received, ",
                    terminator: "")
                print(
                    "\(report.tally.links) links, \(report.tally.starts) starts, \(report.seconds) s of virtual time"
                )
            }
            return true
        }
        if !json {
            print("seed \(number) fails")
            for line in report.ladder() { print("  " + line) }
            for finding in findings { print("  " + finding) }
            print("  again with: SWIFT_DETERMINISTIC_HASHING=1 simulate --seed \(number) --minutes \(minutes)")
        }
        return false
    }

    private func jsonLine(_ number: UInt64, _ report: Simulation.Report, _ findings: [String]) -> String {
        let texts = findings.map { "\"" + Self.escaped($0) + "\"" }.joined(separator: ",")
        return "{\"schema_version\":1,\"seed\":\(number),\"clean\":\(findings.isEmpty),\"findings\":[\(texts)],"
            + "\"events\":\(report.tally.events),\"messages\":\(report.tally.messages),\"links\":\(report.tally.links),"
            + "\"starts\":\(report.tally.starts),\"virtual_seconds\":\(report.seconds)}"
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case _ where character.value < 0x20: result += " "
            case _: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
