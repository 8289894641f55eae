import SIP
import Trust

extension MediaPolicy {
    /// Whether an offer or answer with these media lines may pass: each is SRTP or switched off (port 0).
    ///
    /// The profile decides, not an `a=crypto` line: `RTP/AVP` with one is an offer that the other side may take in the clear.
    func permits(_ lines: [MediaLine]) -> Bool {
        switch self {
        case .preferred: true
        case .required: lines.allSatisfy { $0.port == 0 || Self.isSecure($0.profile) }
        }
    }

    private static func isSecure(_ profile: ArraySlice<UInt8>) -> Bool {
        ["RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"].contains { profile.equals($0) }
    }
}
