extension Topology {
    /// The document as JSON, the same as `init(json:)` reads. What has its default is left out where the default is
    /// fixed.
    public var json: JSONValue {
        var members: [String: JSONValue] = [
            "network": .string(network),
            "sipDomains": .strings(sipDomains),
            "media": .string(media.rawValue),
        ]
        members["pools"] = Self.object(pools, \.name, \.json)
        members["servers"] = Self.object(servers, \.name, \.json)
        members["applications"] = Self.object(applications, \.name, \.json)
        members["partners"] = Self.object(partners, \.name, \.json)
        members["roots"] = Self.object(roots, \.name) { .string(Base64.encode($0.certificate)) }
        if !expect.isEmpty { members["expect"] = .strings(expect.map(\.description)) }
        return .object(members)
    }

    private static func object<Record>(
        _ records: [Record], _ name: (Record) -> String, _ json: (Record) -> JSONValue
    ) -> JSONValue? {
        if records.isEmpty { return nil }
        return .object(Dictionary(records.map { (name($0), json($0)) }, uniquingKeysWith: { first, _ in first }))
    }
}

extension JSONValue {
    /// A list of texts.
    static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

    /// An object of the members that are there.
    static func members(_ pairs: [(String, JSONValue?)]) -> JSONValue {
        .object(Dictionary(pairs.compactMap { pair in pair.1.map { (pair.0, $0) } }, uniquingKeysWith: { $1 }))
    }

    /// A list of texts, nil when there are none.
    static func stringsIfAny(_ texts: [String]) -> JSONValue? { texts.isEmpty ? nil : .strings(texts) }
}

extension PoolRecord {
    /// The record as the document has it, without its name.
    public var json: JSONValue {
        .members([
            ("roles", .strings(roles.map(\.rawValue))),
            ("members", .strings(members)),
            ("nextHop", nextHop.map { .string($0) }),
            (
                "external",
                external.map {
                    .members([
                        ("name", .string($0.name)),
                        ("certificate", $0.certificate == .authority ? nil : .string($0.certificate.rawValue)),
                    ])
                }
            ),
        ])
    }
}

extension ServerRecord {
    /// The record as the document has it, without its name.
    public var json: JSONValue {
        .members([
            ("address", .string(address.description)),
            ("external", external.map { .string($0.description) }),
            ("trust", .string(trust.description)),
            ("keys", .stringsIfAny(keys.map(\.description))),
        ])
    }
}

extension ApplicationRecord {
    /// The record as the document has it, without its name.
    public var json: JSONValue {
        .members([
            ("address", address.map { .string($0.description) }),
            ("identities", identities == [name] ? nil : .strings(identities)),
            ("pinned", pinned ? nil : .bool(false)),
            ("keys", .stringsIfAny(keys.map(\.description))),
            ("roots", .stringsIfAny(roots)),
            ("routes", .stringsIfAny(routes)),
            ("grant", grant == ApplicationGrant() ? nil : grant.json),
        ])
    }
}

extension ApplicationGrant {
    /// The grant as the document has it.
    public var json: JSONValue {
        let standard = ApplicationGrant()
        func unlessStandard(_ value: Bool, _ usual: Bool) -> JSONValue? { value == usual ? nil : .bool(value) }
        return .members([
            ("assertIdentity", unlessStandard(assertIdentity, standard.assertIdentity)),
            ("users", .stringsIfAny(users)),
            ("numbers", .stringsIfAny(numbers)),
            ("challenged", unlessStandard(challenged, standard.challenged)),
            ("outboundOnly", unlessStandard(outboundOnly, standard.outboundOnly)),
            ("throttled", unlessStandard(throttled, standard.throttled)),
        ])
    }
}

extension PartnerRecord {
    /// The record as the document has it, without its name.
    public var json: JSONValue {
        .members([
            ("kind", .string(kind.rawValue)),
            ("edge", edge.map { .string($0) }),
            ("address", address.map { .string($0.description) }),
            ("domains", .strings(domains)),
            ("identities", .strings(identities)),
            ("roots", .stringsIfAny(roots)),
            ("publicRoots", publicRoots ? .bool(true) : nil),
            ("revocation", .string(revocation.rawValue)),
            ("enabled", enabled ? nil : .bool(false)),
            ("blocked", blocked ? .bool(true) : nil),
            ("via", via.map { .string($0) }),
        ])
    }
}
