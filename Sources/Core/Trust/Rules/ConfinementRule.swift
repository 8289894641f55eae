/// E105 for partners: their roots vouch for their own names, and nobody's certificate for ours.
enum ConfinementRule {
    static let rule = Rule("chain.confinement", "RFC 5280 §4.2.1.10")

    static func check(_ subject: Case) -> Finding {
        guard case .partner(let record?, _) = subject.claim, let topology = subject.context.topology else {
            return .notRun(rule, because: "the class is not partner")
        }
        let names = subject.leaf.names
        let parents = names.wildcards.map { String($0.drop { $0 == "*" || $0 == "." }) }
        let hosts = names.hosts + parents.filter { !$0.isEmpty }
        for host in hosts {
            if isOurs(host, topology) {
                return failed(host, "no name of ours in the certificate of a partner")
            }
            if let other = owner(of: host, besides: record, topology) {
                return failed(host, "no name of partner \(other.name) in the certificate of \(record.name)")
            }
        }
        if isPrivate(subject), let stranger = hosts.first(where: { !belongs($0, to: record) }) {
            return failed(
                stranger, "names of \(record.name) only, because its root is private")
        }
        return .passed(rule, saw: names.summary, expected: "names of \(record.name), none of others")
    }

    private static func failed(_ host: String, _ expected: String) -> Finding {
        .failed(rule, .e105, saw: PrintableText.of(host), expected: expected, next: "entente partner list")
    }

    private static func isOurs(_ host: String, _ topology: Topology) -> Bool {
        topology.sipDomains.contains { HostName.isWithin(host, $0) } || HostName.isWithin(host, topology.network)
            || topology.server(named: host) != nil || topology.pool(named: host) != nil
    }

    private static func owner(
        of host: String, besides record: PartnerRecord, _ topology: Topology
    ) -> PartnerRecord? {
        guard !belongs(host, to: record) else {
            // Two records that claim the same name are a fault of the topology; the longer claim wins.
            return topology.partner(ofDomain: host).flatMap {
                $0.name == record.name || record.domains.contains(host) ? nil : $0
            }
        }
        return topology.partners.first {
            $0.name != record.name && $0.name != Topology.discoveryName && belongs(host, to: $0)
        }
    }

    private static func belongs(_ host: String, to record: PartnerRecord) -> Bool {
        record.domains.contains { HostName.isWithin(host, $0) } || record.identities.contains(host)
            || record.edge == host
    }

    /// Whether the chain ends in a root that the record names, and not in a public one.
    private static func isPrivate(_ subject: Case) -> Bool {
        guard let anchor = subject.path?.anchor else { return true }
        return !subject.context.anchors.publicRoots.contains { $0.der == anchor.der }
    }
}
