/// E107: keys and hashes that count. A certificate with others is not read at all, be it the peer's, an issuer's or a
/// root; PSS is not among them, because the X.509 package cannot check it.
enum AlgorithmRule {
    static let rule = Rule("chain.algorithms", "RFC 9325 §4.3")
    static let expected = "ECDSA P-256 or P-384, RSA of at least 2048 bits, or Ed25519, with SHA-2"

    static func check(_ presented: PresentedChain) -> Finding {
        if case .weak(let what)? = presented.problem {
            return .failed(
                rule, .e107, saw: what, expected: expected,
                next: "ask its owner for a certificate with another key or signature")
        }
        let kinds = ([presented.leaf].compactMap(\.self) + presented.others).map(\.keyKind.text)
        return .passed(rule, saw: kinds.isEmpty ? "no certificate" : kinds.joined(separator: ", "), expected: expected)
    }
}
