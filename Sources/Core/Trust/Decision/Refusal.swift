/// Why a link was refused, for the operator. The peer learns nothing of it.
public struct Refusal: Sendable, Hashable, CustomStringConvertible {
    /// The code of the first rule that failed.
    public let code: TrustCode
    /// What was seen; safe to show.
    public let seen: String
    /// What would have passed.
    public let expected: String
    /// Where the rule is written.
    public let rule: String
    /// What to run or to do next.
    public let next: String

    /// A refusal.
    public init(code: TrustCode, seen: String, expected: String, rule: String, next: String) {
        self.code = code
        self.seen = seen
        self.expected = expected
        self.rule = rule
        self.next = next
    }

    /// A link or message over one of our limits.
    public static func limit(_ kind: TrustLimit, seen: String) -> Refusal {
        Refusal(
            code: kind.code, seen: PrintableText.of(seen), expected: "within the limits of this server",
            rule: "limit on \(kind.code.meaning)", next: "entente connections")
    }

    public var description: String { "\(code) \(code.meaning): saw \(seen), expected \(expected) (\(rule))" }

    /// As JSON, for logs and commands.
    public var json: JSONValue {
        .object([
            "code": .string(code.rawValue), "seen": .string(seen), "expected": .string(expected),
            "rule": .string(rule), "next": .string(next),
        ])
    }
}

/// The limits that refuse a link.
public enum TrustLimit: Sendable, Hashable, CaseIterable {
    /// Too many in a time.
    case rate
    /// Too many connections.
    case connections
    /// Too large.
    case size
    /// Too slow.
    case time

    var code: TrustCode {
        switch self {
        case .rate: .e701
        case .connections: .e702
        case .size: .e703
        case .time: .e704
        }
    }
}
