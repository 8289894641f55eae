/// What one rule found: a step of the trace, and for a refusal what to do next.
struct Finding: Sendable {
    let step: TraceStep
    let next: String

    /// The rule holds.
    static func passed(_ rule: Rule, saw: String, expected: String) -> Finding {
        Finding(step: rule.step(saw: saw, expected: expected, .passed), next: "")
    }

    /// The policy admits in spite of what was seen.
    static func alarm(_ rule: Rule, saw: String, expected: String) -> Finding {
        Finding(step: rule.step(saw: saw, expected: expected, .alarm), next: "")
    }

    /// The rule could not be asked.
    static func notRun(_ rule: Rule, because why: String) -> Finding {
        Finding(step: rule.step(saw: why, expected: "", .notRun), next: "")
    }

    /// The rule refuses.
    static func failed(
        _ rule: Rule, _ code: TrustCode, saw: String, expected: String, next: String
    ) -> Finding {
        Finding(step: rule.step(saw: saw, expected: expected, .failed(code)), next: next)
    }

    /// The refusal, where the rule refuses.
    var refusal: Refusal? {
        guard case .failed(let code) = step.outcome else { return nil }
        return Refusal(code: code, seen: step.saw, expected: step.expected, rule: step.citation, next: next)
    }
}

/// The name of a rule, and where it is written.
struct Rule: Sendable {
    let name: String
    let citation: String

    init(_ name: String, _ citation: String) {
        self.name = name
        self.citation = citation
    }

    fileprivate func step(saw: String, expected: String, _ outcome: TraceOutcome) -> TraceStep {
        TraceStep(rule: name, citation: citation, saw: saw, expected: expected, outcome: outcome)
    }
}
