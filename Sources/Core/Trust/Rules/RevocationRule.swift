import Basis

/// E501 and E502: what the issuers said about revocation, from the lists of the trust state.
enum RevocationRule {
    static let rule = Rule("revocation", "RFC 5280 §6.3.3")

    /// How a certificate stands with its issuer.
    enum Status {
        case revoked(String)
        case good(until: WallTime)
        case grace(since: WallTime)
        case closed(since: WallTime)
        /// The issuer should have a list, and there is none that covers the certificate.
        case missing
        /// There is none, and none is needed; the text says why.
        case notNeeded(String)
    }

    static func check(_ subject: Case) -> Finding {
        guard let path = subject.path else { return .notRun(rule, because: "no path") }
        for link in path.links where revocation(of: link, subject.context) != nil {
            let saw = "\(link.certificate.subjectText), serial \(link.certificate.serialText), revoked"
            if subject.context.policy[.certificateRevoked, subject.claim.party] == .refuse {
                return .failed(
                    rule, .e501, saw: saw, expected: "not revoked by \(link.issuer.subjectText)",
                    next: "entente node request in a new folder, for a new key")
            }
            return .alarm(rule, saw: saw, expected: "not revoked by \(link.issuer.subjectText)")
        }
        // A user's machine looks at lists that it was handed, and asks for none.
        if case .homeServer = subject.claim,
            subject.context.revocation(by: path.issuer)?.list?.covers(path.leaf) != true
        {
            return .notRun(rule, because: "a user's machine holds no lists")
        }
        return judge(status(subject, path), subject, path)
    }

    /// Whether the user of a user certificate counts as proven by it.
    static func provesUser(_ subject: Case) -> Bool {
        guard let path = subject.path else { return false }
        switch status(subject, path) {
        case .good: return true
        case .grace: return subject.context.policy[.listInGrace, .userCertificate] != .useDigest
        case .revoked, .closed, .missing, .notNeeded: return false
        }
    }

    private static func revocation(
        of link: (certificate: CertificateFacts, issuer: CertificateFacts), _ context: TrustContext
    ) -> IssuerRevocation? {
        guard let known = context.revocation(by: link.issuer), known.isRevoked(serial: link.certificate.serial) else {
            return nil
        }
        return known
    }

    private static func status(_ subject: Case, _ path: CertificatePath) -> Status {
        let context = subject.context
        guard let list = context.revocation(by: path.issuer)?.list, list.covers(path.leaf) else {
            return unlisted(subject, path.leaf)
        }
        if list.contains(serial: path.leaf.serial) { return .revoked(path.leaf.serialText) }
        if context.now <= list.nextUpdate { return .good(until: list.nextUpdate) }
        return context.now <= list.nextUpdate + context.policy.revocationGrace
            ? .grace(since: list.nextUpdate) : .closed(since: list.nextUpdate)
    }

    /// Our own CA always publishes a list. A partner's certificate passes without one when it says that there will be
    /// none (RFC 9608 §3), when it lives too short to be worth one, or when its record asks for no more.
    private static func unlisted(_ subject: Case, _ leaf: CertificateFacts) -> Status {
        let record: PartnerRecord?
        switch subject.claim {
        case .server, .homeServer, .user: return .missing
        case .application(let application, _):
            guard let application, !application.roots.isEmpty else { return .missing }
            record = nil
        case .partner(let partner, _): record = partner
        case .device, .anonymous: record = nil
        }
        if leaf.hasNoRevocationData { return .notNeeded("noRevAvail") }
        if leaf.notAfter - leaf.notBefore <= subject.context.policy.shortLifetime {
            return .notNeeded("a short lifetime")
        }
        switch record?.revocation ?? .whenPublished {
        case .required: return .missing
        case .whenPublished:
            return leaf.distributionPoints.isEmpty ? .notNeeded("the issuer publishes nothing") : .missing
        case .none: return .notNeeded("the record asks for nothing")
        }
    }

    private static func judge(_ status: Status, _ subject: Case, _ path: CertificatePath) -> Finding {
        let expected = "a revocation list of \(path.issuer.subjectText) that is not past its next update"
        switch status {
        case .good(let until):
            return .passed(rule, saw: "not on the list, which is good until \(until)", expected: expected)
        case .notNeeded(let why): return .passed(rule, saw: "no list: \(why)", expected: "a list, or no need for one")
        case .revoked(let serial):
            return act(.certificateRevoked, .e501, "serial \(serial), revoked", expected, subject)
        case .grace(let since): return act(.listInGrace, .e502, "the list ran out at \(since)", expected, subject)
        case .closed(let since):
            return act(.listClosed, .e502, "the list ran out at \(since), and the grace is over", expected, subject)
        case .missing: return act(.listMissing, .e502, "no list of the issuer", expected, subject)
        }
    }

    private static func act(
        _ condition: TrustPolicy.Condition, _ code: TrustCode, _ saw: String, _ expected: String, _ subject: Case
    ) -> Finding {
        let action = subject.context.policy[condition, subject.claim.party]
        if action.admits(isLive: subject.evidence.isLive, isKnown: false) {
            return .alarm(rule, saw: saw, expected: expected)
        }
        return .failed(rule, code, saw: saw, expected: expected, next: "entente check")
    }
}
