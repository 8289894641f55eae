import Authority
import Basis
import Foundation
import Server
import Testing
import Trust

@testable import Node

@Suite("The trust in force and the trust on the disk")
struct TrustStoringTests {
    /// Takes the folder `trust/` away, as a disk that takes nothing would; call the result to bring it back.
    private func blockWrites(to folder: DataFolder) throws -> () throws -> Void {
        let away = folder.trust + ".away"
        try FileManager.default.moveItem(atPath: folder.trust, toPath: away)
        return { try FileManager.default.moveItem(atPath: away, toPath: folder.trust) }
    }

    @Test("S12: a disk that takes nothing keeps no revoked peer alive; what is in force is stored later")
    func fullDisk() async throws {
        let network = try await TrustNetwork()
        let unblock = try blockWrites(to: network.edgeFolder)
        try await network.revoke(TrustNetwork.homeName)
        let (_, updates) = try await network.push()
        #expect(updates.map(\.context.epoch) == [TrustEpoch(2)])
        #expect(await network.edge.unstored?.contains(network.edgeFolder.trust) == true)
        try unblock()
        #expect(try TrustReplica.load(network.edgeFolder, now: TrustNetwork.now).epoch == TrustEpoch(1))
        await network.edge.store()
        #expect(await network.edge.unstored == nil)
        #expect(try TrustReplica.load(network.edgeFolder, now: TrustNetwork.now).epoch == TrustEpoch(2))
        // With room on the disk the same is stored at once.
        try await network.revoke(TrustNetwork.edgeName)
        _ = try await network.push()
        #expect(await network.edge.unstored == nil)
        #expect(try TrustReplica.load(network.edgeFolder, now: TrustNetwork.now).epoch == TrustEpoch(3))
    }

    @Test("wire.md: the authority cuts at once, and hands nothing out that a crash could take from it")
    func fullDiskOfTheAuthority() async throws {
        let network = try await TrustNetwork()
        let unblock = try blockWrites(to: network.homeFolder)
        await #expect(throws: TrustReplica.Failure.self) { try await network.revoke(TrustNetwork.edgeName) }
        #expect(TrustNetwork.updates(in: network.homeMailbox).map(\.context.epoch) == [TrustEpoch(2)])
        #expect(await !network.isBehind)
        #expect(try await network.push().delivery.bundle.snapshot == nil)
        try unblock()
        _ = try await network.authority.tick(at: TrustNetwork.now)
        #expect(await network.isBehind)
        #expect(try await network.push().updates.map(\.context.epoch) == [TrustEpoch(2)])
        #expect(try TrustReplica.load(network.homeFolder, now: TrustNetwork.now).epoch == TrustEpoch(2))
    }

    @Test("Of the snapshots, one for each epoch, a folder keeps the last; a start reads no more than counts")
    func superseded() async throws {
        let network = try await TrustNetwork()
        for name in [TrustNetwork.edgeName, TrustNetwork.homeName] { try await network.revoke(name) }
        let names = DataFolder.names(in: network.homeFolder.trust)
        #expect(names.filter { $0.hasSuffix(".snapshot.json") } == ["3.snapshot.json"])
        #expect(names.filter { $0.hasSuffix(".topology.json") } == ["1.topology.json"])
        // What is passed over is not even read.
        try FileManager.default.createDirectory(
            atPath: network.homeFolder.trust + "/0.topology.json", withIntermediateDirectories: false)
        #expect(try TrustReplica.load(network.homeFolder, now: TrustNetwork.now).epoch == TrustEpoch(3))
    }

    @Test("A crash at any step of storing leaves the old state or the new, and the next store mends the rest")
    func crashes() async throws {
        let network = try await TrustNetwork()
        try await network.revoke(TrustNetwork.homeName)
        let next = try await network.edge.state.applying(
            network.authority.delivery(
                toEdge: TrustNetwork.edgeName, have: TrustEpoch(1), userEnded: nil, at: TrustNetwork.now
            ).bundle, now: TrustNetwork.now)
        func copy(_ name: String) throws -> TrustFolder {
            let path = network.edgeFolder.path + "/" + name
            try FileManager.default.copyItem(atPath: network.edgeFolder.trust, toPath: path)
            return TrustFolder(path: path)
        }
        let steps = try copy("plan").steps(to: next)
        #expect(steps.count >= 5)
        for done in 0...steps.count {
            let folder = try copy("cut-\(done)")
            for step in steps.prefix(done) { try folder.perform(step) }
            // Of the step in which the crash comes there is half a file that has not got its name yet.
            if done < steps.count, case .write(let file) = steps[done] {
                try Data(file.bytes.prefix(file.bytes.count / 2)).write(
                    to: URL(fileURLWithPath: folder.path + "/" + file.name + ".new"))
            }
            let expected = TrustEpoch(done == 0 ? 1 : 2)
            #expect(try folder.load(now: TrustNetwork.now).epoch == expected, "after \(done) steps")
            try folder.store(next)
            #expect(try folder.steps(to: next).isEmpty)
            #expect(try folder.load(now: TrustNetwork.now).files == next.files)
        }
        // Without the whole set in front, some of these folders prove nothing.
        let bare = steps.filter { if case .write(let file) = $0 { file.name != TrustFolder.setFile } else { false } }
        let folder = try copy("bare")
        try folder.perform(try #require(bare.first))
        #expect(throws: TrustStateError.self) { try folder.load(now: TrustNetwork.now) }
        // A set that cannot be read counts for nothing.
        let damaged = try copy("damaged")
        try damaged.perform(.write(TrustFile(name: TrustFolder.setFile, bytes: [0x7B])))
        #expect(try damaged.load(now: TrustNetwork.now).epoch == TrustEpoch(1))
    }
}
