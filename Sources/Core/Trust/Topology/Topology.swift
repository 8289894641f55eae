/// The document that says who belongs to the network: what the publishers sign.
///
/// Names are FQDNs in lower case. The arrays of records are kept sorted by name, whatever order they are given in.
/// A value of this type says nothing about signatures: what was verified is a `VerifiedTopology`.
public struct Topology: Sendable, Equatable {
    /// The record name of partners that nobody listed.
    public static let discoveryName = "*"

    /// The network's name, a domain.
    public var network: String
    /// The SIP domains whose users are ours; the first is the principal one.
    public var sipDomains: [String]
    /// Whether calls without SRTP are refused.
    public var media: MediaPolicy
    /// The pools, sorted by name.
    public var pools: [PoolRecord] {
        didSet {
            pools.sort { $0.name < $1.name }
            index = TopologyIndex(self)
        }
    }
    /// The servers, sorted by name.
    public var servers: [ServerRecord] {
        didSet {
            servers.sort { $0.name < $1.name }
            index = TopologyIndex(self)
        }
    }
    /// The foreign SIP servers, sorted by name.
    public var applications: [ApplicationRecord] {
        didSet {
            applications.sort { $0.name < $1.name }
            index = TopologyIndex(self)
        }
    }
    /// The partners, sorted by name.
    public var partners: [PartnerRecord] {
        didSet {
            partners.sort { $0.name < $1.name }
            index = TopologyIndex(self)
        }
    }
    /// Root certificates of applications and partners, sorted by name.
    public var roots: [NamedRoot] {
        didSet {
            roots.sort { $0.name < $1.name }
            index = TopologyIndex(self)
        }
    }
    /// Its own tests, in the order in which they were written.
    public var expect: [Expectation]

    private var index = TopologyIndex()

    /// A document with these records.
    public init(
        network: String, sipDomains: [String], media: MediaPolicy = .required, pools: [PoolRecord] = [],
        servers: [ServerRecord] = [], applications: [ApplicationRecord] = [], partners: [PartnerRecord] = [],
        roots: [NamedRoot] = [], expect: [Expectation] = []
    ) {
        self.network = network
        self.sipDomains = sipDomains
        self.media = media
        self.pools = pools.sorted { $0.name < $1.name }
        self.servers = servers.sorted { $0.name < $1.name }
        self.applications = applications.sorted { $0.name < $1.name }
        self.partners = partners.sorted { $0.name < $1.name }
        self.roots = roots.sorted { $0.name < $1.name }
        self.expect = expect
        self.index = TopologyIndex(self)
    }
}

// Looking things up: each is one step in a dictionary. Names are asked for in lower case.
extension Topology {
    /// The server of this FQDN.
    public func server(named name: String) -> ServerRecord? {
        index.serverByName[name].map { servers[$0] }
    }

    /// The server that has this key pinned.
    public func server(pinned pin: KeyPin) -> ServerRecord? {
        index.serverByPin[pin].map { servers[$0] }
    }

    /// The pool of this FQDN.
    public func pool(named name: String) -> PoolRecord? {
        index.poolByName[name].map { pools[$0] }
    }

    /// The pools in which a server is a member, sorted by name.
    public func pools(of server: String) -> [PoolRecord] {
        (index.poolsByMember[server] ?? []).map { pools[$0] }
    }

    /// The first pool in which a server is a member; most servers are in one.
    public func pool(of server: String) -> PoolRecord? {
        index.poolsByMember[server]?.first.map { pools[$0] }
    }

    /// The roles of a server: those of all its pools. Empty when it is in none or unknown.
    public func roles(of server: String) -> Set<ServerRole> {
        Set(pools(of: server).flatMap(\.roles))
    }

    /// The servers with a role, sorted by name.
    public func servers(with role: ServerRole) -> [ServerRecord] {
        servers.filter { roles(of: $0.name).contains(role) }
    }

    /// The pools with a role, sorted by name.
    public func pools(with role: ServerRole) -> [PoolRecord] {
        pools.filter { $0.roles.contains(role) }
    }

    /// The servers of a pool, in the order in which they are tried; those without a record are left out.
    public func members(of pool: PoolRecord) -> [ServerRecord] {
        pool.members.compactMap { server(named: $0) }
    }

    /// The application of this FQDN.
    public func application(named name: String) -> ApplicationRecord? {
        index.applicationByName[name].map { applications[$0] }
    }

    /// The application that has this key pinned.
    public func application(pinned pin: KeyPin) -> ApplicationRecord? {
        index.applicationByPin[pin].map { applications[$0] }
    }

    /// The applications that have this name among their identities; more than one is ambiguous (E305).
    public func applications(identifiedBy name: String) -> [ApplicationRecord] {
        (index.applicationsByIdentity[name] ?? []).map { applications[$0] }
    }

    /// The partner record under this key; `Topology.discoveryName` for partners that nobody listed.
    public func partner(named name: String) -> PartnerRecord? {
        index.partnerByName[name].map { partners[$0] }
    }

    /// The partner that speaks for a SIP domain; never the record `*`.
    public func partner(ofDomain domain: String) -> PartnerRecord? {
        index.partnerByDomain[domain].map { partners[$0] }
    }

    /// The partners that have this name among their identities; more than one is ambiguous (E305).
    public func partners(identifiedBy name: String) -> [PartnerRecord] {
        (index.partnersByIdentity[name] ?? []).map { partners[$0] }
    }

    /// The rule for partners that nobody listed, if there is one.
    public var discovery: PartnerRecord? { partner(named: Topology.discoveryName) }

    /// The root certificate of this name.
    public func root(named name: String) -> NamedRoot? {
        index.rootByName[name].map { roots[$0] }
    }

    /// Whether the users of a SIP domain are ours.
    public func isOwn(sipDomain domain: String) -> Bool { sipDomains.contains(domain) }

    /// Every name that the topology gives to a server: its own FQDN, its pools and their outside names, and on front
    /// end, director and edge the SIP domains and their `sip.` names. Sorted.
    public func names(of server: String) -> [String] {
        guard self.server(named: server) != nil else { return [] }
        var names: Set<String> = [server]
        for pool in pools(of: server) {
            names.insert(pool.name)
            if let external = pool.external { names.insert(external.name) }
        }
        if !roles(of: server).isDisjoint(with: [.frontEnd, .director, .edge]) {
            names.formUnion(sipDomains)
            names.formUnion(sipDomains.map { "sip." + $0 })
        }
        return names.sorted()
    }
}
