/// The first step of every decision: the class that a peer claims, so that roots are chosen by the claim and not by what
/// happens to verify.
enum Classification {
    static let rule = Rule("class", "RFC 5922 §7.1")

    /// The claim, and what was found on the way to it.
    static func claim(
        _ evidence: LinkEvidence, _ presented: PresentedChain, in context: TrustContext
    ) -> (claim: Claim, finding: Finding) {
        switch evidence.direction {
        case .outbound(let dialled): return outbound(dialled, context.topology)
        case .inbound(let listener): return inbound(presented, listener, context.topology)
        }
    }

    /// Outbound, the class is that of the entry that was dialled.
    private static func outbound(_ dialled: Dialled, _ topology: Topology?) -> (Claim, Finding) {
        let claim: Claim
        switch dialled {
        case .server(let name):
            claim = .server(topology?.server(named: name.lowercased()), asked: name.lowercased())
        case .application(let name):
            claim = .application(topology?.application(named: name.lowercased()), asked: name.lowercased())
        case .registrar(let host):
            claim = .homeServer(host: host.lowercased())
        case .partner(let domain):
            claim = .partner(partner(of: domain.lowercased(), topology), domain: domain.lowercased())
        }
        return (claim, .passed(rule, saw: "\(dialled) was dialled", expected: claim.text))
    }

    /// The record that speaks for a domain; for a domain that nobody listed the record of discovery, narrowed to it.
    private static func partner(of domain: String, _ topology: Topology?) -> PartnerRecord? {
        if let record = topology?.partner(ofDomain: domain) { return record }
        guard let discovery = topology?.discovery, discovery.enabled else { return nil }
        return PartnerRecord(
            name: domain, kind: .discovered, domains: [domain], identities: [domain], roots: discovery.roots,
            publicRoots: discovery.publicRoots, revocation: discovery.revocation, blocked: discovery.blocked,
            via: discovery.via)
    }

    /// Inbound: pinned key, then names, then user profile or maker's root, then `server`, which has to prove itself.
    private static func inbound(
        _ presented: PresentedChain, _ listener: ListenerFacts, _ topology: Topology?
    ) -> (Claim, Finding) {
        guard let leaf = presented.leaf else { return found(.anonymous, "no certificate") }
        if let topology {
            if let record = topology.server(pinned: leaf.keyPin) {
                return found(.server(record, asked: nil), "the pinned key of \(record.name)")
            }
            if let record = topology.application(pinned: leaf.keyPin) {
                return found(.application(record, asked: nil), "the pinned key of \(record.name)")
            }
            if let byName = byNames(leaf.names, topology) { return byName }
            if let user = userProfile(leaf, topology) { return found(.user(user), leaf.names.summary) }
        }
        if isFactoryMade(presented, listener) { return found(.device, "issuer \(leaf.issuerText)") }
        return found(.server(nil, asked: nil), "\(leaf.names.summary), key \(leaf.keyPin)")
    }

    private static func found(_ claim: Claim, _ saw: String) -> (Claim, Finding) {
        (claim, .passed(rule, saw: saw, expected: claim.text))
    }

    private static func byNames(_ names: CertificateNames, _ topology: Topology) -> (Claim, Finding)? {
        var applications: [ApplicationRecord] = []
        var partners: [PartnerRecord] = []
        for name in names.sipIdentities {
            for record in topology.applications(identifiedBy: name) where !applications.contains(record) {
                applications.append(record)
            }
            for record in topology.partners(identifiedBy: name) where !partners.contains(record) {
                if record.name != Topology.discoveryName { partners.append(record) }
            }
        }
        let claims =
            applications.map { Claim.application($0, asked: nil) } + partners.map { Claim.partner($0, domain: nil) }
        guard let first = claims.first else { return nil }
        guard claims.count == 1 else {
            let finding = Finding.failed(
                rule, .e305, saw: "\(names.summary): \(claims.map(\.text).joined(separator: " and "))",
                expected: "names of one record", next: "entente topology check")
            return (first, finding)
        }
        return found(first, names.summary)
    }

    /// The user profile: exactly one name, `URI:sip:user@domain`, in a domain of ours.
    private static func userProfile(_ leaf: CertificateFacts, _ topology: Topology) -> String? {
        guard leaf.names.count == 1, let user = leaf.names.sipUsers.first,
            let domain = user.split(separator: "@").last, topology.isOwn(sipDomain: String(domain))
        else { return nil }
        return user
    }

    private static func isFactoryMade(_ presented: PresentedChain, _ listener: ListenerFacts) -> Bool {
        guard !listener.deviceRoots.isEmpty, let leaf = presented.leaf else { return false }
        let issuers = Set(([leaf] + presented.others).map(\.issuer))
        return listener.deviceRoots.contains { der in
            (try? CertificateFacts(der: der)).map { issuers.contains($0.subject) } ?? false
        }
    }
}
