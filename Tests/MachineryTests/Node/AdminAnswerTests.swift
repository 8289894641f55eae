import Basis
import Foundation
import Testing
import Transport
import Trust

@testable import Node

/// What people read out of the administration socket: who is revoked, who did what, where else to ask.
@Suite struct AdminAnswerTests {
    @Test("A revoked server is shown as revoked, at the authority and by itself; the others are not") func revoked()
        async throws
    {
        let organisation = try await NodeOrganisation()
        let front = try await NodeRuntime.start(folder: organisation.front, loops: 1)
        let edge = try await NodeRuntime.start(folder: organisation.edge, loops: 1)
        let api = AdminAPI(runtime: front)
        #expect(await api.revoked() == [NodeOrganisation.frontName: false, NodeOrganisation.edgeName: false])
        let answer = try await api.revoke(.object(["what": .string(NodeOrganisation.edgeName)]))
        #expect(answer["server"]?.stringValue == NodeOrganisation.frontName)
        #expect(await api.revoked() == [NodeOrganisation.frontName: false, NodeOrganisation.edgeName: true])
        let epoch = TrustEpoch(UInt64(try #require(answer["epoch"]?.integerValue)))
        _ = await edge.replica.waitUntilSwept(epoch)
        // An edge knows no certificate but its own.
        #expect(await AdminAPI(runtime: edge).revoked() == [NodeOrganisation.edgeName: true])
        await edge.stop(drainSeconds: 0)
        await front.stop(drainSeconds: 0)
    }

    @Test("What a server does not know is asked of the edge") func elsewhere() async throws {
        let organisation = try await NodeOrganisation()
        let front = try await NodeRuntime.start(folder: organisation.front, loops: 1)
        let refused = try await #require(throws: AdminAPI.Refused.self) {
            try await AdminAPI(runtime: front).explain("E404")
        }
        #expect(refused.status == 404)
        #expect(refused.next?.contains("entente explain E404, on \(NodeOrganisation.edgeName)") == true)
        await front.stop(drainSeconds: 0)
    }

    @Test("A change tells the links that this server closed by it, not those of all changes before") func links()
        async throws
    {
        let organisation = try await NodeOrganisation(users: ["alice"])
        let front = try await NodeRuntime.start(folder: organisation.front, loops: 1)
        let before = await front.replica.linksClosed
        await front.replica.swept(TrustEpoch(1), by: ShardID(0), closed: 3)
        let answer = try await AdminAPI(runtime: front).revoke(.object(["what": .string(NodeOrganisation.edgeName)]))
        #expect(await front.replica.linksClosed == before + 3)
        #expect(answer["links_closed"]?.integerValue == 0)
        await front.stop(drainSeconds: 0)
    }
}

extension AdminAPI {
    /// Of which servers it is known whether they are revoked.
    fileprivate func revoked() async -> [String: Bool] {
        var known: [String: Bool] = [:]
        for server in await servers()["servers"]?.arrayValue ?? [] {
            guard let name = server["name"]?.stringValue, let isRevoked = server["revoked"]?.boolValue else { continue }
            known[name] = isRevoked
        }
        return known
    }
}
