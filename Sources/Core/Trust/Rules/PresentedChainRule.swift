/// E102 and E109: the certificates can be read, and are not too many.
enum PresentedChainRule {
    static let rule = Rule("chain.form", "RFC 5280 §4.1")

    static func check(_ presented: PresentedChain, _ evidence: LinkEvidence) -> Finding {
        let limits =
            "at most \(CertificateLimits.certificatesMax) certificates, \(CertificateLimits.chainBytesMax) bytes, "
            + "\(CertificateLimits.namesMax) names"
        let next = "openssl s_client -showcerts, against the peer"
        switch presented.problem {
        case .malformed(let what)?:
            return .failed(rule, .e102, saw: what, expected: "certificates as RFC 5280 wants them", next: next)
        case .tooLarge(let what)?: return .failed(rule, .e109, saw: what, expected: limits, next: next)
        case .weak?: return .notRun(rule, because: "a certificate was not read")
        case nil: return .passed(rule, saw: "\(evidence.chain.count) certificates", expected: limits)
        }
    }
}
