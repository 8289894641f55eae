import Basis
import SIP
import Trust

/// What a server reads out of the topology once per change, so that no request has to search it: who it is itself, which
/// names are its own, where the others are.
///
/// Names are kept as lower-case bytes, the form in which they stand in a canonical URI.
struct Surroundings {
    /// The FQDN of this server.
    let name: String
    let roles: Set<ServerRole>
    /// The SIP domains of the organisation; the first is the digest realm.
    let domains: [[UInt8]]
    let realm: [UInt8]
    let media: MediaPolicy
    /// Every host that means this server when it stands in a Route: FQDN, pool, external name.
    private let ownHosts: Set<[UInt8]>
    /// The address and port of each listener, for a Route that names one: another server may have the same address.
    private let ownAddresses: Set<[UInt8]>
    /// Host in a Route to the servers behind it, for this server's own network.
    private let servers: [[UInt8]: [ServerRecord]]
    /// Domain to partner record.
    private let partnersByDomain: [[UInt8]: PartnerRecord]
    /// Name of the record to the record.
    private let partnersByName: [String: PartnerRecord]
    /// Edge or identity name to record, for the Route entries that a partner's proxies left.
    private let partnersByHost: [[UInt8]: PartnerRecord]
    /// Name of an application to where it listens.
    private let applicationAddresses: [String: NetworkAddress]
    /// Where an edge sends what comes from outside.
    let inwardHops: [ServerRecord]
    /// The edges of this network, for what goes outside.
    let edges: [ServerRecord]
    /// Host and port that this server writes into Via, Path and Service-Route inside the network.
    ///
    /// RFC 3261 §18.1.1: with the port, because some clients look for the connection of a response by it.
    let insideHost: [UInt8]
    /// Host and port that outsiders know an edge by: its external name. The same as `insideHost` on other servers.
    let outsideHost: [UInt8]
    /// Address and port for Record-Route towards clients: where this server listens for them.
    ///
    /// An address and not a name: a request inside a dialog comes on the flow that began it or not at all, so what stands
    /// here only has to lead a client back to the connection that it has, without asking the DNS.
    let clientAddress: [UInt8]

    /// Reads the context; a server without a verified topology has no roles and routes nothing.
    init(context: TrustContext) {
        let name = context.ownServer ?? ""
        let topology = context.topology ?? Topology(network: "", sipDomains: [])
        self.name = name
        let pools = topology.pools.filter { $0.members.contains(name) }
        roles = Set(pools.flatMap(\.roles))
        domains = topology.sipDomains.map { Self.bytes($0) }
        realm = Self.bytes(topology.sipDomains.first ?? topology.network)
        media = topology.media
        let external = pools.compactMap(\.external?.name).first
        let own = topology.server(named: name)
        // Clients that name their outbound proxy by address put that address into Route.
        let addresses = [own?.address.uriHost, own?.external?.uriHost, external].compactMap(\.self)
        ownHosts = Set(([name] + pools.map(\.name) + addresses).map(Self.bytes))
        insideHost = Self.sentBy(name, own?.address.port)
        clientAddress =
            (own?.external ?? own?.address).map { Self.sentBy($0.uriHost, $0.port) } ?? Self.bytes(external ?? name)
        ownAddresses = Set([own?.address, own?.external].compactMap(\.self).map { Self.bytes("\($0)") })
        outsideHost = Self.sentBy(external ?? name, own?.external?.port ?? own?.address.port)
        var records: [String: ServerRecord] = [:]
        for server in topology.servers { records[server.name] = server }
        var servers: [[UInt8]: [ServerRecord]] = [:]
        for server in topology.servers {
            servers[Self.bytes(server.name)] = [server]
            servers[Self.bytes("\(server.address)")] = [server]
        }
        for pool in topology.pools {
            let members = pool.members.compactMap { records[$0] }
            servers[Self.bytes(pool.name)] = members
            if let face = pool.external { servers[Self.bytes(face.name)] = members }
        }
        self.servers = servers
        var byDomain: [[UInt8]: PartnerRecord] = [:]
        var byName: [String: PartnerRecord] = [:]
        var byHost: [[UInt8]: PartnerRecord] = [:]
        for partner in topology.partners where partner.enabled {
            byName[partner.name] = partner
            for domain in partner.domains { byDomain[Self.bytes(domain)] = partner }
            for host in partner.identities + [partner.edge].compactMap(\.self) { byHost[Self.bytes(host)] = partner }
        }
        applicationAddresses = Dictionary(
            topology.applications.compactMap { application in application.address.map { (application.name, $0) } },
            uniquingKeysWith: { first, _ in first })
        partnersByDomain = byDomain
        partnersByName = byName
        partnersByHost = byHost
        func members(with role: ServerRole) -> [ServerRecord] {
            topology.pools.filter { $0.roles.contains(role) }.flatMap(\.members).compactMap { records[$0] }
                .filter { $0.name != name }
        }
        edges = members(with: .edge)
        let hop = pools.compactMap(\.nextHop).first
        inwardHops =
            hop.flatMap { servers[Self.bytes($0)] }?.filter { $0.name != name } ?? members(with: .frontEnd)
    }

    /// Whether a Route means this server, by one of its names, or by its address when no other server has that with the
    /// port of the Route.
    func isOwn(route: SIPURI) -> Bool {
        guard isOwn(host: route.canonicalHost[...]) else { return false }
        let address = Self.bytes("\(route.canonicalHost[...].text):\(route.port ?? 5_061)")
        return ownAddresses.contains(address) || servers[address] == nil
    }

    /// Whether a request URI with this host means this server.
    func isOwn(host: ArraySlice<UInt8>) -> Bool { ownHosts.contains(Array(host)) }

    /// Whether `host` is one of the organisation's SIP domains.
    func isOwn(domain: ArraySlice<UInt8>) -> Bool { domains.contains { $0[...] == domain } }

    /// The servers of this network that a name in a Route means.
    func servers(at host: ArraySlice<UInt8>) -> [ServerRecord] { servers[Array(host)] ?? [] }

    /// The servers of this network that a Route means, by name or by address and port.
    func servers(at route: SIPURI) -> [ServerRecord] {
        let host = route.canonicalHost
        return servers[host] ?? servers[host + Array(":\(route.port ?? 5_061)".utf8)] ?? []
    }

    /// The partner whose record has this domain.
    func partner(for domain: ArraySlice<UInt8>) -> PartnerRecord? { partnersByDomain[Array(domain)] }

    /// The partner with this record name.
    func partner(named name: String) -> PartnerRecord? { partnersByName[name] }

    /// The partner whose edge or identity has this name.
    func partner(at host: ArraySlice<UInt8>) -> PartnerRecord? {
        partnersByHost[Array(host)] ?? partnersByDomain[Array(host)]
    }

    /// Where the application with this name listens; nil when it only calls.
    func applicationAddress(_ name: String) -> NetworkAddress? { applicationAddresses[name] }

    /// Host and port; RFC 3261 §19.1.2: 5061 is what TLS means without one.
    private static func sentBy(_ host: String, _ port: UInt16?) -> [UInt8] {
        guard let port, port != 5_061 else { return bytes(host) }
        return bytes("\(host):\(port)")
    }

    private static func bytes(_ name: String) -> [UInt8] { Array(name.lowercased().utf8) }
}

extension NetworkAddress {
    /// The address as the host of a URI: IPv6 in brackets.
    fileprivate var uriHost: String { ip.count == 4 ? host : "[\(host)]" }
}
