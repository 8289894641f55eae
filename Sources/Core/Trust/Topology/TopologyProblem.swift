/// Something in a topology that is right in form and wrong in meaning.
public struct TopologyProblem: Sendable, Hashable, CustomStringConvertible {
    /// Whether the document can be published with it.
    public enum Severity: String, Sendable, Hashable, Comparable {
        /// It must not be published.
        case error
        /// It may be meant so.
        case warning

        public static func < (left: Severity, right: Severity) -> Bool { left == .error && right == .warning }
    }

    /// How bad it is.
    public let severity: Severity
    /// Where, from the top of the document down: names and positions with dots between.
    public let path: String
    /// What is wrong.
    public let message: String
    /// What to do about it.
    public let next: String

    /// A finding.
    public init(_ severity: Severity, at path: [String], _ message: String, next: String) {
        self.severity = severity
        self.path = path.joined(separator: ".")
        self.message = message
        self.next = next
    }

    public var description: String {
        "\(severity.rawValue): \(path): \(message); \(next)"
    }
}
