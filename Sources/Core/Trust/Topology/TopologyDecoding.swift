/// What a topology may hold. Each is far above what a network needs and far below what a server can keep.
public enum TopologyLimits {
    /// Servers, pools, applications and partners, each.
    public static let recordsMax = 100_000
    /// SIP domains of ours, and names in one record.
    public static let namesMax = 1_000
    /// Pinned keys of one server or application.
    public static let keysMax = 8
    /// Root certificates by name.
    public static let rootsMax = 1_000
    /// Bytes of one root certificate.
    public static let certificateBytesMax = 16 << 10
    /// Expectations.
    public static let expectationsMax = 10_000
}

extension Topology {
    /// Reads the document, strictly: an unknown key, a missing one or a value of the wrong form is an error with its
    /// path. Domain names become lower case. What is right in form and wrong in meaning is found by `check`.
    public init(json: JSONValue) throws(DocumentError) {
        var reader = try ObjectReader(json, at: [])
        let network = try reader.requiredString("network").lowercased()
        let sipDomains = try reader.names("sipDomains", max: TopologyLimits.namesMax) ?? []
        let media = try reader.optionalWord("media", as: MediaPolicy.self) ?? .required
        let pools = try reader.records("pools") { (name, entry) throws(DocumentError) in
            try PoolRecord(name: name, reading: &entry)
        }
        let servers = try reader.records("servers") { (name, entry) throws(DocumentError) in
            try ServerRecord(name: name, reading: &entry)
        }
        let applications = try reader.records("applications") { (name, entry) throws(DocumentError) in
            try ApplicationRecord(name: name, reading: &entry)
        }
        let partners = try reader.records("partners") { (name, entry) throws(DocumentError) in
            try PartnerRecord(name: name, reading: &entry)
        }
        let roots = try Self.readRoots(&reader)
        let expect = try Self.readExpectations(&reader)
        try reader.finish()
        self.init(
            network: network, sipDomains: sipDomains, media: media, pools: pools, servers: servers,
            applications: applications, partners: partners, roots: roots, expect: expect)
    }

    private static func readRoots(_ reader: inout ObjectReader) throws(DocumentError) -> [NamedRoot] {
        var roots: [NamedRoot] = []
        for (name, value) in try reader.members("roots", max: TopologyLimits.rootsMax) {
            guard let text = value.stringValue, let bytes = Base64.decode(text), !bytes.isEmpty,
                bytes.count <= TopologyLimits.certificateBytesMax
            else { throw DocumentError(path: ["roots", name], message: "a certificate in base 64 is expected here") }
            roots.append(NamedRoot(name: name, certificate: bytes))
        }
        return roots
    }

    private static func readExpectations(_ reader: inout ObjectReader) throws(DocumentError) -> [Expectation] {
        let texts = try reader.optionalStrings("expect", max: TopologyLimits.expectationsMax) ?? []
        var expect: [Expectation] = []
        for (position, text) in texts.enumerated() {
            guard let expectation = Expectation(text) else {
                throw DocumentError(
                    path: ["expect", String(position)],
                    message: "\"X reaches Y\" or \"X is refused\" is expected here, with names")
            }
            expect.append(expectation)
        }
        return expect
    }
}

extension ObjectReader {
    /// The object `name`, each member of which is a record under its domain name.
    fileprivate mutating func records<Record>(
        _ name: String, _ read: (String, inout ObjectReader) throws(DocumentError) -> Record
    ) throws(DocumentError) -> [Record] {
        var result: [Record] = []
        var seen: Set<String> = []
        for (key, value) in try members(name, max: TopologyLimits.recordsMax) {
            let domain = key.lowercased()
            guard seen.insert(domain).inserted else {
                throw DocumentError(
                    path: path + [name, key], message: "the name appears twice, in different letter case")
            }
            var entry = try ObjectReader(value, at: path + [name, key])
            result.append(try read(domain, &entry))
            try entry.finish()
        }
        return result
    }

    fileprivate mutating func names(_ name: String, max: Int) throws(DocumentError) -> [String]? {
        try optionalStrings(name, max: max)?.map { $0.lowercased() }
    }

    fileprivate mutating func address(_ name: String) throws(DocumentError) -> NetworkAddress? {
        guard let text = try optionalString(name) else { return nil }
        guard let address = NetworkAddress(text) else {
            throw fault(name, "an IP address and a port are expected here, like 192.0.2.1:5061 or [2001:db8::1]:5061")
        }
        return address
    }

