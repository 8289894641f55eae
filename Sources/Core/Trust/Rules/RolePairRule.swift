/// E606: the roles of both ends link to each other.
enum RolePairRule {
    static let rule = Rule("topology.roles", "RFC 5922 §7.4")

    /// Pairs of server roles, in either order; two of the same role only where it stands here twice.
    private static let pairs: [(ServerRole, ServerRole)] = [
        (.edge, .director), (.edge, .frontEnd), (.edge, .mediation), (.director, .frontEnd), (.frontEnd, .frontEnd),
        (.frontEnd, .mediation), (.frontEnd, .groupChat), (.frontEnd, .webServices),
    ]

    /// `peer` is the entry of a server of ours, once it is known.
    static func check(_ claim: Claim, server peer: ServerRecord?, _ context: TrustContext) -> Finding {
        guard let ownName = context.ownServer, let topology = context.topology else {
            return .notRun(rule, because: "nobody of the topology decides here")
        }
        let own = topology.roles(of: ownName)
        let ownText = "\(ownName) (\(text(own)))"
        guard !own.isEmpty else {
            return failed("\(ownName), which has no role in the topology", "a server with a role")
        }
        switch claim {
        case .server:
            guard let peer else { return .notRun(rule, because: "the peer is not known") }
            return checkServers(own, ownName, peer, topology)
        case .application: return check(own, with: [.mediation, .frontEnd], "application", ownText)
        case .partner: return check(own, with: [.edge], "partner", ownText)
        case .user, .device, .anonymous: return check(own, with: [.frontEnd, .edge], "client", ownText)
        case .homeServer: return .notRun(rule, because: "a user's machine has no role")
        }
    }

    private static func checkServers(
        _ own: Set<ServerRole>, _ ownName: String, _ peer: ServerRecord, _ topology: Topology
    ) -> Finding {
        let theirs = topology.roles(of: peer.name)
        let saw = "\(ownName) (\(text(own))) and \(peer.name) (\(text(theirs)))"
        guard peer.name != ownName else { return failed(saw, "two servers") }
        let links = pairs.contains { pair in
            own.contains(pair.0) && theirs.contains(pair.1) || own.contains(pair.1) && theirs.contains(pair.0)
        }
        return links ? .passed(rule, saw: saw, expected: "roles that link") : failed(saw, "roles that link")
    }

    private static func check(
        _ own: Set<ServerRole>, with allowed: Set<ServerRole>, _ peer: String, _ ownText: String
    ) -> Finding {
        let expected = "\(peer) and " + allowed.sorted().map(\.rawValue).joined(separator: " or ")
        let saw = "\(peer) and \(ownText)"
        return own.isDisjoint(with: allowed) ? failed(saw, expected) : .passed(rule, saw: saw, expected: expected)
    }

    private static func failed(_ saw: String, _ expected: String) -> Finding {
        .failed(rule, .e606, saw: saw, expected: expected, next: "entente topology show")
    }

    private static func text(_ roles: Set<ServerRole>) -> String {
        roles.isEmpty ? "no role" : roles.sorted().map(\.rawValue).joined(separator: ", ")
    }
}
