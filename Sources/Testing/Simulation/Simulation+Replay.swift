extension Simulation {
    /// Runs the seed and sees to it that what is reported can be seen again.
    ///
    /// A run that found something is made again with its log, and must find the same. With `twice`, a clean run is made
    /// twice, and the logs must be the same, octet for octet; what differs is a finding.
    public func check(twice: Bool) -> Report {
        let first = run(keepsLog: twice)
        guard twice || !first.findings.isEmpty else { return first }
        var second = run(keepsLog: true)
        if second.findings != first.findings {
            second.findings += first.findings
            second.add("the first run found \(first.findings.count), the second one \(second.findings.count) things")
        } else if twice, let difference = Self.difference(first.lines, second.lines) {
            second.add(difference)
        }
        return second
    }

    private static func difference(_ first: [String], _ second: [String]) -> String? {
        for (number, lines) in zip(first, second).enumerated() where lines.0 != lines.1 {
            return "line \(number + 1) of the log differs:\n  \(lines.0)\n  \(lines.1)"
        }
        return first.count == second.count ? nil : "\(first.count) lines, and \(second.count) the second time"
    }
}

extension Simulation.Report {
    fileprivate mutating func add(_ message: String) {
        findings.append(Finding(checker: "replay", message: message, at: 0))
    }
}
