import Basis
import Foundation
import Storage
import Testing
import Transport
import Trust

@testable import Node

/// What `entente serve` refuses to start with, and what a running server tells about refusals.
@Suite struct StartingTests {
    @Test("interface.md: two servers never run from one folder") func oneServerForEachFolder() async throws {
        let folder = TemporaryFolder()
        let organisation = try folder.found(at: ServerAddresses())
        let first = try await NodeRuntime.start(folder: organisation, loops: 1)
        let failure = await #expect(throws: StartFailure.self) {
            try await NodeRuntime.start(folder: organisation, loops: 1)
        }
        #expect(failure?.description.contains("already") == true)
        await first.stop(drainSeconds: 0)
        let again = try await NodeRuntime.start(folder: organisation, loops: 1)
        await again.stop(drainSeconds: 0)
    }

    @Test("A store that has gone is told, and no empty one is put in its place", arguments: [0, 1])
    func lostStore(member: Int) async throws {
        let organisation = try await NodeOrganisation()
        let lost = [organisation.front, organisation.edge][member]
        try FileManager.default.removeItem(atPath: lost.database)
        let failure = await #expect(throws: StorageError.self) {
            try await NodeRuntime.start(folder: lost, loops: 1)
        }
        #expect(failure == .missing(path: lost.database))
        #expect(failure?.next?.contains("backup") == true)
        #expect(!FileManager.default.fileExists(atPath: lost.database))
    }

    @Test("interface.md: a taken address is named, with the line of config.yaml that says it") func takenAddress()
        async throws
    {
        let folder = TemporaryFolder()
        let addresses = try ServerAddresses()
        let organisation = try folder.found(at: addresses)
        let holder = try await HeldPort(addresses.trust)
        let failure = await #expect(throws: StartFailure.self) {
            try await NodeRuntime.start(folder: organisation, loops: 1)
        }
        #expect(failure?.description.contains("\(addresses.trust)") == true)
        #expect(failure?.next.contains("listen: trust") == true)
        try await holder.release()
    }

    @Test("interface.md: explain finds a refusal by the name that the certificate claims, in either case")
    func claimedName()
        async throws
    {
        let folder = TemporaryFolder()
        let organisation = try folder.found(at: ServerAddresses())
        let runtime = try await NodeRuntime.start(folder: organisation, loops: 1)
        let evidence = LinkEvidence(
            direction: .inbound(ListenerFacts(kind: .internal, classes: [.server])), chain: await runtime.replica.chain)
        try runtime.database.refusals.add(
            LinkVerdict(
                connection: ConnectionID(rawValue: 0), time: OperatingSystem.wallTime, peer: "127.0.0.9",
                outcome: "E601", epoch: TrustEpoch(7), evidence: evidence.encoded, trace: []))
        let api = AdminAPI(runtime: runtime)
        for what in ["sip.contoso.example", "SIP.Contoso.example", "127.0.0.9", "E601"] {
            let verdicts = try await api.explain(what)["verdicts"]?.arrayValue
            #expect(verdicts?.count == 1, "\(what)")
            #expect(verdicts?.first?["epoch"]?.integerValue == 7)
            #expect(
                verdicts?.first?["claims"]?.arrayValue?.contains(.string("sip.contoso.example")) == true, "\(what)")
        }
        await runtime.stop(drainSeconds: 0)
    }
}
