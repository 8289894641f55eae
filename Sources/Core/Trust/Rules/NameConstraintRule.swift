/// E105: every name lies inside the constraints of every issuer above it.
enum NameConstraintRule {
    static let rule = Rule("chain.nameConstraints", "RFC 5280 §4.2.1.10")

    /// RFC 5280 §6.1.3 (b), (c): self-issued certificates are left out, but for the last one.
    static func check(_ path: CertificatePath) -> Finding {
        if path.leaf.extensions.nameConstraints != nil {
            return .failed(
                rule, .e105, saw: "name constraints in the certificate of an end entity",
                expected: "name constraints in certificates of authorities only", next: "entente cert show FILE.pem")
        }
        for (position, issuer) in path.certificates.enumerated().dropFirst() {
            guard let constraints = issuer.extensions.nameConstraints else { continue }
            for subject in path.certificates.prefix(position) {
                if subject.isSelfIssued, subject !== path.leaf { continue }
                if let violation = constraints.firstViolation(in: subject) {
                    return .failed(
                        rule, .e105, saw: PrintableText.of(violation.name),
                        expected: "\(violation.allowed) (constraint of \(issuer.subjectText))",
                        next: "entente cert show FILE.pem")
                }
            }
        }
        return .passed(rule, saw: path.leaf.names.summary, expected: "names inside the constraints of every issuer")
    }
}
