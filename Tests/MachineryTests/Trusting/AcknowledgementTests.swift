import Authority
import Basis
import Node
import Server
import Testing
import Trust

@Suite("What servers acknowledge")
struct AcknowledgementTests {
    @Test("A server acknowledges for itself alone: one that was broken into cannot say that another has swept")
    func forged() async throws {
        let network = try await TrustNetwork()
        func acknowledgement(of node: String) -> NodeAcknowledgement {
            NodeAcknowledgement(node: node, epoch: TrustEpoch(9), swept: true, linksClosed: 0)
        }
        await #expect(throws: TrustReplica.Failure.self) {
            try await network.authority.acknowledge(
                acknowledgement(of: TrustNetwork.homeName), from: TrustNetwork.edgeName, at: TrustNetwork.now)
        }
        #expect(await network.authority.acknowledgements.isEmpty)
        try await network.authority.acknowledge(
            acknowledgement(of: TrustNetwork.edgeName), from: TrustNetwork.edgeName, at: TrustNetwork.now)
        #expect(await network.authority.acknowledgements.keys.sorted() == [TrustNetwork.edgeName])
    }

    @Test("Two sweep reports of a shard count in either order", arguments: [[1, 2], [2, 1]])
    func overtaken(epochs: [UInt64]) async throws {
        let network = try await TrustNetwork()
        for epoch in epochs { await network.edge.swept(TrustEpoch(epoch), by: ShardID(0), closed: Int(epoch)) }
        #expect(await network.edge.sweptEpoch == TrustEpoch(2))
        #expect(await network.edge.linksClosed == 3)
    }
}
