/// One thing that is wrong in a YAML document that a person wrote, and where.
public struct SourceProblem: Sendable, Hashable {
    /// The line, counted from 1; 0 when the problem has no place.
    public let line: Int
    /// The column in characters, counted from 1; 0 when the problem has no place.
    public let column: Int
    /// What is wrong.
    public let message: String
    /// For a word that is not known: the known one that is nearest, if one is near.
    public let nearest: String?

    /// A problem at a place.
    public init(line: Int, column: Int, message: String, nearest: String? = nil) {
        self.line = line
        self.column = column
        self.message = message
        self.nearest = nearest
    }
}

extension SourceProblem: CustomStringConvertible {
    /// `LINE:COLUMN: MESSAGE`, and the nearest word as a question.
    public var description: String {
        let question = nearest.map { "; did you mean `\($0)`?" } ?? ""
        return line == 0 ? message + question : "\(line):\(column): \(message)\(question)"
    }
}

/// A document that was refused, with everything that is wrong in it, in the order of the lines.
public struct SourceError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong; never empty.
    public let problems: [SourceProblem]

    /// One line for each problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
