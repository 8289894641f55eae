import Authority
import Basis
import Node
import Server
import Storage
import Testing
import Trust

@Suite("What an edge is told about users who ended")
struct UserEndedTests {
    private func record(_ user: String, password: String = "secret") -> UserRecord {
        UserRecord(
            aor: user + "@contoso.example", homePool: "fe.contoso.example",
            verifiers: UserVerifiers(user: user, realm: "contoso.example", password: password, algorithms: [.sha256]))
    }

    @Test("wire.md, The trust channel: removed, disabled and re-keyed users are told with the next push, others not")
    func told() async throws {
        let network = try await TrustNetwork()
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
        let network = try await TrustNetwork()
        try await network.change { _ = try $0.add(record("alice")) }
        let now = TrustNetwork.now
        let home = await network.authority.delivery(
            toEdge: "fe1.contoso.example", have: TrustEpoch(0), userEnded: 0, at: now)
        #expect(home.userEnded == nil)
        let old = await network.authority.delivery(
            toEdge: TrustNetwork.edgeName, have: TrustEpoch(0), userEnded: nil, at: now)
        #expect(old.userEnded == nil)
        #expect(await !network.authority.isNews(since: network.authority.state.epoch, userEnded: nil))
    }
}
