/// The method of a request. A method that is not named here is `.other`; its token stays in the message.
public enum Method: UInt8, Sendable, Hashable, CaseIterable {
    /// RFC 3261 §13.
    case invite
    /// RFC 3261 §17.1.1.3.
    case ack
    /// RFC 3261 §15.
    case bye
    /// RFC 3261 §9.
    case cancel
    /// RFC 3261 §10.
    case register
    /// RFC 3261 §11.
    case options
    /// RFC 3262 §6.
    case prack
    /// RFC 6665 §3.1.
    case subscribe
    /// RFC 6665 §3.2.
    case notify
    /// RFC 3903 §4.
    case publish
    /// RFC 6086 §4.
    case info
    /// RFC 3515 §2.
    case refer
    /// RFC 3428 §4.
    case message
    /// RFC 3311 §5.
    case update
    /// Any other token.
    case other

    /// The token on the wire; empty for `.other`.
    public var text: String {
        switch self {
        case .invite: "INVITE"
        case .ack: "ACK"
        case .bye: "BYE"
        case .cancel: "CANCEL"
        case .register: "REGISTER"
        case .options: "OPTIONS"
        case .prack: "PRACK"
        case .subscribe: "SUBSCRIBE"
        case .notify: "NOTIFY"
        case .publish: "PUBLISH"
        case .info: "INFO"
        case .refer: "REFER"
        case .message: "MESSAGE"
        case .update: "UPDATE"
        case .other: ""
        }
    }

    /// Recognises a token. RFC 3261 §7.1: methods are case-sensitive.
    public init(_ token: ArraySlice<UInt8>) {
        self = Method(in: token.span, from: 0, to: token.count)
    }

    /// Recognises the token at `start..<end`: at most a few candidates share first letter and length.
    init(in bytes: Span<UInt8>, from start: Int, to end: Int) {
        guard start < end else {
            self = .other
            return
        }
        let candidate: Method
        switch (bytes[start], end - start) {
        case (UInt8(ascii: "I"), 6): candidate = .invite
        case (UInt8(ascii: "I"), 4): candidate = .info
        case (UInt8(ascii: "A"), 3): candidate = .ack
        case (UInt8(ascii: "B"), 3): candidate = .bye
        case (UInt8(ascii: "C"), 6): candidate = .cancel
        case (UInt8(ascii: "R"), 8): candidate = .register
        case (UInt8(ascii: "R"), 5): candidate = .refer
        case (UInt8(ascii: "O"), 7): candidate = .options
        case (UInt8(ascii: "P"), 5): candidate = .prack
        case (UInt8(ascii: "P"), 7): candidate = .publish
        case (UInt8(ascii: "S"), 9): candidate = .subscribe
        case (UInt8(ascii: "N"), 6): candidate = .notify
        case (UInt8(ascii: "M"), 7): candidate = .message
        case (UInt8(ascii: "U"), 6): candidate = .update
        default: candidate = .other
        }
        self = candidate
        var offset = start
        for octet in candidate.text.utf8 {
            if bytes[offset] != octet {
                self = .other
                return
            }
            offset += 1
        }
    }
}
