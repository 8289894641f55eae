import Authority
import Basis
import Node
import Server
import Shards
import Storage
import Testing
import Trust

/// An authority and the replica of an edge, with the trust channel between them as calls.
struct TrustNetwork {
    static let now = WallTime(milliseconds: 1_790_000_000_000)
    static let homeName = "fe1.contoso.example"
    static let edgeName = "edge1.contoso.example"

    let folder: StorageFolder
    let database: Database
    let authority: AuthorityService
    let home: TrustReplica
    let homeFolder: DataFolder
    let edgeFolder: DataFolder
    let edge: TrustReplica
    let mailbox = Mailbox {}
    let homeMailbox = Mailbox {}

    init() async throws {
        folder = try StorageFolder()
        var topology = Topology(network: "contoso.example", sipDomains: ["contoso.example"])
        var members: [OrganisationFounding.Member] = []
        let places: [(name: String, pool: String, roles: [ServerRole], host: String)] = [
            (Self.homeName, "fe.contoso.example", [.authority, .frontEnd], "127.0.1.1"),
            (Self.edgeName, "edge.contoso.example", [.edge], "127.0.1.2"),
        ]
        for place in places {
            let isEdge = place.name == Self.edgeName
            topology.pools.append(
                PoolRecord(
                    name: place.pool, roles: place.roles, members: [place.name],
                    nextHop: isEdge ? "fe.contoso.example" : nil,
                    external: isEdge ? ExternalFace(name: "sip.contoso.example") : nil))
            topology.servers.append(
                ServerRecord(
                    name: place.name, address: try #require(NetworkAddress(place.host + ":5061")),
                    external: isEdge ? NetworkAddress("127.0.1.3:5061") : nil,
                    trust: try #require(NetworkAddress(place.host + ":5443")), keys: []))
            members.append(
                .init(
                    name: place.name, folder: DataFolder(path: folder.folder + "/" + place.name), configuration: "")
            )
        }
        _ = try OrganisationFounding.found(
            topology: topology, members: members, offline: folder.folder + "/offline", now: Self.now)
        func replica(_ member: OrganisationFounding.Member) throws -> TrustReplica {
            try TrustReplica(
                folder: member.folder, ownServer: member.name,
                ownKey: try NodeKeys.loadOrMake(in: member.folder).current.pin, now: Self.now)
        }
        homeFolder = members[0].folder
        edgeFolder = members[1].folder
        home = try replica(members[0])
        database = try Database(path: members[0].folder.database, whenMissing: .create)
        authority = try await AuthorityService(
            folder: members[0].folder, database: database, replica: home,
            ownServer: members[0].name, chance: Chance(seed: [UInt8](repeating: 3, count: 32)))
        edge = try replica(members[1])
        await edge.connect([mailbox], onEpoch: {}, onChain: { _ in })
        await home.connect([homeMailbox], onEpoch: {}, onChain: { _ in })
    }

    /// One push, through the bytes of the wire; returns the delivery and what the edge's shard was told.
    @discardableResult
    func push() async throws -> (delivery: NodeDelivery, updates: [TrustUpdate]) {
        let delivery = try NodeDelivery(
            parsing: await authority.delivery(
                toEdge: Self.edgeName, have: await edge.state.epoch, userEnded: await edge.userEnded, at: Self.now
            ).bytes)
        try await edge.apply(delivery, at: Self.now)
        return (delivery, Self.updates(in: mailbox))
    }

    /// What a shard was told since it was last asked.
    static func updates(in mailbox: Mailbox) -> [TrustUpdate] {
        var inputs: [Input] = []
        mailbox.drain(into: &inputs)
        return inputs.compactMap { if case .trustChanged(let update) = $0 { update } else { nil } }
    }

    /// Revokes the certificate of one of the servers.
    func revoke(_ server: String) async throws {
        let records = try database.ledger.certificates(profile: .server, subject: server, limit: 1)
        _ = try await authority.revoke(try #require(records.first).serial, reason: .keyCompromise, at: Self.now)
    }

    var isBehind: Bool {
        get async { await authority.isNews(since: await edge.state.epoch, userEnded: await edge.userEnded) }
    }

    func change(_ change: (UserTable) throws -> Void) async throws {
        try change(database.users)
        try await authority.usersChanged(at: Self.now)
    }
}
