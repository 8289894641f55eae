import Authority
import Basis
import Testing
import Trust

@Suite struct EnrolmentTests {
    private let start = ContosoNetwork.start

    private func request(
        name: String = "edge2.contoso.example", roles: [ServerRole] = [.edge], key: CertificateKey
    ) throws -> NodeRequest {
        try NodeRequest(
            name: name, roles: roles, address: NetworkAddress("127.0.1.4:5061"),
            external: NetworkAddress("127.0.1.5:5061"), trust: NetworkAddress("127.0.1.4:5443"), key: key,
            nextKey: CertificateKey.generate(.p256).pin)
    }

    @Test("interface.md: request, admit and accept by files join a server, and decide admits it") func join() throws {
        var network = try ContosoNetwork()
        let key = CertificateKey.generate(.p256)
        let request = try NodeRequest(parsing: try request(key: key).bytes)
        #expect(request.key == key.pin && request.roles == [.edge])
        let topology = try request.admit(into: network.topology)
        #expect(topology.server(named: "edge2.contoso.example")?.keys == [key.pin, request.nextKey])
        #expect(topology.pool(of: "edge2.contoso.example")?.name == "edge.contoso.example")
        _ = try network.publisher.publish(
            try network.signed(topology), enrolling: [request.name: request.subjectPublicKeyInfo], now: start,
            ledger: network.ledger)
        let admission = try NodeAdmission(
            parsing: try network.publisher.admission(of: "edge2.contoso.example", now: start).bytes)
        #expect(admission.authority == "fe1.contoso.example")
        let state = try admission.accept(
            name: "edge2.contoso.example", key: key.pin, confirmedRootHash: admission.rootHash, now: start)
        #expect(state.epoch == TrustEpoch(2))
        let chain = try #require(admission.chains.first)
        #expect(network.verdict(chain).peer?.identity == "edge2.contoso.example")
    }

    @Test("wire.md: an admission is refused with another root, name or key") func mismatch() throws {
        let network = try ContosoNetwork()
        let admission = try network.publisher.admission(of: "edge1.contoso.example", now: start)
        let (hash, key) = (admission.rootHash, network.edgeKey.pin)
        #expect(throws: AuthorityError.self) {
            try admission.accept(
                name: "edge1.contoso.example", key: key, confirmedRootHash: [UInt8](repeating: 0, count: 32), now: start
            )
        }
        #expect(throws: AuthorityError.self) {
            try admission.accept(name: "edge3.contoso.example", key: key, confirmedRootHash: hash, now: start)
        }
        #expect(throws: AuthorityError.self) {
            try admission.accept(
                name: "edge1.contoso.example", key: network.frontEndKey.pin, confirmedRootHash: hash, now: start)
        }
        _ = try admission.accept(name: "edge1.contoso.example", key: key, confirmedRootHash: hash, now: start)
    }

    @Test("RFC 2986 §4.2: a request whose key is not held, or that was changed, is refused") func possession() throws {
        let honest = try request(key: .generate(.p256))
        let text = String(decoding: honest.bytes, as: UTF8.self)
        let renamed = text.replacing("edge2.contoso.example", with: "edge3.contoso.example")
        #expect(throws: AuthorityError.possessionNotProven(name: "edge3.contoso.example")) {
            try NodeRequest(parsing: Array(renamed.utf8))
        }
        var signature = honest.signingRequest
        signature[signature.count - 1] ^= 1
        let forged = text.replacing(Base64.encode(honest.signingRequest), with: Base64.encode(signature))
        #expect(throws: AuthorityError.self) { try NodeRequest(parsing: Array(forged.utf8)) }
        for bad in [
            "", "{}", "[]", text.replacing("\"version\":1", with: "\"version\":2"),
            text.replacing("edge\"", with: "egde\""),
        ] {
            #expect(throws: AuthorityError.self) { try NodeRequest(parsing: Array(bad.utf8)) }
        }
        #expect(throws: AuthorityError.self) {
            try NodeRequest(parsing: [UInt8](repeating: 0x20, count: NodeRequest.octetsMax + 1))
        }
    }

    @Test("trust.md: a request that asks for other roles, or shows another server's key, is not admitted") func roles()
        throws
    {
        let network = try ContosoNetwork()
        #expect(throws: AuthorityError.self) {
            try request(name: "edge1.contoso.example", roles: [.frontEnd], key: .generate(.p256)).admit(
                into: network.topology)
        }
        #expect(throws: AuthorityError.self) {
            try request(key: network.frontEndKey).admit(into: network.topology)
        }
        var crowded = network.topology
        crowded.pools.append(
            PoolRecord(name: "edge9.contoso.example", roles: [.edge], members: [], nextHop: "fe.contoso.example"))
        let undecided = crowded
        #expect(throws: AuthorityError.self) {
            try request(name: "edge3.contoso.example", key: .generate(.p256)).admit(into: undecided)
        }
        let alone = try request(name: "med1.contoso.example", roles: [.mediation], key: .generate(.p256)).admit(
            into: network.topology)
        #expect(alone.pool(of: "med1.contoso.example")?.name == "mediation.contoso.example")
        let added = try request(name: "med1.contoso.example", roles: [.mediation], key: .generate(.p256)).admit(
            into: network.topology, pool: "med.contoso.example")
        #expect(added.roles(of: "med1.contoso.example") == [.mediation])
        #expect(added.check().allSatisfy { $0.severity == .warning })
    }

    @Test("mission.md: an existing server that asks again keeps its addresses and gets new pins") func again() throws {
        let network = try ContosoNetwork()
        let key = CertificateKey.generate(.p256)
        let topology = try request(name: "edge1.contoso.example", key: key).admit(into: network.topology)
        let (old, new) = (
            network.topology.server(named: "edge1.contoso.example"), topology.server(named: "edge1.contoso.example")
        )
        #expect(new?.address == old?.address && new?.keys.first == key.pin)
    }

    @Test("mission.md, S14: a partner's card makes its record and root, and keeps what we decided about it") func card()
        throws
    {
        let (contoso, fabrikam) = (try ContosoNetwork(), try ContosoNetwork(seed: 6))
        let own = try PartnerCard(
            of: fabrikam.topology, root: fabrikam.publisher.authority.rootCertificate)
        #expect(own.edge == "sip.contoso.example" && own.address?.description == "127.0.1.3:5061")
        let card = try PartnerCard(
            parsing: try PartnerCard(
                domains: ["fabrikam.example"], edge: "sip.fabrikam.example", address: NetworkAddress("127.0.2.1:5061"),
                root: own.root
            ).bytes)
        var topology = card.add(to: contoso.topology)
        #expect(topology.check().allSatisfy { $0.severity == .warning })
        #expect(topology.partner(ofDomain: "fabrikam.example")?.roots == ["fabrikam.example-root"])
        topology.partners[0].blocked = true
        #expect(card.add(to: topology) == topology)
        #expect(throws: AuthorityError.self) { try PartnerCard(parsing: Array("{}".utf8)) }
        #expect(throws: AuthorityError.self) {
            try PartnerCard(domains: ["fabrikam.example"], edge: "sip.fabrikam.example", address: nil, root: [0x30, 0])
        }
    }
}
