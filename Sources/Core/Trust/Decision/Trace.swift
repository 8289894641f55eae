/// The rules in the order in which they ran, what each saw, what it expected, and how it ended.
public struct Trace: Sendable, Hashable {
    /// One step for each rule.
    public var steps: [TraceStep]

    /// A trace of these steps.
    public init(steps: [TraceStep] = []) {
        self.steps = steps
    }

    /// The steps that passed, but about which somebody should be told.
    public var alarms: [TraceStep] { steps.filter { $0.outcome == .alarm } }
}

/// What one rule did.
public struct TraceStep: Sendable, Hashable, CustomStringConvertible {
    /// The rule's name: `chain.path`.
    public let rule: String
    /// Where the rule is written: `RFC 5280 §6.1.3`.
    public let citation: String
    /// What it saw, safe to show; of a rule that did not run, why not.
    public let saw: String
    /// What would have passed; empty for a rule that did not run.
    public let expected: String
    /// How it ended.
    public let outcome: TraceOutcome

    /// One step.
    public init(rule: String, citation: String, saw: String, expected: String, outcome: TraceOutcome) {
        self.rule = rule
        self.citation = citation
        self.saw = saw
        self.expected = expected
        self.outcome = outcome
    }

    /// Whether the rule did not refuse.
    public var passed: Bool {
        if case .failed = outcome { false } else { true }
    }

    public var description: String {
        let found = outcome == .notRun ? saw : "saw \(saw), expected \(expected)"
        return "\(outcome) \(rule): \(found) (\(citation))"
    }
}

/// How a rule ended.
public enum TraceOutcome: Sendable, Hashable, CustomStringConvertible {
    /// It holds.
    case passed
    /// It does not hold as it should, but the policy admits, and an alarm is raised.
    case alarm
    /// It refuses.
    case failed(TrustCode)
    /// It could not be asked, because a rule before it failed, or does not concern this peer.
    case notRun

    /// One word: `passed`, `alarm` or `notRun`, or the code of the refusal.
    public var description: String {
        switch self {
        case .passed: "passed"
        case .alarm: "alarm"
        case .failed(let code): code.rawValue
        case .notRun: "notRun"
        }
    }

    init?(word: String) {
        switch word {
        case "passed": self = .passed
        case "alarm": self = .alarm
        case "notRun": self = .notRun
        default:
            guard let code = TrustCode(rawValue: word) else { return nil }
            self = .failed(code)
        }
    }
}

extension Trace {
    /// The version of the encoding that is written.
    public static let schema: Int64 = 1

    /// As canonical JSON.
    public var encoded: [UInt8] { json.canonicalBytes }

    /// As JSON.
    public var json: JSONValue {
        .object([
            "schema": .integer(Self.schema),
            "steps": .array(
                steps.map { step in
                    .object([
                        "rule": .string(step.rule), "citation": .string(step.citation), "saw": .string(step.saw),
                        "expected": .string(step.expected), "outcome": .string(step.outcome.description),
                    ])
                }),
        ])
    }

    /// Reads what `encoded` wrote; an unknown member or schema is an error.
    public init(decoding bytes: [UInt8]) throws(DocumentError) {
        try self.init(json: ObjectReader.parse(bytes))
    }

    /// Reads what `json` wrote.
    public init(json: JSONValue) throws(DocumentError) {
        var reader = try ObjectReader(json, at: ["trace"])
        guard try reader.requiredNumber("schema") == UInt64(Self.schema) else {
            throw reader.fault("schema", "not a schema that is known")
        }
        var steps: [TraceStep] = []
        for element in try reader.requiredArray("steps", max: 1_024) {
            var fields = try ObjectReader(element, at: ["trace", "steps"])
            guard let outcome = TraceOutcome(word: try fields.requiredString("outcome")) else {
                throw fields.fault("outcome", "not an outcome")
            }
            steps.append(
                TraceStep(
                    rule: try fields.requiredString("rule"), citation: try fields.requiredString("citation"),
                    saw: try fields.requiredString("saw"), expected: try fields.requiredString("expected"),
                    outcome: outcome))
            try fields.finish()
        }
        try reader.finish()
        self.init(steps: steps)
    }
}
