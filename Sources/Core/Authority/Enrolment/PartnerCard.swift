public import Trust

/// What one organisation tells another so that they can federate: `entente partner add --from FILE`.
///
/// It is not signed: whoever takes it compares its root's fingerprint with the sender by another way.
public struct PartnerCard: Sendable, Hashable {
    static let fileType = "partner-card"
    static let fileVersion: Int64 = 1
    /// The most octets of such a file.
    public static let octetsMax = 65_536

    /// The SIP domains that it speaks for, the principal one first.
    public let domains: [String]
    /// FQDN of its edge.
    public let edge: String
    /// Where its edge listens; nil: its domain is looked up in the DNS.
    public let address: NetworkAddress?
    /// Its root certificate in DER.
    public let root: [UInt8]

    /// A card with these fields.
    /// - Throws: `fileUnreadable` when there is no domain, or the root is not a certificate.
    public init(
        domains: [String], edge: String, address: NetworkAddress?, root: [UInt8]
    ) throws(AuthorityError) {
        guard !domains.isEmpty, (domains + [edge]).allSatisfy(DomainName.isFQDN) else {
            throw .fileUnreadable(what: "the \(Self.fileType) file", reason: "a domain or the edge is no host name")
        }
        guard RootText.certificate(in: root) == root else {
            throw .fileUnreadable(what: "the \(Self.fileType) file", reason: "`root` is not a certificate")
        }
        self.domains = domains
        self.edge = edge
        self.address = address
        self.root = root
    }

    /// Our own card: the domains and the first edge pool of the topology, and our root.
    /// - Throws: `topologyUnsound` when there is no edge.
    public init(of topology: Topology, root: [UInt8]) throws(AuthorityError) {
        guard let pool = topology.pools(with: .edge).first, let server = topology.members(of: pool).first else {
            throw .topologyUnsound(["no pool has the role edge, so nobody outside can reach this network"])
        }
        try self.init(
            domains: topology.sipDomains, edge: pool.external?.name ?? pool.name,
            address: server.external ?? server.address, root: root)
    }

    /// Reads a file.
    public init(parsing bytes: [UInt8]) throws(AuthorityError) {
        guard bytes.count <= Self.octetsMax else {
            throw .fileUnreadable(what: "the \(Self.fileType) file", reason: "longer than \(Self.octetsMax) octets")
        }
        let form = try FileForm(
            parsing: bytes, type: Self.fileType, versions: Self.fileVersion...Self.fileVersion,
            known: ["domains", "edge", "address", "root"])
        try self.init(
            domains: try form.array("domains").compactMap { $0.stringValue?.lowercased() }, edge: try form.host("edge"),
            address: try form.address("address"), root: try form.bytes("root"))
    }

    /// The file.
    public var bytes: [UInt8] {
        FileForm.json(
            type: Self.fileType, version: Self.fileVersion,
            [
                "domains": .array(domains.map { .string($0) }), "edge": .string(edge),
                "address": address.map { .string($0.description) }, "root": .string(Base64.encode(root)),
            ]
        ).canonicalBytes
    }

    /// The topology with this partner: a record under its first domain, and its root under `DOMAIN-root`. A record that
    /// is there is brought up to date; what our side had decided about it (blocked, revocation, via) stays.
    public func add(to topology: Topology) -> Topology {
        var result = topology
        guard let name = domains.first else { return result }
        let rootName = name + "-root"
        result.roots.removeAll { $0.name == rootName }
        result.roots.append(NamedRoot(name: rootName, certificate: root))
        let known = topology.partner(named: name)
        var record = PartnerRecord(
            name: name, kind: known?.kind ?? .named, edge: edge, address: address, domains: domains, roots: [rootName])
        if let known {
            record.publicRoots = known.publicRoots
            record.revocation = known.revocation
            record.enabled = known.enabled
            record.blocked = known.blocked
            record.via = known.via
        }
        result.partners.removeAll { $0.name == name }
        result.partners.append(record)
        return result
    }
}
