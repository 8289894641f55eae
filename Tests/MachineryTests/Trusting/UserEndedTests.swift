import Authority
import Basis
import Node
import Server
import Shards
import Storage
import Testing
import Trust

@Suite("What an edge is told about users who ended")
struct UserEndedTests {
    private static let now = WallTime(milliseconds: 1_790_000_000_000)
    private static let edgeName = "edge1.contoso.example"

    /// An authority and the replica of an edge, with the trust channel between them as calls.
    private struct Network {
        let folder: StorageFolder
        let database: Database
        let authority: AuthorityService
        let edge: TrustReplica
        let mailbox = Mailbox {}

        init() async throws {
            folder = try StorageFolder()
            var topology = Topology(network: "contoso.example", sipDomains: ["contoso.example"])
            var members: [OrganisationFounding.Member] = []
            let places: [(name: String, pool: String, roles: [ServerRole], host: String)] = [
                ("fe1.contoso.example", "fe.contoso.example", [.authority, .frontEnd], "127.0.1.1"),
                (edgeName, "edge.contoso.example", [.edge], "127.0.1.2"),
            ]
            for place in places {
                let isEdge = place.name == edgeName
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
                topology: topology, members: members, offline: folder.folder + "/offline", now: now)
            func replica(_ member: OrganisationFounding.Member) throws -> TrustReplica {
                try TrustReplica(
                    folder: member.folder, ownServer: member.name,
                    ownKey: try NodeKeys.loadOrMake(in: member.folder).current.pin, now: now)
            }
            database = try Database(path: members[0].folder.database, whenMissing: .create)
            authority = try await AuthorityService(
                folder: members[0].folder, database: database, replica: try replica(members[0]),
                ownServer: members[0].name, chance: Chance(seed: [UInt8](repeating: 3, count: 32)))
            edge = try replica(members[1])
            await edge.connect([mailbox], onEpoch: {}, onChain: { _ in })
        }

        /// One push, through the bytes of the wire; returns the delivery and what the edge's shard was told.
        @discardableResult
        func push() async throws -> (delivery: NodeDelivery, updates: [TrustUpdate]) {
            let delivery = try NodeDelivery(
                parsing: await authority.delivery(
                    toEdge: edgeName, have: await edge.state.epoch, userEnded: await edge.userEnded, at: now
                ).bytes)
            try await edge.apply(delivery, at: now)
            var inputs: [Input] = []
            mailbox.drain(into: &inputs)
            return (delivery, inputs.compactMap { if case .trustChanged(let update) = $0 { update } else { nil } })
        }

        var isBehind: Bool {
            get async { await authority.isNews(since: await edge.state.epoch, userEnded: await edge.userEnded) }
        }

        func change(_ change: (UserTable) throws -> Void) async throws {
            try change(database.users)
            try await authority.usersChanged(at: now)
        }
    }

    private func record(_ user: String, password: String = "secret") -> UserRecord {
        UserRecord(
            aor: user + "@contoso.example", homePool: "fe.contoso.example",
            verifiers: UserVerifiers(user: user, realm: "contoso.example", password: password, algorithms: [.sha256]))
    }

    @Test("wire.md, The trust channel: removed, disabled and re-keyed users are told with the next push, others not")
    func told() async throws {
        let network = try await Network()
        try await network.change { users in
            for user in ["alice", "bob", "carol", "dave"] { _ = try users.add(record(user)) }
        }
        let first = try await network.push()
        #expect(first.delivery.userEnded?.addresses == [] && first.delivery.directory == nil)
        #expect(await !network.isBehind)
        try await network.change { users in
            _ = try users.remove("alice@contoso.example")
            _ = try users.setState(.disabled, of: "bob@contoso.example")
            _ = try users.setAliases(["d@contoso.example"], of: "dave@contoso.example")
            _ = try users.setPassword(
                record("carol", password: "another").verifiers, challengedWith: .sha256, of: "carol@contoso.example")
        }
        #expect(await network.isBehind)
        let second = try await network.push()
        #expect(
            second.updates.map(\.endedUsers) == [
                ["alice@contoso.example", "bob@contoso.example", "carol@contoso.example"]
            ])
        #expect(second.updates.map(\.endsEverybody) == [false])
        let third = try await network.push()
        #expect(await !network.isBehind)
        #expect(third.delivery.userEnded?.addresses == [] && third.updates.isEmpty)
    }

    @Test("A server that has the directory, or an edge that tells nothing, is sent no ended users")
    func untold() async throws {
        let network = try await Network()
        try await network.change { _ = try $0.add(record("alice")) }
        let now = Self.now
        let home = await network.authority.delivery(
            toEdge: "fe1.contoso.example", have: TrustEpoch(0), userEnded: 0, at: now)
        #expect(home.userEnded == nil)
        let old = await network.authority.delivery(toEdge: Self.edgeName, have: TrustEpoch(0), userEnded: nil, at: now)
        #expect(old.userEnded == nil)
        #expect(await !network.authority.isNews(since: network.authority.state.epoch, userEnded: nil))
    }
}
