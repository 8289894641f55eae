/// E101 and E603: the listener takes this class. Decided before any root is chosen.
enum ListenerRule {
    static let rule = Rule("listener.class", "RFC 5922 §7.4")

    static func check(_ claim: Claim, _ evidence: LinkEvidence) -> Finding {
        switch evidence.direction {
        case .outbound:
            if evidence.chain.isEmpty {
                return missing(expected: "the certificate of the \(claim.text)")
            }
            return .passed(rule, saw: "we dialled", expected: claim.text)
        case .inbound(let listener):
            return check(claim, listener)
        }
    }

    private static func check(_ claim: Claim, _ listener: ListenerFacts) -> Finding {
        let classes = listener.classes.sorted().map(\.rawValue).joined(separator: ", ")
        let place = "\(listener.kind.rawValue) listener for \(classes)"
        if case .anonymous = claim, !listener.classes.contains(.client) {
            return missing(expected: "a certificate: \(place)")
        }
        // A partner's root counts outside only, whatever the configuration of an internal listener says.
        guard listener.classes.contains(claim.peerClass), !(claim.peerClass == .partner && listener.kind == .internal)
        else {
            return .failed(
                rule, .e603, saw: claim.text, expected: place, next: "look at `listen` in config.yaml of this server")
        }
        return .passed(rule, saw: claim.text, expected: place)
    }

    private static func missing(expected: String) -> Finding {
        .failed(rule, .e101, saw: "no certificate", expected: expected, next: "give the peer a certificate and its key")
    }
}
