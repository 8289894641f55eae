public import Trust

extension TopologySource {
    /// The document as YAML, in the form that people write: one line for a record, defaults left out.
    public static func text(of topology: Topology) -> String {
        var lines = ["network: \(scalar(topology.network))", "sipDomains: \(list(topology.sipDomains))"]
        if topology.media != .required { lines.append("media: \(topology.media.rawValue)") }
        lines += section("pools", topology.pools.map { ($0.name, fields($0)) })
        lines += section("servers", topology.servers.map { ($0.name, fields($0)) })
        lines += section("applications", topology.applications.map { ($0.name, fields($0)) })
        lines += section("partners", topology.partners.map { ($0.name, fields($0)) })
        if !topology.roots.isEmpty {
            lines.append("roots:")
            for root in topology.roots {
                lines.append("  \(scalar(root.name)): |")
                lines += RootText.pem(root.certificate).split(separator: "\n").map { "    " + $0 }
            }
        }
        if !topology.expect.isEmpty {
            lines.append("expect:")
            lines += topology.expect.map { "  - \($0)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private typealias Field = (key: String, value: String)

    private static func fields(_ pool: PoolRecord) -> [Field] {
        var fields: [Field] = [("roles", list(pool.roles.map(\.rawValue))), ("members", list(pool.members))]
        if let nextHop = pool.nextHop { fields.append(("nextHop", scalar(nextHop))) }
        if let external = pool.external {
            var face: [Field] = [("name", scalar(external.name))]
            if external.certificate != .authority { face.append(("certificate", external.certificate.rawValue)) }
            fields.append(("external", mapping(face)))
        }
        return fields
    }

    private static func fields(_ server: ServerRecord) -> [Field] {
        var fields: [Field] = [("address", scalar(server.address.description))]
        if let external = server.external { fields.append(("external", scalar(external.description))) }
        fields.append(("trust", scalar(server.trust.description)))
        if !server.keys.isEmpty { fields.append(("keys", list(server.keys.map(\.description)))) }
        return fields
    }

    private static func fields(_ application: ApplicationRecord) -> [Field] {
        var fields: [Field] = []
        if let address = application.address { fields.append(("address", scalar(address.description))) }
        if application.identities != [application.name] { fields.append(("identities", list(application.identities))) }
        if !application.pinned { fields.append(("pinned", "false")) }
        if !application.keys.isEmpty { fields.append(("keys", list(application.keys.map(\.description)))) }
        if !application.roots.isEmpty { fields.append(("roots", list(application.roots))) }
        if !application.routes.isEmpty { fields.append(("routes", list(application.routes))) }
        let grant = application.grant
        var rights: [Field] = []
        if grant.assertIdentity { rights.append(("assertIdentity", "true")) }
        if !grant.users.isEmpty { rights.append(("users", list(grant.users))) }
        if !grant.numbers.isEmpty { rights.append(("numbers", list(grant.numbers))) }
        if grant.challenged { rights.append(("challenged", "true")) }
        if grant.outboundOnly { rights.append(("outboundOnly", "true")) }
        if !grant.throttled { rights.append(("throttled", "false")) }
        if !rights.isEmpty { fields.append(("grant", mapping(rights))) }
        return fields
    }

    private static func fields(_ partner: PartnerRecord) -> [Field] {
        let plain = PartnerRecord(name: partner.name, edge: partner.edge, domains: partner.domains)
        var fields: [Field] = [("kind", partner.kind.rawValue)]
        if let edge = partner.edge { fields.append(("edge", scalar(edge))) }
        if let address = partner.address { fields.append(("address", scalar(address.description))) }
        if partner.domains != PartnerRecord(name: partner.name).domains {
            fields.append(("domains", list(partner.domains)))
        }
        if partner.identities != plain.identities { fields.append(("identities", list(partner.identities))) }
        if !partner.roots.isEmpty { fields.append(("roots", list(partner.roots))) }
        if partner.publicRoots { fields.append(("publicRoots", "true")) }
        if partner.revocation != .whenPublished { fields.append(("revocation", partner.revocation.rawValue)) }
        if !partner.enabled { fields.append(("enabled", "false")) }
        if partner.blocked { fields.append(("blocked", "true")) }
        if let via = partner.via { fields.append(("via", scalar(via))) }
        return fields
    }

    // MARK: Text

    private static func section(_ name: String, _ records: [(name: String, fields: [Field])]) -> [String] {
        records.isEmpty ? [] : ["\(name):"] + records.map { "  \(scalar($0.name)): \(mapping($0.fields))" }
    }

    private static func mapping(_ fields: [Field]) -> String {
        fields.isEmpty ? "{}" : "{ " + fields.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + " }"
    }

    private static func list(_ items: [String]) -> String { "[" + items.map(scalar).joined(separator: ", ") + "]" }

    /// A text that stands without quotes when it is a plain name or address, and in double quotes otherwise.
    private static func scalar(_ text: String) -> String {
        let isPlain =
            text.utf8.first.map(isLetterOrDigit) == true && text.utf8.last.map(isLetterOrDigit) == true
            && text.utf8.allSatisfy { isLetterOrDigit($0) || [0x2D, 0x2E, 0x3A].contains($0) }
            && !["true", "false", "null", "yes", "no", "on", "off"].contains(text.lowercased())
        guard !isPlain else { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            case "\u{20}"..."\u{7E}": quoted.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return quoted + "\""
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
