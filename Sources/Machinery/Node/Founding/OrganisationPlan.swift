public import Trust

/// The first topology of an organisation with one server: what `entente init` founds.
public struct OrganisationPlan: Sendable {
    /// The SIP domain, lower case; also the network's name.
    public let domain: String
    /// The FQDN of the first server.
    public let server: String
    /// The document, without keys.
    public let topology: Topology

    /// An organisation of this domain.
    ///
    /// - Parameters:
    ///   - roles: what the first server is; the authority is always among them.
    ///   - address: where clients and our own servers reach it.
    ///   - external: where partners and outside users reach it, if it is an edge; the same address makes one listener for
    ///     all of them.
    ///   - trust: its trust channel.
    public init(
        domain: String, server: String, roles: Set<ServerRole>, address: NetworkAddress, external: NetworkAddress?,
        trust: NetworkAddress
    ) {
        let domain = domain.lowercased()
        let server = server.lowercased()
        self.domain = domain
        self.server = server
        let all = roles.union([.authority])
        let isEdge = all.contains(.edge)
        topology = Topology(
            network: domain, sipDomains: [domain],
            pools: [
                PoolRecord(
                    name: "pool.\(domain)", roles: all.sorted(), members: [server],
                    external: isEdge ? ExternalFace(name: "sip.\(domain)") : nil)
            ],
            servers: [
                ServerRecord(name: server, address: address, external: isEdge ? external ?? address : nil, trust: trust)
            ])
    }
}
