import X509

/// E106: only authorities issue, within their path length.
enum AuthorityRule {
    static let rule = Rule("chain.authority", "RFC 5280 §4.2.1.9")

    /// RFC 5280 §6.1.4 (k) to (m): every issuer is of version 3 with the CA flag, and no more issuing certificates that
    /// are not self-issued follow below it than its path length says. A peer's own certificate is no authority's.
    static func check(_ path: CertificatePath) -> Finding {
        if path.leaf.isAuthority {
            return failed("\(path.leaf.subjectText), an authority", expected: "the certificate of an end entity")
        }
        if path.leaf.extensions.keyUsage?.keyCertSign == true {
            return failed(
                "key usage keyCertSign without the CA flag", expected: "an end entity that signs no certificates")
        }
        var below = 0
        for issuer in path.certificates.dropFirst() {
            guard issuer.isAuthority else {
                return failed("\(issuer.subjectText) issues without the CA flag", expected: "issuers with the CA flag")
            }
            if let length = issuer.pathLength, below > length {
                return failed(
                    "\(below) authorities below \(issuer.subjectText)", expected: "at most \(length), its path length")
            }
            if !issuer.isSelfIssued { below += 1 }
        }
        return .passed(
            rule, saw: "\(path.certificates.count - 1) authorities", expected: "CA flag and path length hold")
    }

    private static func failed(_ saw: String, expected: String) -> Finding {
        .failed(rule, .e106, saw: saw, expected: expected, next: "entente cert show FILE.pem")
    }
}
