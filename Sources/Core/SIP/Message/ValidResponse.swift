/// A response whose fields keep their grammar, with what was read to know that. One that does not is dropped.
public struct ValidResponse: Sendable {
    /// The response itself.
    public let message: SIPMessage
    private let fields: MandatoryFields

    /// Checks a response.
    ///
    /// - Throws: the field at fault.
    public init(_ message: SIPMessage) throws(FieldProblem) {
        self.message = message
        fields = try FieldRules.read(message)
    }

    /// The topmost Via.
    public var topVia: Via { fields.topVia(in: message) }

    /// CSeq, which names the method of the request.
    public var cSeq: CSeq { fields.cSeq(in: message) }
}

/// What is wrong with the fields of a message.
public struct FieldProblem: Error {
    /// What RFC 3261 wants and the field does not keep.
    public enum Kind: String, Sendable {
        /// RFC 3261 §8.1.1: it must be there.
        case missing = "Missing"
        /// RFC 3261 §7.3.1: it may stand once.
        case repeated = "Repeated"
        /// RFC 3261 §20: its grammar.
        case malformed = "Malformed"
    }

    /// What is wrong.
    public let kind: Kind
    /// The field at fault.
    public let header: HeaderName

    /// The reason phrase of a response that tells it.
    public var reason: String { "\(kind.rawValue) \(header.text)" }
}
