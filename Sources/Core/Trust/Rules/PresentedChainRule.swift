/// E102, E107 and E109: the certificates can be read, and are not too many.
enum PresentedChainRule {
    static let rule = Rule("chain.form", "RFC 5280 §4.1")

    static func check(_ presented: PresentedChain, _ evidence: LinkEvidence) -> Finding {
        let expected =
            "at most \(CertificateLimits.certificatesMax) certificates, \(CertificateLimits.chainBytesMax) bytes, "
            + "\(CertificateLimits.namesMax) names; \(AlgorithmRule.expected)"
        if let problem = presented.problem {
            return .failed(
                rule, problem.code, saw: problem.description, expected: expected,
                next: "openssl s_client -showcerts, against the peer")
        }
        return .passed(rule, saw: "\(evidence.chain.count) certificates", expected: expected)
    }
}
