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
    /// Whether this server is a front end of its network, and whether it is an edge: asked for every message.
    let isFrontEnd: Bool
    let isEdge: Bool
    /// The SIP domains of the organisation; the first is the digest realm.
    let domains: [[UInt8]]
    let realm: [UInt8]
    let media: MediaPolicy
    /// Names that mean this server when they stand in a Route, with any port: FQDN, pool and external name.
    private let ownNames: [[UInt8]]
    /// Addresses that mean it, with their ports, because several servers may share one address.
    private let ownAddresses: [(host: [UInt8], port: UInt16)]
    /// Host in a Route to the servers behind it, for this server's own network.
    private let servers: [[UInt8]: [ServerRecord]]
    /// Domain to partner record.
    private let partnersByDomain: [[UInt8]: PartnerRecord]
    /// Name of the record to the record.
    private let partnersByName: [String: PartnerRecord]
    /// Name of an application to where it listens.
    private let applicationAddresses: [String: NetworkAddress]
    /// Name of an application to the numbers that are routed to it.
    private let applicationNumbers: [String: [String]]
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
        isFrontEnd = pools.contains { $0.roles.contains(.frontEnd) }
        isEdge = pools.contains { $0.roles.contains(.edge) }
        domains = topology.sipDomains.map { Self.bytes($0) }
        realm = Self.bytes(topology.sipDomains.first ?? topology.network)
        media = topology.media
        let external = pools.compactMap(\.external?.name).first
        let own = topology.server(named: name)
        let names = [name] + pools.map(\.name) + [external].compactMap(\.self)
        let addresses = [own?.address, own?.external].compactMap(\.self)
        ownNames = names.map(Self.bytes)
        ownAddresses = addresses.map { (Self.bytes($0.uriHost), $0.port) }
        insideHost = Self.sentBy(name, own?.address.port)
        clientAddress =
            (own?.external ?? own?.address).map { Self.sentBy($0.uriHost, $0.port) } ?? Self.bytes(external ?? name)
        outsideHost = Self.sentBy(external ?? name, own?.external?.port ?? own?.address.port)
        var records: [String: ServerRecord] = [:]
        for server in topology.servers { records[server.name] = server }
        var servers: [[UInt8]: [ServerRecord]] = [:]
        for server in topology.servers {
            servers[Self.bytes(server.name)] = [server]
            servers[Self.place(Self.bytes(server.address.uriHost), server.address.port)] = [server]
        }
        for pool in topology.pools {
            let members = pool.members.compactMap { records[$0] }
            servers[Self.bytes(pool.name)] = members
            if let face = pool.external { servers[Self.bytes(face.name)] = members }
        }
        self.servers = servers
        var byDomain: [[UInt8]: PartnerRecord] = [:]
        var byName: [String: PartnerRecord] = [:]
        for partner in topology.partners where partner.enabled {
            byName[partner.name] = partner
            for domain in partner.domains { byDomain[Self.bytes(domain)] = partner }
        }
        applicationAddresses = Dictionary(
            topology.applications.compactMap { application in application.address.map { (application.name, $0) } },
            uniquingKeysWith: { first, _ in first })
        applicationNumbers = Dictionary(
            topology.applications.map { application in
                (application.name, application.routes.filter { $0.hasPrefix("tel:") }.map { String($0.dropFirst(4)) })
            }, uniquingKeysWith: { first, _ in first })
        partnersByDomain = byDomain
        partnersByName = byName
        func members(with role: ServerRole) -> [ServerRecord] {
            topology.pools.filter { $0.roles.contains(role) }.flatMap(\.members).compactMap { records[$0] }
                .filter { $0.name != name }
        }
        edges = members(with: .edge)
        let hop = pools.compactMap(\.nextHop).first
        inwardHops =
            hop.flatMap { servers[Self.bytes($0)] }?.filter { $0.name != name } ?? members(with: .frontEnd)
    }

    /// Whether a Route or request URI means this server.
    func isOwn(_ uri: SIPURI) -> Bool {
        let host = uri.host
        return ownNames.contains { host.equalsIgnoringCase($0[...]) }
            || ownAddresses.contains {
                $0.port == uri.port ?? Self.usualPort && host.equalsIgnoringCase($0.host[...])
            }
    }

    /// Whether `domain`, in any case, is one of the organisation's SIP domains.
    func isOwn(domain: ArraySlice<UInt8>) -> Bool { domains.contains { domain.equalsIgnoringCase($0[...]) } }

    /// The servers of this network that a name in a Route means.
    func servers(at host: ArraySlice<UInt8>) -> [ServerRecord] { servers[Array(host)] ?? [] }

    /// The servers of this network that a Route means, by name or by address and port.
    func servers(at route: SIPURI) -> [ServerRecord] {
        let host = route.canonicalHost
        return servers[host] ?? servers[Self.place(host, route.port)] ?? []
    }

    /// The partner whose record has this domain.
    func partner(for domain: [UInt8]) -> PartnerRecord? { partnersByDomain[domain] }

    /// The partner with this record name.
    func partner(named name: String) -> PartnerRecord? { partnersByName[name] }

    /// Where the application with this name listens; nil when it only calls.
    func applicationAddress(_ name: String) -> NetworkAddress? { applicationAddresses[name] }

    /// What the application with this name may do: a grant that names nobody stands for the numbers that are routed there,
    /// because who is reached by a number may say that he calls from it.
    func grant(_ grant: ApplicationGrant, of application: String) -> ApplicationGrant {
        guard grant.assertIdentity, grant.users.isEmpty, grant.numbers.isEmpty else { return grant }
        var grant = grant
        grant.numbers = applicationNumbers[application] ?? []
        return grant
    }

    /// RFC 3261 §19.1.2: what TLS means without a port.
    private static let usualPort: UInt16 = 5_061

    /// Host and port as they are written: the usual port is left out.
    private static func sentBy(_ host: String, _ port: UInt16?) -> [UInt8] {
        guard let port, port != usualPort else { return bytes(host) }
        return place(bytes(host), port)
    }

    /// Host and port as a key.
    private static func place(_ host: [UInt8], _ port: UInt16?) -> [UInt8] {
        var place = host
        place.append(UInt8(ascii: ":"))
        place.append(decimal: port ?? usualPort)
        return place
    }

    private static func bytes(_ name: String) -> [UInt8] { Array(name.lowercased().utf8) }
}

extension NetworkAddress {
    /// The address as the host of a URI: IPv6 in brackets.
    fileprivate var uriHost: String { ip.count == 4 ? host : "[\(host)]" }
}
