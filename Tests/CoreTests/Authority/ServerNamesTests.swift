import Authority
import Testing
import Trust

@Suite struct ServerNamesTests {
    private func names(_ roles: [ServerRole], external: String? = nil) throws -> [String] {
        let topology = Topology(
            network: "contoso.example", sipDomains: ["contoso.example", "contoso.test"],
            pools: [
                PoolRecord(
                    name: "pool.contoso.example", roles: roles, members: ["s1.contoso.example"],
                    external: external.map { ExternalFace(name: $0) })
            ],
            servers: [
                ServerRecord(
                    name: "s1.contoso.example", address: try #require(NetworkAddress("127.0.0.1:5061")),
                    trust: try #require(NetworkAddress("127.0.0.1:5443")))
            ])
        return ServerNames.names(for: "s1.contoso.example", in: topology)
    }

    @Test(
        "trust.md, Names that we write: front end, director and edge carry the SIP domains and their sip. names",
        arguments: [ServerRole.frontEnd, .director, .edge])
    func outward(role: ServerRole) throws {
        let names = try names([role])
        #expect(names.first == "s1.contoso.example")
        #expect(
            Set(names) == [
                "s1.contoso.example", "pool.contoso.example", "contoso.example", "sip.contoso.example", "contoso.test",
                "sip.contoso.test",
            ])
    }

    @Test(
        "trust.md, Names that we write: other roles carry their own FQDN and the pool's name only",
        arguments: [ServerRole.authority, .mediation, .groupChat, .webServices])
    func inward(role: ServerRole) throws {
        #expect(try names([role]) == ["s1.contoso.example", "pool.contoso.example"])
    }

    @Test("trust.md, Names that we write: an edge carries its pool's outside name") func outside() throws {
        #expect(try names([.edge], external: "edge.contoso.test").contains("edge.contoso.test"))
    }

    @Test("F8: a server that the topology does not name gets no names") func unknown() throws {
        let topology = Topology(network: "contoso.example", sipDomains: ["contoso.example"])
        #expect(ServerNames.names(for: "rogue.contoso.example", in: topology).isEmpty)
    }
}
