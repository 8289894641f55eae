import Basis

/// A way from a peer's certificate to a root, each signed by the next.
struct CertificatePath: Sendable {
    /// The peer's own first, the root last; at least two.
    let certificates: [CertificateFacts]
    let leaf: CertificateFacts
    /// The issuer of the peer's own.
    let issuer: CertificateFacts
    let anchor: CertificateFacts

    init(leaf: CertificateFacts, above: [CertificateFacts], anchor: CertificateFacts) {
        self.certificates = [leaf] + above + [anchor]
        self.leaf = leaf
        self.issuer = above.first ?? anchor
        self.anchor = anchor
    }

    /// Each certificate with its issuer, the peer's own first.
    var links: [(certificate: CertificateFacts, issuer: CertificateFacts)] {
        zip(certificates, certificates.dropFirst()).map { ($0, $1) }
    }
}

/// Looks for a path that every rule of chain and time accepts, depth first, within a budget of work.
///
/// RFC 4158 §2.4: many certificates may bear the issuer's name, and only trying tells which one leads on.
struct PathBuilder {
    private let intermediates: [CertificateFacts]
    private let anchors: [CertificateFacts]
    private let now: WallTime
    private var signatureChecksLeft = CertificateLimits.signatureChecksMax
    private var pathsLeft = CertificateLimits.pathsMax
    private var accepted: CertificatePath?
    private var judged: (path: CertificatePath, chain: [Finding], time: [Finding])?
    private var badSignature: (certificate: CertificateFacts, issuer: CertificateFacts)?
    private var furthest: CertificateFacts

    /// What was found: a path with what its rules say, or why there is none.
    struct Outcome {
        let path: CertificatePath?
        let chain: [Finding]
        let time: [Finding]
    }

    static let rule = Rule("chain.path", "RFC 5280 §6.1")

    init(leaf: CertificateFacts, intermediates: [CertificateFacts], anchors: [CertificateFacts], now: WallTime) {
        self.intermediates = intermediates
        self.anchors = anchors
        self.now = now
        self.furthest = leaf
    }

    /// Looks for a path from `leaf` to one of the anchors.
    static func build(
        leaf: CertificateFacts, intermediates: [CertificateFacts], anchors: [CertificateFacts], now: WallTime
    ) -> Outcome {
        var builder = PathBuilder(leaf: leaf, intermediates: intermediates, anchors: anchors, now: now)
        builder.extend(leaf: leaf, above: [])
        return builder.outcome
    }

    /// Tries every issuer of the last certificate. The depth is bounded by the number of certificates presented.
    private mutating func extend(leaf: CertificateFacts, above: [CertificateFacts]) {
        let last = above.last ?? leaf
        furthest = last
        for anchor in anchors where accepted == nil && last.mayBeIssued(by: anchor) {
            guard isSigned(last, by: anchor) else { continue }
            judge(CertificatePath(leaf: leaf, above: above, anchor: anchor))
        }
        for issuer in intermediates where accepted == nil && last.mayBeIssued(by: issuer) {
            guard issuer.der != leaf.der, !above.contains(where: { $0.der == issuer.der || $0.isSameEntity(issuer) }),
                isSigned(last, by: issuer)
            else { continue }
            extend(leaf: leaf, above: above + [issuer])
        }
    }

    private mutating func isSigned(_ certificate: CertificateFacts, by issuer: CertificateFacts) -> Bool {
        guard signatureChecksLeft > 0 else { return false }
        signatureChecksLeft -= 1
        if certificate.isSigned(by: issuer) { return true }
        badSignature = badSignature ?? (certificate, issuer)
        return false
    }

    private mutating func judge(_ path: CertificatePath) {
        guard pathsLeft > 0 else { return }
        pathsLeft -= 1
        let chain = PathRules.chain(path)
        let time = [ValidityRule.check(path, at: now)]
        if (chain + time).allSatisfy({ $0.refusal == nil }) {
            accepted = path
            judged = (path, chain, time)
        } else {
            judged = judged ?? (path, chain, time)
        }
    }

    private var outcome: Outcome {
        let expected =
            "a chain to one of: " + (anchors.isEmpty ? "no root" : anchors.map(\.subjectText).joined(separator: "; "))
        if let judged {
            let way = judged.path.certificates.map(\.subjectText).joined(separator: " < ")
            return Outcome(
                path: judged.path, chain: [.passed(Self.rule, saw: way, expected: expected)] + judged.chain,
                time: judged.time)
        }
        if let badSignature {
            let saw = "\(badSignature.certificate.subjectText), not signed by \(badSignature.issuer.subjectText)"
            return failing(.e104, saw: saw, expected: "a valid signature of its issuer")
        }
        if signatureChecksLeft == 0 || pathsLeft == 0 {
            return failing(
                .e109, saw: "a chain that takes too much work", expected: "one that leads to a root directly")
        }
        return failing(.e103, saw: "issuer \(furthest.issuerText)", expected: expected)
    }

    private func failing(_ code: TrustCode, saw: String, expected: String) -> Outcome {
        let next = "entente verify FILE.pem --as CLASS --name NAME"
        return Outcome(
            path: nil, chain: [.failed(Self.rule, code, saw: saw, expected: expected, next: next)],
            time: [.notRun(ValidityRule.rule, because: "no path")])
    }
}

extension CertificateFacts {
    /// Whether both are certificates for the same name and key: a path that holds both goes in a circle.
    fileprivate func isSameEntity(_ other: CertificateFacts) -> Bool {
        subject == other.subject && keyPin == other.keyPin
    }
}
