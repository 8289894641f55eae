/// What the topology says about a peer that held every rule.
struct PeerRecord {
    private(set) var identity: String?
    private(set) var name: String?
    private(set) var roles: Set<ServerRole> = []
    private(set) var domains: [String] = []
    private(set) var grant: ApplicationGrant?
    private(set) var userAOR: String?

    init(_ subject: Case) {
        switch subject.claim {
        case .server:
            name = TopologyRule.server(subject)?.name
            identity = name
            if let name, let topology = subject.context.topology { roles = topology.roles(of: name) }
        case .homeServer(let host):
            identity = host
        case .application(let record, _):
            name = record?.name
            identity = name
            grant = record?.grant
        case .partner(let record, _):
            name = record?.name
            domains = record?.domains ?? []
            identity = domains.first ?? name
        case .user(let aor):
            userAOR = RevocationRule.provesUser(subject) ? aor : nil
        case .device, .anonymous: break
        }
    }
}

extension Claim {
    /// The roots that a certificate of this claim may lead to.
    func roots(_ evidence: LinkEvidence, _ context: TrustContext) -> [CertificateFacts] {
        let anchors = context.anchors
        switch self {
        case .server, .homeServer, .user: return anchors.enterprise
        case .application(let record, _):
            guard let record, !record.roots.isEmpty else { return anchors.enterprise }
            return anchors.roots(named: record.roots)
        case .partner(let record, _):
            guard let record else { return [] }
            return anchors.roots(named: record.roots) + (record.publicRoots ? anchors.publicRoots : [])
        case .device:
            guard case .inbound(let listener) = evidence.direction else { return [] }
            return listener.deviceRoots.compactMap { try? CertificateFacts(der: $0) }
        case .anonymous: return []
        }
    }

    /// Whether a partner was dialled that no record speaks for: there are no roots to choose then.
    var hasNoRecord: Bool {
        if case .partner(nil, _) = self { true } else { false }
    }
}

extension VerifiedPeer: CustomStringConvertible {
    /// For logs: class and name.
    public var description: String {
        "\(peerClass.rawValue) \(identity ?? userAOR ?? "unproven")"
    }
}
