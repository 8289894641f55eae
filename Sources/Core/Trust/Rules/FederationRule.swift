/// E401, E404 and E405: the organisation is one that we federate with.
enum FederationRule {
    static let rule = Rule("federation.record", "RFC 5922 §7.4")

    static func check(_ claim: Claim, _ topology: Topology?) -> Finding {
        guard case .partner(let record, let domain) = claim else {
            return .notRun(rule, because: "the class is not partner")
        }
        guard let record else {
            let name = PrintableText.of(domain ?? "")
            if let discovery = topology?.discovery, !discovery.enabled {
                return .failed(
                    rule, .e405, saw: "\(name) has no partner record", expected: "a partner record, or discovery",
                    next: "entente partner add \(name)")
            }
            return .failed(
                rule, .e401, saw: "\(name) has no partner record", expected: "a partner record",
                next: "entente partner add \(name)")
        }
        if record.blocked {
            return .failed(
                rule, .e404, saw: "partner \(record.name) is blocked", expected: "a partner that is not blocked",
                next: "entente partner unblock \(record.name)")
        }
        guard record.enabled else {
            return .failed(
                rule, .e401, saw: "partner \(record.name) is switched off", expected: "a partner that is enabled",
                next: "take `enabled: false` out of the topology: entente topology show, then publish")
        }
        return .passed(rule, saw: "partner \(record.name)", expected: "a partner that is enabled and not blocked")
    }
}
