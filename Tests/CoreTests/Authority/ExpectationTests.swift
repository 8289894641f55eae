import Authority
import Basis
import Testing
import Trust

@Suite struct ExpectationTests {
    private let start = ContosoNetwork.start

    private func withPartner(_ topology: Topology, blocked: Bool = false) -> Topology {
        var topology = topology
        let root = NamedRoot(name: "fabrikam-root", certificate: topology.roots.first?.certificate ?? [])
        topology.partners = [
            PartnerRecord(
                name: "fabrikam.example", edge: "sip.fabrikam.example", address: NetworkAddress("127.0.2.1:5061"),
                roots: [root.name], blocked: blocked)
        ]
        return topology
    }

    private func network(expect: [String], blocked: Bool = false) throws -> (ContosoNetwork, Topology) {
        let network = try ContosoNetwork()
        var topology = network.topology
        topology.roots = [
            NamedRoot(
                name: "fabrikam-root", certificate: try ContosoNetwork(seed: 6).publisher.authority.rootCertificate)
        ]
        topology = withPartner(topology, blocked: blocked)
        topology.expect = try expect.map { try #require(Expectation($0)) }
        return (network, topology)
    }

    @Test(
        "trust.md: expectations that hold are published",
        arguments: [
            "edge1.contoso.example reaches fe1.contoso.example", "fe1.contoso.example reaches edge1.contoso.example",
            "fe1.contoso.example reaches fabrikam.example", "edge1.contoso.example reaches fabrikam.example",
            "rogue.contoso.example is refused", "tailspin.example is refused",
        ])
    func holds(expectation: String) throws {
        var (network, topology) = try network(expect: [expectation])
        let done = try network.publisher.publish(try network.signed(topology), now: start, ledger: network.ledger)
        #expect(done.expectations.map(\.holds) == [true], "\(done.expectations)")
    }

    @Test(
        "trust.md: publishing is refused when an expectation is false, and nothing has changed",
        arguments: [
            "edge1.contoso.example is refused", "fabrikam.example is refused",
            // Edges do not link to edges (E606).
            "edge1.contoso.example reaches edge1.contoso.example",
        ])
    func fails(expectation: String) throws {
        var (network, topology) = try network(expect: [expectation])
        let entries = network.ledger.entries
        let error = try #require(throws: AuthorityError.self) {
            try network.publisher.publish(try network.signed(topology), now: start, ledger: network.ledger)
        }
        guard case .expectationsFailed(let results) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(results.map(\.holds) == [false])
        #expect(network.publisher.state.epoch == TrustEpoch(1) && network.ledger.entries == entries)
    }

    @Test(
        "trust.md: whom the topology does not name cannot be expected to reach or be reached",
        arguments: [
            "fe1.contoso.example reaches tailspin.example", "rogue.contoso.example reaches fe1.contoso.example",
        ])
    func unknown(expectation: String) throws {
        var (network, topology) = try network(expect: [expectation])
        let entries = network.ledger.entries
        let error = try #require(throws: AuthorityError.self) {
            try network.publisher.publish(try network.signed(topology), now: start, ledger: network.ledger)
        }
        #expect("\(error)".contains(expectation))
        #expect(network.publisher.state.epoch == TrustEpoch(1) && network.ledger.entries == entries)
    }

    @Test("E404: a blocked partner is not reached, and is refused") func blocked() throws {
        var (network, topology) = try network(
            expect: ["fe1.contoso.example reaches fabrikam.example", "fabrikam.example is refused"], blocked: true)
        let error = try #require(throws: AuthorityError.self) {
            try network.publisher.publish(try network.signed(topology), now: start, ledger: network.ledger)
        }
        guard case .expectationsFailed(let results) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(results.map(\.holds) == [false, true], "\(results)")
        #expect(results.allSatisfy { $0.detail.contains("E404") }, "\(results)")
    }

    @Test("trust.md: removing and blocking never wait for an expectation") func restriction() throws {
        var (network, topology) = try network(expect: ["fe1.contoso.example reaches fabrikam.example"])
        _ = try network.publisher.publish(try network.signed(topology), now: start, ledger: network.ledger)
        topology.partners[0].blocked = true
        let done = try network.publisher.publish(try network.signed(topology), now: start, ledger: network.ledger)
        #expect(done.expectations.map(\.holds) == [false])
        #expect(network.publisher.state.topology?.partner(named: "fabrikam.example")?.blocked == true)
        topology.partners = []
        let removed = try network.publisher.publish(try network.signed(topology), now: start, ledger: network.ledger)
        #expect(removed.expectations.map(\.holds) == [false])
        // What adds something waits for it again.
        topology.sipDomains.append("contoso.test")
        #expect(throws: AuthorityError.self) {
            try network.publisher.publish(try network.signed(topology), now: start, ledger: network.ledger)
        }
    }
}
