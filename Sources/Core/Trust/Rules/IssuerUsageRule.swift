import X509

/// E302 for issuers: a key usage, where there is one, allows the signing of certificates.
enum IssuerUsageRule {
    static let rule = Rule("chain.issuerUsage", "RFC 5280 §4.2.1.3")

    static func check(_ path: CertificatePath) -> Finding {
        for issuer in path.certificates.dropFirst() {
            if let usage = issuer.extensions.keyUsage, !usage.keyCertSign {
                return .failed(
                    rule, .e302, saw: "key usage of \(issuer.subjectText) without keyCertSign", expected: "keyCertSign",
                    next: "entente cert show FILE.pem")
            }
        }
        return .passed(rule, saw: "issuers may sign certificates", expected: "keyCertSign where key usage is given")
    }
}
