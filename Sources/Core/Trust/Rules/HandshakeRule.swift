/// E001 to E005: what the handshake itself tells, before any certificate is looked at.
enum HandshakeRule {
    static func check(_ evidence: LinkEvidence) -> [Finding] {
        guard let version = evidence.tlsVersion else {
            return [
                .failed(
                    Rule("tls.spoken", "RFC 8446 §4"), .e001, saw: evidence.handshakeFailure ?? "no TLS",
                    expected: "a TLS handshake", next: "set the peer to SIP over TLS")
            ]
        }
        return [
            checkVersion(version), checkCipher(evidence), checkProtocol(evidence), checkResumption(evidence),
            checkEnd(evidence),
        ]
    }

    /// RFC 9325 §3.1.1: TLS 1.3, and 1.2 for peers that have no better; nothing below.
    private static func checkVersion(_ version: TLSVersion) -> Finding {
        let rule = Rule("tls.version", "RFC 9325 §3.1.1")
        let expected = "TLS 1.3 or 1.2"
        switch version {
        case .tls12, .tls13: return .passed(rule, saw: "TLS \(version.rawValue)", expected: expected)
        case .ssl, .tls10, .tls11:
            return .failed(
                rule, .e002, saw: "TLS \(version.rawValue)", expected: expected, next: "set the peer to TLS 1.2 or 1.3")
        }
    }

    /// RFC 9325 §4.2: in TLS 1.2 only ECDHE with AEAD. Every suite of TLS 1.3 is of that kind.
    private static func checkCipher(_ evidence: LinkEvidence) -> Finding {
        let rule = Rule("tls.cipher", "RFC 9325 §4.2")
        let expected = "ECDHE with AEAD"
        guard evidence.tlsVersion == .tls12, let suite = evidence.cipherSuite else {
            return .passed(rule, saw: "a suite of this TLS library's list", expected: expected)
        }
        let name = "cipher suite 0x" + String(suite, radix: 16)
        if modernSuites.contains(suite) { return .passed(rule, saw: name, expected: expected) }
        return .failed(rule, .e002, saw: name, expected: expected, next: "set the peer to ECDHE with AES-GCM")
    }

    /// RFC 5289 §3.2, RFC 7905 §2: ECDHE with AES-GCM or ChaCha20-Poly1305.
    private static let modernSuites: [UInt16] = [0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9]
    private static let ownProtocols = ["sip/2", "sip"]

    /// RFC 7301 §3.2, RFC 9325 §3.7: a client that wants another protocol is not talking to us.
    private static func checkProtocol(_ evidence: LinkEvidence) -> Finding {
        let rule = Rule("tls.alpn", "RFC 9325 §3.7")
        let expected = "sip/2, sip or none"
        let offers = evidence.alpnOffers.map(PrintableText.of)
        let saw = offers.isEmpty ? "no ALPN" : "ALPN " + offers.prefix(8).joined(separator: ", ")
        let selected = evidence.alpnSelected
        if let selected, !ownProtocols.contains(selected) {
            return .failed(
                rule, .e003, saw: "ALPN \(PrintableText.of(selected)) selected", expected: expected,
                next: "look which service listens at this address")
        }
        if !offers.isEmpty, !evidence.alpnOffers.contains(where: ownProtocols.contains) {
            return .failed(rule, .e003, saw: saw, expected: expected, next: "look which program dials this port")
        }
        return .passed(rule, saw: saw, expected: expected)
    }

    /// RFC 8446 §C.4: a ticket would carry an identity past its revocation. No validated chain, no identity.
    private static func checkResumption(_ evidence: LinkEvidence) -> Finding {
        let rule = Rule("tls.resumption", "RFC 8446 §2.2")
        let expected = "certificates proven in this handshake"
        if !evidence.chain.isEmpty, !evidence.hasValidatedChain, evidence.handshakeFailure == nil {
            return .failed(
                rule, .e004, saw: "a resumed session that shows a certificate", expected: expected,
                next: "none: the peer connects again with a full handshake")
        }
        return .passed(
            rule, saw: evidence.chain.isEmpty ? "no certificate" : "a full handshake", expected: expected)
    }

    private static func checkEnd(_ evidence: LinkEvidence) -> Finding {
        let rule = Rule("tls.handshake", "RFC 8446 §4.4.4")
        guard let failure = evidence.handshakeFailure else {
            return .passed(rule, saw: "finished", expected: "finished on both sides")
        }
        return .failed(
            rule, .e005, saw: PrintableText.of(failure), expected: "finished on both sides",
            next: "look into the log of the other side")
    }
}
