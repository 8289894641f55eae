extension Topology {
    /// Everything that is wrong in this document, errors first, then by path. Empty: it may be published.
    public func check() -> [TopologyProblem] {
        var checker = TopologyChecker(topology: self)
        checker.checkNetwork()
        checker.checkPools()
        checker.checkServers()
        checker.checkRoots()
        checker.checkApplications()
        checker.checkPartners()
        checker.checkExpectations()
        return checker.problems.sorted {
            ($0.severity, $0.path, $0.message) < ($1.severity, $1.path, $1.message)
        }
    }
}

/// Goes through a topology once, rule by rule. What concerns applications and partners is in `TopologyCheckOutside`.
struct TopologyChecker {
    let topology: Topology
    private(set) var problems: [TopologyProblem] = []

    init(topology: Topology) {
        self.topology = topology
    }

    mutating func error(_ path: [String], _ message: String, next: String) {
        problems.append(TopologyProblem(.error, at: path, message, next: next))
    }

    mutating func warning(_ path: [String], _ message: String, next: String) {
        problems.append(TopologyProblem(.warning, at: path, message, next: next))
    }

    mutating func checkName(_ name: String, at path: [String]) {
        guard !DomainName.isFQDN(name) else { return }
        error(path, "\"\(name)\" is not a full domain name", next: "write it out, like fe1.contoso.example")
    }

    mutating func checkNetwork() {
        checkName(topology.network, at: ["network"])
        if topology.sipDomains.isEmpty {
            error(["sipDomains"], "there is no SIP domain", next: "name the domain of the users' addresses")
        }
        var seen: Set<String> = []
        for (position, domain) in topology.sipDomains.enumerated() {
            let path = ["sipDomains", String(position)]
            checkName(domain, at: path)
            if !seen.insert(domain).inserted { error(path, "\(domain) appears twice", next: "remove one of them") }
        }
        if topology.pools(with: .authority).isEmpty {
            error(["pools"], "no pool has the role authority", next: "give it to one pool")
        }
    }

    mutating func checkPools() {
        for pool in topology.pools {
            let path = ["pools", pool.name]
            checkName(pool.name, at: path)
            checkMembers(of: pool, at: path)
            if pool.roles.isEmpty { error(path + ["roles"], "the pool has no role", next: "give it one") }
            if Set(pool.roles).count != pool.roles.count {
                error(path + ["roles"], "a role appears twice", next: "remove one of them")
            }
            if topology.server(named: pool.name) != nil, pool.members != [pool.name] {
                error(path, "a server has the name of this pool", next: "give pool and server different names")
            }
            checkWay(of: pool, at: path)
        }
    }

    private mutating func checkMembers(of pool: PoolRecord, at path: [String]) {
        if pool.members.isEmpty { error(path + ["members"], "the pool has no member", next: "name its servers") }
        var seen: Set<String> = []
        for (position, member) in pool.members.enumerated() {
            let place = path + ["members", String(position)]
            if !seen.insert(member).inserted { error(place, "\(member) appears twice", next: "remove one of them") }
            if topology.server(named: member) == nil {
                let hint = NearestName.nearest(to: member, among: topology.servers.map(\.name))
                error(
                    place, "\(member) is not among the servers",
                    next: hint.map { "did you mean \($0)?" } ?? "add it under servers")
            }
        }
    }

    private mutating func checkWay(of pool: PoolRecord, at path: [String]) {
        let facesOutside = pool.roles.contains(.edge)
        if let nextHop = pool.nextHop {
            let inside: Set<ServerRole> = [.frontEnd, .director]
            if let target = topology.pool(named: nextHop) {
                if target.name == pool.name {
                    error(path + ["nextHop"], "the pool is its own next hop", next: "name a front end or director pool")
                } else if inside.isDisjoint(with: target.roles) {
                    error(
                        path + ["nextHop"], "\(nextHop) is neither a front end nor a director",
                        next: "name a pool that is")
                }
            } else {
                error(path + ["nextHop"], "there is no pool \(nextHop)", next: "name a front end or director pool")
            }
        } else if facesOutside, !pool.roles.contains(.frontEnd) {
            error(path + ["nextHop"], "an edge has no next hop", next: "name a front end or director pool")
        }
        if let external = pool.external {
            checkName(external.name, at: path + ["external", "name"])
            if !facesOutside {
                error(path + ["external"], "only an edge has an outside", next: "remove it or add the role edge")
            }
        } else if facesOutside {
            error(path + ["external"], "an edge has no outside name", next: "add external: { name: sip.DOMAIN }")
        }
    }

    mutating func checkServers() {
        var addresses: [NetworkAddress: String] = [:]
        var pins: [KeyPin: String] = [:]
        for server in topology.servers {
            let path = ["servers", server.name]
            checkName(server.name, at: path)
            let uses: [(String, NetworkAddress?)] = [
                ("address", server.address), ("external", server.external), ("trust", server.trust),
            ]
            for (use, address) in uses {
                // A host with a single address shows one listener, `combined`, to both sides.
                guard let address, use != "external" || address != server.address else { continue }
                checkAddress(address, at: path + [use], in: &addresses)
            }
            checkPins(server.keys, of: server.name, at: path + ["keys"], in: &pins)
            let roles = topology.roles(of: server.name)
            if roles.isEmpty {
                warning(path, "the server is in no pool", next: "add it to the members of a pool or remove it")
            }
            if server.keys.isEmpty {
                warning(
                    path + ["keys"], "the server has not joined: no key is pinned", next: "admit it with its request")
            }
            if roles.contains(.edge), server.external == nil {
                error(path + ["external"], "an edge has no outside address", next: "add external: ADDRESS:PORT")
            }
        }
        for application in topology.applications {
            let path = ["applications", application.name]
            checkPins(application.keys, of: application.name, at: path + ["keys"], in: &pins)
            if let address = application.address { checkAddress(address, at: path + ["address"], in: &addresses) }
        }
    }

    private mutating func checkAddress(
        _ address: NetworkAddress, at path: [String], in seen: inout [NetworkAddress: String]
    ) {
        if address.port == 0 || address.ip.allSatisfy({ $0 == 0 }) {
            error(path, "\(address) cannot be dialled", next: "write the real address and port")
            return
        }
        if let other = seen.updateValue(path.joined(separator: "."), forKey: address) {
            error(path, "\(address) is already that of \(other)", next: "give one of them another port")
        }
    }

    private mutating func checkPins(
        _ keys: [KeyPin], of name: String, at path: [String], in seen: inout [KeyPin: String]
    ) {
        for (position, pin) in keys.enumerated() {
            guard let other = seen.updateValue(name, forKey: pin) else { continue }
            error(
                path + [String(position)], "the key is already pinned for \(other)",
                next: "every server has keys of its own; join \(name) again")
        }
    }
}
