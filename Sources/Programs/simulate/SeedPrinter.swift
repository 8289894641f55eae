import Simulation

/// What is said about each seed.
struct SeedPrinter: Sendable {
    let isJSON: Bool
    /// Print the tally, also of a run that is clean.
    let isSingle: Bool
    let printsLog: Bool

    func print(_ simulation: Simulation, _ report: Simulation.Report) {
        if printsLog { report.lines.forEach { Swift.print($0) } }
        if isJSON { return Swift.print(Self.json(simulation, report)) }
        guard report.findings.isEmpty else { return printFailure(simulation, report) }
        if isSingle { Swift.print(Self.tally(simulation, report)) }
    }

    private func printFailure(_ simulation: Simulation, _ report: Simulation.Report) {
        Swift.print("seed \(simulation.seed) fails")
        for line in report.ladder() { Swift.print("  " + line) }
        for finding in report.findings { Swift.print("  \(finding.checker): \(finding.message)") }
        Swift.print(
            "  again with: SWIFT_DETERMINISTIC_HASHING=1 .build/release/simulate --seed \(simulation.seed) "
                + "--minutes \(simulation.minutes)")
    }

    private static func tally(_ simulation: Simulation, _ report: Simulation.Report) -> String {
        let tally = report.tally
        return "seed \(simulation.seed): \(tally.events) events, \(tally.messages) messages received, "
            + "\(tally.links) links, \(tally.starts) starts, \(report.seconds) s of virtual time"
    }

    private static func json(_ simulation: Simulation, _ report: Simulation.Report) -> String {
        let findings = report.findings.map { "\"" + escaped("\($0.checker): \($0.message)") + "\"" }
        return "{\"schema_version\":1,\"seed\":\(simulation.seed),\"clean\":\(findings.isEmpty),"
            + "\"findings\":[\(findings.joined(separator: ","))],\"events\":\(report.tally.events),"
            + "\"messages\":\(report.tally.messages),\"links\":\(report.tally.links),"
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
