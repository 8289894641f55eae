package import Authority
package import Basis
package import Trust

/// One organisation: its authority with Ed25519 keys from the seed, so that every signature is the same in each run. The fuzzers
/// found theirs by the same code.
package struct Organisation {
    let number: Int
    /// `contoso`.
    let name: String
    package let keys: Founding.Keys
    package let ledger: InMemoryLedger
    package var publisher: Publisher
    package var directory = UserDirectory()
    /// Who ended lately, for the edge.
    var endedUsers = EndedUsersMemory(sequence: 0)
    /// The document as the operators mean it to be; `publish` signs it.
    package var topology: Topology
    /// What it published when it was founded.
    let firstBundle: TrustBundle
    /// Serial numbers that were revoked: what the checkers believe, whatever the CRL says.
    var revoked: Set<[UInt8]> = []

    var domain: String { "\(name).example" }
    var rootCertificate: [UInt8] { publisher.authority.rootCertificate }

    func serverName(_ role: Machine.Role) -> String {
        switch role {
        case .frontEnd: "fe1.\(domain)"
        case .edge: "edge1.\(domain)"
        }
    }

    static func address(_ organisation: Int, _ host: Int, port: Int = 5_061) throws -> NetworkAddress {
        guard let address = NetworkAddress("10.0.\(organisation).\(host):\(port)") else {
            throw SimulationFailure("10.0.\(organisation).\(host):\(port) is no address")
        }
        return address
    }

    /// Founds an organisation with a front end, which is the authority too, and an edge. `keys` are those of the two.
    package init(
        number: Int, name: String, serverKeys: [(current: CertificateKey, next: CertificateKey)], now: WallTime,
        chance: inout Chance
    ) throws {
        self.number = number
        self.name = name
        let domain = "\(name).example"
        keys = try .deterministic(from: &chance)
        ledger = InMemoryLedger()
        topology = Topology(
            network: domain, sipDomains: [domain],
            pools: [
                PoolRecord(name: "fe.\(domain)", roles: [.authority, .frontEnd], members: ["fe1.\(domain)"]),
                Self.edgePool(domain),
            ],
            servers: [
                ServerRecord(
                    name: "fe1.\(domain)", address: try Self.address(number, 1),
                    trust: try Self.address(number, 1, port: 5_443),
                    keys: [serverKeys[0].current.pin, serverKeys[0].next.pin]),
                try Self.edgeRecord(number, domain, keys: [serverKeys[1].current.pin, serverKeys[1].next.pin]),
            ])
        publisher = try Founding.found(
            topology: topology,
            servers: [
                .init(name: "fe1.\(domain)", subjectPublicKeyInfo: serverKeys[0].current.subjectPublicKeyInfo),
                .init(name: "edge1.\(domain)", subjectPublicKeyInfo: serverKeys[1].current.subjectPublicKeyInfo),
            ], keys: keys, now: now, chance: chance, ledger: ledger
        ).publisher
        firstBundle = publisher.state.bundle(since: TrustEpoch(0))
    }

    private static func edgePool(_ domain: String) -> PoolRecord {
        PoolRecord(
            name: "edge.\(domain)", roles: [.edge], members: ["edge1.\(domain)"], nextHop: "fe.\(domain)",
            external: ExternalFace(name: "sip.\(domain)"))
    }

    private static func edgeRecord(_ number: Int, _ domain: String, keys: [KeyPin]) throws -> ServerRecord {
        ServerRecord(
            name: "edge1.\(domain)", address: try address(number, 2), external: try address(number, 3),
            trust: try address(number, 2, port: 5_443), keys: keys)
    }

    // MARK: What operators do

    /// Signs the document as it stands and publishes it.
    package mutating func publish(enrolling: [String: [UInt8]] = [:], now: WallTime) throws {
        let envelope = try TopologySigning.sign(
            topology, after: publisher.state.verifiedTopology, with: [keys.publisher], now: now)
        _ = try publisher.publish(envelope, enrolling: enrolling, now: now, ledger: ledger)
    }

    /// Takes the partner in, by the card that it handed over.
    package mutating func add(partner: Organisation, now: WallTime) throws {
        topology = try PartnerCard(of: partner.fullTopology(), root: partner.rootCertificate).add(to: topology)
        try publish(now: now)
    }

    /// Takes the partner out again.
    package mutating func remove(partner: String, now: WallTime) throws {
        topology.partners.removeAll { $0.name == partner + ".example" }
        topology.roots.removeAll { $0.name == partner + ".example-root" }
        try publish(now: now)
    }

    func hasPartner(_ partner: String) -> Bool { topology.partner(named: partner + ".example") != nil }

    var hasEdge: Bool { topology.server(named: serverName(.edge)) != nil }

    /// Takes the edge out of the network.
    mutating func removeEdge(now: WallTime) throws {
        let (pool, server) = ("edge.\(domain)", serverName(.edge))
        topology.pools.removeAll { $0.name == pool }
        topology.servers.removeAll { $0.name == server }
        try publish(now: now)
    }

    /// Takes the edge in again, with these keys; `current` gets a certificate.
    mutating func addEdge(current: CertificateKey, next: CertificateKey, now: WallTime) throws {
        topology.pools.append(Self.edgePool(domain))
        topology.servers.append(try Self.edgeRecord(number, domain, keys: [current.pin, next.pin]))
        try publish(enrolling: [serverName(.edge): current.subjectPublicKeyInfo], now: now)
    }

    /// Gives a server other keys; `current` gets a certificate.
    mutating func rekey(_ role: Machine.Role, current: CertificateKey, next: CertificateKey, now: WallTime) throws {
        for index in topology.servers.indices where topology.servers[index].name == serverName(role) {
            topology.servers[index].keys = [current.pin, next.pin]
        }
        try publish(enrolling: [serverName(role): current.subjectPublicKeyInfo], now: now)
    }

    /// Revokes every certificate that a server was issued for a key.
    mutating func revoke(_ role: Machine.Role, key: KeyPin, now: WallTime) throws {
        let records = try ledger.certificates(profile: .server, subject: serverName(role), limit: 64)
        for record in records where record.key == key {
            revoked.insert(try CertificateFacts(der: record.der).serial)
            _ = try publisher.revoke(record.serial, reason: .keyCompromise, now: now, ledger: ledger)
        }
    }

    /// Adds a user or changes one.
    package mutating func put(user: String, password: String, state: UserRecord.State, now: WallTime) throws {
        let record = UserRecord(
            aor: "\(user)@\(domain)", homePool: "fe.\(domain)",
            verifiers: UserVerifiers(user: user, realm: domain, password: password, algorithms: [.sha256, .md5]),
            state: state)
        var next = directory
        try next.put(record)
        let ended = try directory.apply(next.changes(since: 0))
        endedUsers.add(ended, at: directory.sequence)
        _ = try publisher.publish(directorySequence: directory.sequence, now: now, ledger: ledger)
    }

    /// What a server of ours is to get, which has this epoch and this sequence of the directory, and has closed the flows
    /// of the users who ended up to `userEnded`.
    func delivery(
        to server: String, since epoch: TrustEpoch, directory sequence: UInt64, userEnded: UInt64, now: WallTime
    ) -> NodeDelivery {
        publisher.delivery(
            to: server, since: epoch, directory: directory.changes(since: sequence),
            userEnded: endedUsers.ended(since: userEnded), now: now)
    }

    /// The document with an edge, also while the edge is out of the network: what the card names does not change.
    private func fullTopology() throws -> Topology {
        guard !hasEdge else { return topology }
        var full = topology
        full.pools.append(Self.edgePool(domain))
        full.servers.append(try Self.edgeRecord(number, domain, keys: []))
        return full
    }
}

/// The simulation itself went wrong: not a finding about the code under test, but no run either.
struct SimulationFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
