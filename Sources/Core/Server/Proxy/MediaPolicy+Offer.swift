import SIP
import Trust

/// What a body says about the encryption of media.
enum MediaJudgement {
    case passes
    /// A session description that breaks its grammar.
    case malformed
    /// There may be a session description inside that cannot be looked at.
    case unreadable
    /// Media in the clear.
    case open
}

extension MediaPolicy {
    /// Judges an offer or answer: each media line is SRTP or switched off (port 0).
    ///
    /// The profile decides, not an `a=crypto` line: `RTP/AVP` with one is an offer that the other side may take in the
    /// clear. A description packed among other parts is looked at like one alone, so that packing is no way around.
    func judge(_ message: SIPMessage) -> MediaJudgement {
        guard !message.body.isEmpty, let type = message.contentType else { return .passes }
        let isPacked = type.type.equalsIgnoringCase("multipart")
        guard isPacked || type.isType("application", "sdp") else { return .passes }
        switch self {
        case .preferred:
            return !isPacked && message.mediaLines == nil ? .malformed : .passes
        case .required:
            guard message.elements(of: .contentEncoding).allSatisfy({ $0.equalsIgnoringCase("identity") }) else {
                return .unreadable
            }
            if isPacked, SessionDescription.hasEncodedPart(message.body) { return .unreadable }
            guard let lines = isPacked ? SessionDescription.mediaLines(inParts: message.body) : message.mediaLines
            else {
                return .malformed
            }
            return lines.allSatisfy { $0.port == 0 || $0.isSecure } ? .passes : .open
        }
    }
}
