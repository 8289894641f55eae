public import Trust

/// What became of one expectation of a topology.
public struct ExpectationResult: Sendable, Hashable, CustomStringConvertible {
    /// The expectation.
    public let expectation: Expectation
    /// Whether it holds.
    public let holds: Bool
    /// What was seen: the hop and the code that decided.
    public let detail: String

    /// A result.
    public init(expectation: Expectation, holds: Bool, detail: String) {
        self.expectation = expectation
        self.holds = holds
        self.detail = detail
    }

    public var description: String { "\(expectation): \(holds ? "holds" : "fails") (\(detail))" }
}
