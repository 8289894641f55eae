import Authority
import Testing
import Trust

@Suite struct TopologySourceTests {
    private static let pin = "sha256:" + String(repeating: "ab", count: 32)

    static let whole = """
        network: contoso.example
        sipDomains: [contoso.example]
        pools:
          fe.contoso.example:   { roles: [authority, frontEnd, webServices], members: [fe1.contoso.example] }
          edge.contoso.example: { roles: [edge], members: [edge1.contoso.example], nextHop: fe.contoso.example,
                                  external: { name: sip.contoso.example } }
          med.contoso.example:  { roles: [mediation], members: [med1.contoso.example] }
        servers:
          fe1.contoso.example:  { address: 127.0.1.1:5061, trust: 127.0.1.1:5443, keys: [\(pin)] }   # filled in on joining
          edge1.contoso.example: { address: 127.0.1.2:5061, external: 127.0.1.3:5061, trust: 127.0.1.2:5443 }
          med1.contoso.example: { address: "[::1]:5061", trust: "[::1]:5443" }
        applications:
          pbx.contoso.example:  { address: 127.0.1.9:5061, pinned: false, routes: [ "tel:+4930*" ],
                                  grant: { assertIdentity: true, numbers: ["+4930*"], throttled: false } }
        partners:
          fabrikam.example:     { kind: named, edge: sip.fabrikam.example, address: 127.0.2.1:5061, domains: [fabrikam.example],
                                  identities: [fabrikam.example, sip.fabrikam.example], publicRoots: true, revocation: required }
          "*":                  { kind: discovered, enabled: false }
        expect:
          - edge1.contoso.example reaches fe1.contoso.example
          - rogue.contoso.example is refused
        """

    private func parse(_ text: String) throws -> TopologySource {
        try TopologySource.parse(text) { _ in nil }
    }

