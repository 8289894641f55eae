/// E601, E602 and E604: the topology names the peer, gives it every name that its certificate has, and pins its key.
enum TopologyRule {
    static let rule = Rule("topology.entry", "RFC 5922 §7.4")
    private static let expiry = Rule("topology.expiry", "RFC 5280 §6.1.3")

    static func check(_ subject: Case) -> [Finding] {
        [entry(subject), checkExpiry(subject)]
    }

    /// The record of a server: the one of its key or of the dialled name, else the one that its certificate names.
    static func server(_ subject: Case) -> ServerRecord? {
        guard case .server(let record, let asked) = subject.claim else { return nil }
        if record != nil || asked != nil { return record }
        return subject.leaf.names.sipIdentities.lazy.compactMap { subject.context.topology?.server(named: $0) }.first
    }

    private static func entry(_ subject: Case) -> Finding {
        switch subject.claim {
        case .server: return checkServer(subject)
        case .application(let record, let asked):
            guard let record else { return unknown(PrintableText.of(asked ?? ""), "an application of the topology") }
            if !record.pinned {
                return .alarm(rule, saw: "\(record.name), whose key is not pinned", expected: "a pinned key")
            }
            return checkPin(record.keys, record.name, subject.leaf)
        case .homeServer, .partner, .user, .device, .anonymous:
            return .notRun(rule, because: "\(subject.claim.text) is not named by its key")
        }
    }

    private static func checkServer(_ subject: Case) -> Finding {
        let names = subject.leaf.names
        guard let record = server(subject), let topology = subject.context.topology else {
            return unknown(names.summary, "a server of the topology")
        }
        let given = topology.names(of: record.name)
        let expected = given.joined(separator: ", ")
        guard names.sipIdentities.contains(record.name) else {
            return unknown("\(names.summary) with the key of \(record.name)", expected)
        }
        let foreign = names.hosts.first { !given.contains($0) }
        if foreign != nil || !names.sipUsers.isEmpty || !names.otherURIs.isEmpty || !names.unusable.isEmpty {
            return unknown(foreign ?? names.summary, "no other names than \(expected)")
        }
        return checkPin(record.keys, record.name, subject.leaf)
    }

    private static func unknown(_ saw: String, _ expected: String) -> Finding {
        .failed(rule, .e601, saw: saw, expected: expected, next: "entente topology show")
    }

    private static func checkPin(_ keys: [KeyPin], _ name: String, _ leaf: CertificateFacts) -> Finding {
        let expected =
            keys.isEmpty
            ? "a pinned key of \(name), which has none yet" : keys.map(\.description).joined(separator: " or ")
        if keys.contains(leaf.keyPin) {
            return .passed(rule, saw: "\(name), key \(leaf.keyPin)", expected: expected)
        }
        return .failed(
            rule, .e602, saw: "key \(leaf.keyPin) for \(name)", expected: expected,
            next: "entente node request, then admit")
    }

    /// *Known* is who is named and pinned in the last verified topology. An expired one admits nobody else.
    private static func checkExpiry(_ subject: Case) -> Finding {
        let expected = "a topology that has not expired"
        guard subject.context.isTopologyExpired else { return .passed(expiry, saw: "not expired", expected: expected) }
        let action = subject.context.policy[.topologyExpired, subject.claim.party]
        if action.admits(isLive: subject.evidence.isLive, isKnown: isPinned(subject)) {
            return .alarm(expiry, saw: "the topology has expired", expected: expected)
        }
        return .failed(
            expiry, .e604, saw: "the topology has expired, and the key of \(subject.claim.text) is not pinned in it",
            expected: expected, next: "entente topology publish")
    }

    /// Whether the topology pins this very key for this very peer.
    static func isPinned(_ subject: Case) -> Bool {
        switch subject.claim {
        case .server: server(subject)?.keys.contains(subject.leaf.keyPin) ?? false
        case .application(let record, _): record?.keys.contains(subject.leaf.keyPin) ?? false
        case .homeServer, .partner, .user, .device, .anonymous: false
        }
    }
}
