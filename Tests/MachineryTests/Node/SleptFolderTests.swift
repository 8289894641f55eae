import Authority
import Basis
import Storage
import Testing
import Transport
import Trust
import UserAgent

@testable import Node

/// wire.md, Renewal without a request: a folder that slept says what it needs, and does what can be done without a person.
@Suite struct SleptFolderTests {
    private static let founded = WallTime(milliseconds: 1_790_000_000_000)
    private static let day: UInt64 = 86_400

    /// What the authority of `organisation` does at `now` when it is taken up from its folder.
    private struct Woken {
        let database: Database
        let replica: TrustReplica
        let authority: AuthorityService
        let needs: [AuthorityNeed]

        init(_ organisation: NodeOrganisation, at now: WallTime) async throws {
            database = try Database(path: organisation.front.database, whenMissing: .create)
            replica = try Self.replica(organisation.front, NodeOrganisation.frontName, at: now)
            authority = try await AuthorityService(
                folder: organisation.front, database: database, replica: replica,
                ownServer: NodeOrganisation.frontName, chance: Chance(seed: [7]))
            needs = try await authority.tick(at: now)
        }

        static func replica(_ folder: DataFolder, _ name: String, at now: WallTime) throws -> TrustReplica {
            try TrustReplica(
                folder: folder, ownServer: name, ownKey: try NodeKeys.loadOrMake(in: folder).current.pin, now: now)
        }
    }

    @Test(
        "wire.md, Lifetimes: after 8, 40, 400 and 1,000 days certificates, CRL, snapshot and timestamp are new",
        arguments: [UInt64(8), 40, 400, 1_000])
    func wakes(days: UInt64) async throws {
        let organisation = try await NodeOrganisation(at: Self.founded)
        let now = Self.founded + .seconds(days * Self.day)
        let woken = try await Woken(organisation, at: now)
        let state = await woken.authority.state
        let issuer = try #require(state.revocation.issuers.first)
        let list = try #require(state.revocation[issuer]?.list)
        #expect(list.nextUpdate == now + .seconds(Self.day))
        #expect(try #require(state.snapshot).header.expires == now + .seconds(Self.day))
        #expect(try #require(state.timestamp).header.expires == now + .seconds(600))

        // The edge gets its part through the bytes of the wire, and the folder holds it for the next start.
        let asleep = try Woken.replica(organisation.edge, NodeOrganisation.edgeName, at: now)
        #expect(try CertificateFacts(der: try #require(await asleep.chain.first)).notAfter < now)
        let delivery = try NodeDelivery(
            parsing: await woken.authority.delivery(
                toEdge: NodeOrganisation.edgeName, have: await asleep.state.epoch, userEnded: nil, at: now
            ).bytes)
        #expect(try await asleep.apply(delivery, at: now))
        let edge = try Woken.replica(organisation.edge, NodeOrganisation.edgeName, at: now)
        for (folder, replica) in [(organisation.front, woken.replica), (organisation.edge, edge)] {
            let leaf = try CertificateFacts(der: try #require(await replica.chain.first))
            #expect(leaf.notAfter == now + .seconds(7 * Self.day))
            #expect(leaf.keyPin == (try NodeKeys.loadOrMake(in: folder).current.pin))
            #expect(await replica.state.epoch == state.epoch)
        }
    }

    private static let needsByDays: [(days: UInt64, expected: [String])] = [
        (8, []), (40, []), (61, ["the topology expires at"]), (400, ["the topology expired at"]),
        (1_000, ["the topology expired at", "the issuing CA's certificate ends at"]),
        (1_900, ["the issuing CA's certificate ended at", "the topology expired at"]),
    ]

    @Test(
        "wire.md, Lifetimes: past 90 days it is the topology that a person must sign, past half of its life the issuing CA",
        arguments: needsByDays)
    func needs(days: UInt64, expected: [String]) async throws {
        let organisation = try await NodeOrganisation(at: Self.founded)
        let now = Self.founded + .seconds(days * Self.day)
        let woken = try await Woken(organisation, at: now)
        #expect(woken.needs.count == expected.count, "\(woken.needs)")
        for (need, text) in zip(woken.needs, expected) { #expect(need.description.hasPrefix(text)) }
        #expect(await woken.authority.needs == woken.needs)
        guard days == 400 else { return }
        // The publisher's key signs the same document anew, and nothing is left to be done.
        let state = await woken.authority.state
        let envelope = try TopologySigning.sign(
            try #require(state.topology), after: state.verifiedTopology,
            with: [try NodeKeys.load(organisation.offline + "/publisher.pem").signer()], now: now)
        _ = try await woken.authority.publish(envelope, enrolling: [:], at: now)
        #expect(try await woken.authority.tick(at: now) == [])
    }

    @Test(
        "wire.md: two servers whose folders slept for 8, 40 or 400 days link again, and a user outside reaches one inside",
        arguments: [UInt64(8), 40, 400])
    func serves(days: UInt64) async throws {
        let now = OperatingSystem.wallTime
        let organisation = try await NodeOrganisation(
            users: ["alice", "carol"], at: now - .seconds(days * Self.day))
        let edge = try await NodeRuntime.start(folder: organisation.edge, loops: 1)
        let front = try await NodeRuntime.start(folder: organisation.front, loops: 1)
        let epoch = try #require(await front.authority?.state.epoch)
        _ = await edge.replica.waitUntilSwept(epoch)
        let leaf = try CertificateFacts(der: try #require(await edge.replica.chain.first))
        #expect(leaf.notAfter > now)

        let connector = ClientConnector()
        let alice = try await front.phone("alice", through: connector)
        let carol = try await edge.phone("carol", at: "external", called: "sip.contoso.example", through: connector)
        #expect(try await alice.register() > 0)
        #expect(try await carol.register() > 0)
        #expect(try await carol.send("good morning", to: "sip:alice@contoso.example").status == 200)
        #expect(try await alice.send("good morning", to: "sip:carol@contoso.example").status == 200)
        await alice.close()
        await carol.close()
        try await connector.stop()
        await front.stop(drainSeconds: 0)
        await edge.stop(drainSeconds: 0)
    }
}
