/// E107: keys that count. Signatures with weak hashes do not get this far: they fail where the certificate is read.
enum AlgorithmRule {
    static let rule = Rule("chain.algorithms", "RFC 9325 §4.3")
    static let expected = "ECDSA P-256 or P-384, RSA of at least 2048 bits, or Ed25519, with SHA-2"

    static func check(_ path: CertificatePath) -> Finding {
        if let weak = path.certificates.first(where: { !$0.keyKind.isAccepted }) {
            return .failed(
                rule, .e107, saw: "\(weak.keyKind.text) key of \(weak.subjectText)", expected: expected,
                next: "ask its owner for a certificate with a stronger key")
        }
        return .passed(
            rule, saw: path.certificates.map(\.keyKind.text).joined(separator: ", "), expected: expected)
    }
}
