/// E108: what is critical and not understood refuses.
enum CriticalExtensionRule {
    static let rule = Rule("chain.critical", "RFC 5280 §4.2")

    static func check(_ path: CertificatePath) -> Finding {
        for certificate in path.certificates {
            if let unknown = certificate.extensions.unknownCritical.first {
                return .failed(
                    rule, .e108, saw: "\(unknown) in \(certificate.subjectText)",
                    expected: "no critical extension but those of RFC 5280 that are checked here",
                    next: "ask its owner for a certificate without it")
            }
        }
        return .passed(rule, saw: "no unknown critical extension", expected: "none")
    }
}
