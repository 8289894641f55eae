import Basis
import Testing
import Trust

@Suite("Chains that are remembered")
struct ChainMemoryTests {
    /// The verdict as somebody would read it: class, identity and code, and every step of the trace.
    private func account(_ verdict: Verdict) -> [String] {
        let peer = verdict.peer.map { "\($0.peerClass) \($0.identity ?? "") \($0.serial ?? [])" } ?? ""
        return [peer, verdict.refusal?.code.rawValue ?? ""] + verdict.trace.steps.map { "\($0)" }
    }

    @Test("A chain that was admitted before is decided as if it were new, in the same words")
    func sameVerdict() throws {
        let world = try DecisionWorld()
        let edge = LinkEvidence.inside(try world.chain(of: "edge1"))
        let context = try world.context()
        let first = account(decide(edge, in: context))
        #expect(first.first == "server edge1.contoso.example \(decide(edge, in: context).peer?.serial ?? [])")
        #expect(account(decide(edge, in: context)) == first)
        #expect(account(decide(edge, in: try world.context())) == first)
    }

    @Test("What is remembered admits nobody: revoked, expired, on another listener, under another leaf")
    func decidesNothing() throws {
        var world = try DecisionWorld()
        let chains = ChainMemory()
        func context(now: WallTime = DecisionWorld.start) throws -> TrustContext {
            TrustContext(state: try world.state(), now: now, ownServer: "fe1.contoso.example", chains: chains)
        }
        let chain = try world.chain(of: "edge1") { $0.serial = 666 }
        let edge = LinkEvidence.inside(chain)
        #expect(decide(edge, in: try context()).peer?.identity == "edge1.contoso.example")
        #expect(decide(edge, in: try context(now: DecisionWorld.start + .seconds(400 * 86_400))).peer == nil)
        #expect(decide(.outside(chain), in: try context()).peer == nil)
        #expect(decide(.dialled(.server("edge2.contoso.example"), chain), in: try context()).peer == nil)
        // The intermediate of the admitted chain, under a leaf that it did not sign.
        let forged = try world.stranger.chain(world.request("edge1").with { $0.serial = 666 })
        #expect(decide(.inside(Array(forged.prefix(1)) + chain.dropFirst()), in: try context()).peer == nil)
        world.revoked = [666]
        #expect(decide(edge, in: try context()).code == .e501)
    }
}
