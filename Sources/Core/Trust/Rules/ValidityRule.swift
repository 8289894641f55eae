import Basis

/// E201 and E202: every certificate of the path, the root too, is inside its validity.
enum ValidityRule {
    static let rule = Rule("time.validity", "RFC 5280 §4.1.2.5")

    static func check(_ path: CertificatePath, at now: WallTime) -> Finding {
        for certificate in path.certificates {
            if now.seconds > certificate.notAfter.seconds {
                return .failed(
                    rule, .e201, saw: "\(certificate.subjectText) expired at \(certificate.notAfter)",
                    expected: "valid at \(now)",
                    next: "its owner has to renew it; own servers renew while their authority runs")
            }
            if now < certificate.notBefore {
                return .failed(
                    rule, .e202, saw: "\(certificate.subjectText) is valid from \(certificate.notBefore)",
                    expected: "valid at \(now)", next: "compare the clocks of both machines")
            }
        }
        return .passed(rule, saw: "until \(path.leaf.notAfter)", expected: "valid at \(now)")
    }
}