    @Test("trust.md: the document of the design is read as it is meant") func document() throws {
        let topology = try parse(Self.whole).topology
        #expect(topology.network == "contoso.example" && topology.media == .required)
        #expect(topology.roles(of: "fe1.contoso.example") == [.authority, .frontEnd, .webServices])
        #expect(topology.pool(named: "edge.contoso.example")?.external?.name == "sip.contoso.example")
        #expect(topology.server(named: "fe1.contoso.example")?.keys.map(\.description) == [Self.pin])
        #expect(topology.server(named: "med1.contoso.example")?.address.description == "[::1]:5061")
        #expect(topology.application(named: "pbx.contoso.example")?.grant.assertIdentity == true)
        #expect(topology.application(named: "pbx.contoso.example")?.grant.throttled == false)
        #expect(topology.partner(named: "fabrikam.example")?.revocation == .required)
        #expect(topology.discovery?.enabled == false)
        #expect(
            topology.expect.map(\.description) == [
                "edge1.contoso.example reaches fe1.contoso.example", "rogue.contoso.example is refused",
            ])
    }

    @Test("interface.md: `topology show` writes a document that is read back as the same one") func roundTrip() throws {
        var topology = try parse(Self.whole).topology
        let network = try ContosoNetwork()
        topology.roots = [NamedRoot(name: "fabrikam-root", certificate: network.publisher.authority.rootCertificate)]
        if let index = topology.partners.firstIndex(where: { $0.name == "fabrikam.example" }) {
            topology.partners[index].roots = ["fabrikam-root"]
        }
        let text = TopologySource.text(of: topology)
        #expect(try parse(text).topology == topology, "\(text)")
    }

    /// A line put into, or in the place of, the whole document, and what is said about it.
    struct Fault: Sendable, CustomTestStringConvertible {
        let from: String
        let to: String
        let line: Int
        let column: Int
        let says: String
        let nearest: String?

        init(_ from: String, _ to: String, at line: Int, _ column: Int, _ says: String, nearest: String? = nil) {
            (self.from, self.to, self.line, self.column, self.says, self.nearest) = (
                from, to, line, column, says, nearest
            )
        }

        var testDescription: String { "\(from) -> \(to)" }
    }

    static let faults: [Fault] = [
        Fault("sipDomains:", "sipDomain:", at: 2, 1, "unknown key `sipDomain`", nearest: "sipDomains"),
        Fault(
            "network: contoso.example", "netwrok: contoso.example", at: 1, 1, "unknown key `netwrok`",
            nearest: "network"),
        Fault(
            "{ address: 127.0.1.1:5061", "{ adress: 127.0.1.1:5061", at: 9, 27, "unknown key `adress`",
            nearest: "address"),
        Fault("nextHop:", "nexthop:", at: 5, 76, "unknown key `nexthop`", nearest: "nextHop"),
        Fault("assertIdentity: true", "assertIdentity: yes", at: 14, 52, "must be true or false"),
        Fault(
            "assertIdentity:", "asertIdentity:", at: 14, 36, "unknown key `asertIdentity`", nearest: "assertIdentity"),
        Fault("roles: [edge]", "roles: [egde]", at: 5, 35, "`egde` is not one of", nearest: "edge"),
        Fault("kind: named", "kind: namde", at: 16, 33, "`namde` is not one of", nearest: "named"),
        Fault("revocation: required", "revocation: never", at: 17, 112, "`never` is not one of"),
        Fault("127.0.1.2:5061", "edge1.contoso.example", at: 10, 37, "is not an IP address with a port"),
        Fault("127.0.1.2:5061", "127.0.1.2", at: 10, 37, "is not an IP address with a port"),
        Fault("\"[::1]:5061\"", "\"[::1]:70000\"", at: 11, 36, "is not an IP address with a port"),
        Fault("keys: [sha256:ab", "keys: [sha256:zz", at: 9, 82, "is not `sha256:` with 64 hexadecimal digits"),
        Fault("[contoso.example]\npools", "contoso.example\npools", at: 2, 13, "must be a list"),
        Fault("[contoso.example]\npools", "[contoso]\npools", at: 2, 14, "`contoso` is not a full host name"),
        Fault("rogue.contoso.example is refused", "rogue.contoso.example is bad", at: 21, 5, "is neither"),
        Fault(
            "members: [edge1.contoso.example]", "members: [edge9.contoso.example]", at: 5, 52, "edge9.contoso.example"),
        Fault("trust: 127.0.1.2:5443 }", "}", at: 10, 26, "lacks `trust`"),
        Fault("  med1.contoso.example: {", "  fe1.contoso.example: {", at: 9, 3, "stands here twice"),
        // The list goes on until something stands there that a list cannot have.
        Fault("partners:", "partners: [", at: 18, 3, "did not find expected"),
        Fault("applications:", "applications: *nobody\nx:", at: 12, 15, "undefined alias"),
    ]

    @Test(
        "trust.md: each mistake is reported at its line and column, with the nearest valid word", arguments: faults)
    func fault(_ fault: Fault) throws {
        #expect(Self.whole.contains(fault.from))
        let text = Self.whole.replacing(fault.from, with: fault.to, maxReplacements: 1)
        let error = try #require(throws: SourceError.self) { try parse(text) }
        let match = error.problems.first { $0.message.contains(fault.says) }
        #expect(match != nil, "\(error)")
        #expect(match?.line == fault.line && match?.column == fault.column, "\(error)")
        #expect(match?.nearest == fault.nearest, "\(error)")
    }

    @Test("trust.md: all mistakes of a document are reported at once, in the order of the lines") func several() throws
    {
        let text = """
            network: contoso
            sipDomains: []
            color: blue
            pools: { fe.contoso.example: { roles: [frontend], members: [fe1.contoso.example], pets: 1 } }
            """
        let error = try #require(throws: SourceError.self) { try parse(text) }
        #expect(error.problems.map(\.line) == [1, 3, 4, 4])
    }

    @Test(
        "trust.md: an empty document, a list and a document nested too deep are refused",
        arguments: [
            "", "- a\n- b", "network: " + String(repeating: "[", count: 100), "a: 1\n---\nb: 2", "\u{FEFF}\u{0}",
        ])
    func hopeless(text: String) {
        #expect(throws: SourceError.self) { try parse(text) }
    }

    @Test("trust.md: a root certificate is PEM in place or the path of a file") func roots() throws {
        let network = try ContosoNetwork()
        let der = network.publisher.authority.rootCertificate
        let text = Self.whole.replacing("publicRoots: true", with: "roots: [fabrikam-root]")
        let read = try TopologySource.parse(text + "\nroots: { fabrikam-root: fabrikam.pem }") { path in
            path == "fabrikam.pem" ? der : nil
        }
        #expect(read.topology.root(named: "fabrikam-root")?.certificate == der)
        let missing = try #require(throws: SourceError.self) {
            try parse(text + "\nroots: { fabrikam-root: gone.pem }")
        }
        #expect(missing.problems.contains { $0.message.contains("`gone.pem` cannot be read") && $0.line == 22 })
        let malformed = try #require(throws: SourceError.self) {
            try TopologySource.parse(text + "\nroots: { fabrikam-root: fabrikam.pem }") { _ in [1, 2, 3] }
        }
        #expect(malformed.problems.contains { $0.message.contains("not one certificate") })
    }
}
