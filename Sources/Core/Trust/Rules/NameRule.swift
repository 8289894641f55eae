/// E303, E304 and E402: the name that was asked for, or that the record demands, is proven.
enum NameRule {
    private static let asked = Rule("name.asked", "RFC 5922 §7.2")
    private static let record = Rule("name.record", "RFC 5922 §7.2")

    /// RFC 5922 §7.2: exact, whole, whatever the case; `*` never matches. What DNS answered plays no part.
    static func check(_ subject: Case) -> Finding {
        let identities = subject.leaf.names.sipIdentities
        switch subject.claim {
        case .server(_, let name?): return compare(identities, [name], asked, .e303, subject.leaf, next: nextOf(name))
        // Nobody was dialled, but the pinned key says whose certificate this has to be.
        case .server(let entry?, nil):
            return compare(identities, [entry.name], asked, .e303, subject.leaf, next: nextOf(entry.name))
        case .homeServer(let host):
            return compare(subject.leaf.names.dnsNames, [host], asked, .e303, subject.leaf, next: nextOf(host))
        case .application(let entry?, _):
            return compare(identities, entry.identities, record, .e303, subject.leaf, next: nextOf(entry.name))
        case .application(nil, let name?):
            return compare(identities, [name], asked, .e303, subject.leaf, next: nextOf(name))
        case .partner(let entry?, let domain):
            let isDiscovered = entry.kind == .discovered
            return compare(
                identities, isDiscovered ? [domain ?? entry.name] : entry.identities, isDiscovered ? asked : record,
                isDiscovered ? .e303 : .e402, subject.leaf,
                next: "entente partner add \(entry.name) with --identities, once its owner confirms the name")
        case .server(nil, nil), .application(nil, nil), .partner(nil, _), .user, .device, .anonymous:
            return .notRun(asked, because: "no name was asked for")
        }
    }

    private static func nextOf(_ name: String) -> String { "entente verify FILE.pem --name \(PrintableText.of(name))" }

    private static func compare(
        _ identities: [String], _ wanted: [String], _ rule: Rule, _ code: TrustCode, _ leaf: CertificateFacts,
        next: String
    ) -> Finding {
        let expected = wanted.map(PrintableText.of).joined(separator: " or ")
        if identities.contains(where: wanted.contains) {
            return .passed(rule, saw: leaf.names.summary, expected: expected)
        }
        let isCovered = wanted.contains { leaf.names.wildcardCovers($0) }
        return .failed(
            rule, isCovered ? .e304 : code,
            saw: "\(leaf.names.summary) (serial \(leaf.serialText), issuer \(leaf.issuerText))",
            expected: expected, next: next)
    }
}