    fileprivate mutating func pins(_ name: String) throws(DocumentError) -> [KeyPin] {
        var pins: [KeyPin] = []
        for (position, text) in (try optionalStrings(name, max: TopologyLimits.keysMax) ?? []).enumerated() {
            guard let pin = KeyPin(text) else {
                throw DocumentError(
                    path: path + [name, String(position)],
                    message: "sha256: and 64 hexadecimal digits are expected here")
            }
            pins.append(pin)
        }
        return pins
    }
}

extension PoolRecord {
    fileprivate init(name: String, reading entry: inout ObjectReader) throws(DocumentError) {
        var roles: [ServerRole] = []
        for (position, text) in (try entry.optionalStrings("roles", max: TopologyLimits.namesMax) ?? []).enumerated() {
            let path = entry.path + ["roles", String(position)]
            roles.append(try ObjectReader.word(text, as: ServerRole.self, at: path))
        }
        let members = try entry.names("members", max: TopologyLimits.recordsMax) ?? []
        let nextHop = try entry.optionalString("nextHop")?.lowercased()
        var external: ExternalFace?
        if let value = entry.optional("external") {
            var face = try ObjectReader(value, at: entry.path + ["external"])
            let outside = try face.requiredString("name").lowercased()
            let source = try face.optionalWord("certificate", as: ExternalCertificate.self) ?? .authority
            try face.finish()
            external = ExternalFace(name: outside, certificate: source)
        }
        self.init(name: name, roles: roles, members: members, nextHop: nextHop, external: external)
    }
}

extension ServerRecord {
    fileprivate init(name: String, reading entry: inout ObjectReader) throws(DocumentError) {
        guard let address = try entry.address("address") else { throw entry.fault("address", "is missing") }
        let external = try entry.address("external")
        guard let trust = try entry.address("trust") else { throw entry.fault("trust", "is missing") }
        self.init(name: name, address: address, external: external, trust: trust, keys: try entry.pins("keys"))
    }
}

extension ApplicationRecord {
    fileprivate init(name: String, reading entry: inout ObjectReader) throws(DocumentError) {
        let address = try entry.address("address")
        let identities = try entry.names("identities", max: TopologyLimits.namesMax)
        let pinned = try entry.bool("pinned", default: true)
        let keys = try entry.pins("keys")
        let roots = try entry.optionalStrings("roots", max: TopologyLimits.rootsMax) ?? []
        let routes = try entry.optionalStrings("routes", max: TopologyLimits.namesMax) ?? []
        var grant = ApplicationGrant()
        if let value = entry.optional("grant") {
            var reader = try ObjectReader(value, at: entry.path + ["grant"])
            grant.assertIdentity = try reader.bool("assertIdentity", default: grant.assertIdentity)
            grant.users = try reader.optionalStrings("users", max: TopologyLimits.namesMax) ?? []
            grant.numbers = try reader.optionalStrings("numbers", max: TopologyLimits.namesMax) ?? []
            grant.challenged = try reader.bool("challenged", default: grant.challenged)
            grant.outboundOnly = try reader.bool("outboundOnly", default: grant.outboundOnly)
            grant.throttled = try reader.bool("throttled", default: grant.throttled)
            try reader.finish()
        }
        self.init(
            name: name, address: address, identities: identities, pinned: pinned, keys: keys, roots: roots,
            routes: routes, grant: grant)
    }
}

extension PartnerRecord {
    fileprivate init(name: String, reading entry: inout ObjectReader) throws(DocumentError) {
        let standard: PartnerKind = name == Topology.discoveryName ? .discovered : .named
        let kind = try entry.optionalWord("kind", as: PartnerKind.self) ?? standard
        let edge = try entry.optionalString("edge")?.lowercased()
        let address = try entry.address("address")
        let domains = try entry.names("domains", max: TopologyLimits.namesMax)
        let identities = try entry.names("identities", max: TopologyLimits.namesMax)
        let roots = try entry.optionalStrings("roots", max: TopologyLimits.rootsMax) ?? []
        let publicRoots = try entry.bool("publicRoots", default: false)
        let revocation = try entry.optionalWord("revocation", as: PartnerRevocation.self) ?? .whenPublished
        let enabled = try entry.bool("enabled", default: true)
        let blocked = try entry.bool("blocked", default: false)
        let via = try entry.optionalString("via")?.lowercased()
        self.init(
            name: name, kind: kind, edge: edge, address: address, domains: domains, identities: identities,
            roots: roots, publicRoots: publicRoots, revocation: revocation, enabled: enabled, blocked: blocked, via: via
        )
    }
}
