import Basis
import Testing
import Trust

struct TopologyModelTests {
    @Test("Lookups find servers by name and key, pools, roles, partners by domain and identity")
    func lookups() throws {
        let topology = try StateWorld.document()
        #expect(topology.server(named: "fe1.contoso.example")?.address.description == "127.0.1.1:5061")
        #expect(topology.server(pinned: StateWorld.pin("fe1 next"))?.name == "fe1.contoso.example")
        #expect(topology.server(pinned: StateWorld.pin("stranger")) == nil)
        #expect(topology.pool(of: "edge1.contoso.example")?.name == "edge.contoso.example")
        #expect(topology.roles(of: "fe1.contoso.example") == [.authority, .frontEnd])
        #expect(topology.servers(with: .edge).map(\.name) == ["edge1.contoso.example"])
        #expect(topology.partner(ofDomain: "fabrikam.example")?.edge == "sip.fabrikam.example")
        #expect(topology.partners(identifiedBy: "sip.fabrikam.example").count == 1)
        #expect(topology.partner(ofDomain: "*") == nil && topology.discovery == nil)
        #expect(
            topology.names(of: "edge1.contoso.example") == [
                "contoso.example", "edge.contoso.example", "edge1.contoso.example", "sip.contoso.example",
            ])
    }

    @Test("A change of a record is found at once under its new keys, and the records stay sorted")
    func edits() throws {
        var topology = try StateWorld.document()
        let position = try #require(topology.servers.firstIndex { $0.name == "fe1.contoso.example" })
        topology.servers[position].keys = [StateWorld.pin("other")]
        #expect(topology.server(pinned: StateWorld.pin("other"))?.name == "fe1.contoso.example")
        #expect(topology.server(pinned: StateWorld.pin("fe1")) == nil)
        topology.servers.append(
            ServerRecord(
                name: "a.contoso.example", address: try StateWorld.address("127.0.1.9:5061"),
                trust: try StateWorld.address("127.0.1.9:5443")))
        #expect(topology.servers.first?.name == "a.contoso.example")
        #expect(topology.server(pinned: StateWorld.pin("edge1"))?.name == "edge1.contoso.example")
    }

    @Test("The document is the same after writing and reading, with every key in use")
    func roundTrip() throws {
        var topology = try StateWorld.document()
        topology.media = .preferred
        topology.applications = [
            ApplicationRecord(
                name: "pbx.contoso.example", address: try StateWorld.address("[2001:db8::9]:5061"),
                identities: ["gw.vendor.example"], pinned: false, keys: [StateWorld.pin("pbx")],
                roots: ["fabrikam-root"], routes: ["tel:+4930*"],
                grant: ApplicationGrant(
                    assertIdentity: true, users: ["*@contoso.example"], numbers: ["+4930*"], challenged: true,
                    outboundOnly: true, throttled: false))
        ]
        topology.partners.append(PartnerRecord(name: "*", kind: .discovered, enabled: false))
        topology.partners.append(
            PartnerRecord(
                name: "northwind.example", kind: .provider, publicRoots: true, revocation: .required, blocked: true,
                via: "edge.contoso.example"))
        topology.expect = [
            .reaches(from: "fe1.contoso.example", to: "fabrikam.example"), .refused(name: "rogue.contoso.example"),
        ]
        let text = topology.json.canonicalBytes
        #expect(try Topology(json: JSONValue(parsing: text)) == topology)
    }

    static let misspelt: [(String, String)] = [
        (#"{"network":"a.example","sipDomians":[]}"#, "sipDomians: unknown key; did you mean \"sipDomains\"?"),
        (#"{"sipDomains":[]}"#, "network: is missing"),
        (
            #"{"network":"a.example","pools":{"p.a.example":{"roles":["frontend"]}}}"#,
            "pools.p.a.example.roles.0: \"frontend\" is not known here; did you mean \"frontEnd\"?"
        ),
        (
            #"{"network":"a.example","servers":{"s.a.example":{"address":"a.example:5061"}}}"#,
            "servers.s.a.example.address: an IP address and a port are expected here, "
                + "like 192.0.2.1:5061 or [2001:db8::1]:5061"
        ),
        (
            #"{"network":"a.example","servers":{"s.a.example":{"address":"192.0.2.1:5061"}}}"#,
            "servers.s.a.example.trust: is missing"
        ),
        (
            #"{"network":"a.example","media":"optional"}"#,
            "media: \"optional\" is not known here; possible are preferred, required"
        ),
        (#"{"network":5}"#, "network: a text is expected here"),
        (#"{"network":"a.example","pools":[]}"#, "pools: an object is expected here"),
        (
            #"{"network":"a.example","expect":["a may reach b"]}"#,
            "expect.0: \"X reaches Y\" or \"X is refused\" is expected here, with names"
        ),
        (
            #"{"network":"a.example","servers":{"S.a.example":{},"s.a.example":{}}}"#,
            "servers.S.a.example.address: is missing"
        ),
        (#"{"network":"a.example","roots":{"r":"%%"}}"#, "roots.r: a certificate in base 64 is expected here"),
    ]

    @Test("What is not understood is an error with its path and the nearest key", arguments: misspelt)
    func errors(text: String, message: String) throws {
        let value = try JSONValue(parsing: Array(text.utf8))
        do throws(DocumentError) {
            _ = try Topology(json: value)
            Issue.record("\(text) was read")
        } catch {
            #expect(error.description == message)
        }
    }

    @Test("RFC 4291 §2.2: addresses are compared by value and printed as RFC 5952 says")
    func addresses() {
        let forms = [
            "192.0.2.1:5061": "192.0.2.1:5061", "[2001:DB8:0:0:0:0:0:1]:5061": "[2001:db8::1]:5061",
            "[::]:1": "[::]:1", "[::1]:1": "[::1]:1", "[1::]:1": "[1::]:1", "[1:0:0:2:0:0:0:3]:1": "[1:0:0:2::3]:1",
            "[::ffff:192.0.2.1]:5061": "[::ffff:c000:201]:5061", "[1:2:3:4:5:6:7:8]:1": "[1:2:3:4:5:6:7:8]:1",
            "[1:0:2:3:4:5:6:7]:1": "[1:0:2:3:4:5:6:7]:1",
        ]
        for (text, printed) in forms { #expect(NetworkAddress(text)?.description == printed, "\(text)") }
        for text in [
            "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:05", "192.0.2:1", "192.0.2.256:1", "192.0.02.1:1",
            "host.example:5061", "::1:5061", "[::1]", "[:::1]:1", "[1::2::3]:1", "[1:2:3:4:5:6:7]:1", "[12345::]:1",
            "[1:2:3:4:5:6:7:8:9]:1", "[::1:]:1", "[:1::]:1", "[1:2:3:4:5:6:7::8]:1", "[fe80::1%eth0]:1", "[]:1", ":1",
            "",
            "[+1::]:1", "[192.0.2.1]:1", "[1.2.3.4::]:1",
        ] { #expect(NetworkAddress(text) == nil, "\(text)") }
    }
}

struct TopologyCheckTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let severity: TopologyProblem.Severity
        let path: String
        let message: String
        let change: @Sendable (inout Topology) throws -> Void
        var testDescription: String { "\(path): \(message)" }
    }

    private static func row(
        _ severity: TopologyProblem.Severity, _ path: String, _ message: String,
        _ change: @escaping @Sendable (inout Topology) throws -> Void
    ) -> Row {
        Row(severity: severity, path: path, message: message, change: change)
    }

    static let rows: [Row] = [
        row(.error, "sipDomains", "there is no SIP domain") { $0.sipDomains = [] },
        row(.error, "sipDomains.1", "contoso.example appears twice") { $0.sipDomains.append("contoso.example") },
        row(.error, "network", "\"contoso\" is not a full domain name") { $0.network = "contoso" },
        row(.error, "pools", "no pool has the role authority") { $0.pools[1].roles = [.frontEnd] },
        row(.error, "pools.fe.contoso.example.members", "the pool has no member") { $0.pools[1].members = [] },
        row(.error, "pools.fe.contoso.example.members.1", "fe2.contoso.example is not among the servers") {
            $0.pools[1].members.append("fe2.contoso.example")
        },
        row(.error, "pools.fe.contoso.example.members.1", "fe1.contoso.example appears twice") {
            $0.pools[1].members.append("fe1.contoso.example")
        },
        row(.error, "pools.edge.contoso.example.nextHop", "there is no pool nowhere.contoso.example") {
            $0.pools[0].nextHop = "nowhere.contoso.example"
        },
        row(.error, "pools.edge.contoso.example.nextHop", "the pool is its own next hop") {
            $0.pools[0].nextHop = "edge.contoso.example"
        },
        row(.error, "pools.edge.contoso.example.nextHop", "an edge has no next hop") { $0.pools[0].nextHop = nil },
        row(.error, "pools.edge.contoso.example.external", "an edge has no outside name") {
            $0.pools[0].external = nil
        },
        row(.error, "pools.fe.contoso.example.external", "only an edge has an outside") {
            $0.pools[1].external = ExternalFace(name: "x.contoso.example")
        },
        row(.error, "servers.edge1.contoso.example.external", "an edge has no outside address") {
            $0.servers[0].external = nil
        },
        row(
            .error, "servers.fe1.contoso.example.address",
            "127.0.1.2:5061 is already that of servers.edge1.contoso.example.address"
        ) { $0.servers[1].address = try StateWorld.address("127.0.1.2:5061") },
        row(.error, "servers.fe1.contoso.example.trust", "127.0.1.1:0 cannot be dialled") {
            $0.servers[1].trust = try StateWorld.address("127.0.1.1:0")
        },
        row(.error, "servers.fe1.contoso.example.keys.0", "the key is already pinned for edge1.contoso.example") {
            $0.servers[1].keys = [StateWorld.pin("edge1")]
        },
        row(.warning, "servers.fe1.contoso.example.keys", "the server has not joined: no key is pinned") {
            $0.servers[1].keys = []
        },
        row(.warning, "servers.a.contoso.example", "the server is in no pool") {
            $0.servers.append(
                ServerRecord(
                    name: "a.contoso.example", address: try StateWorld.address("127.0.1.9:5061"),
                    trust: try StateWorld.address("127.0.1.9:5443"), keys: [StateWorld.pin("a")]))
        },
        row(.error, "partners.fabrikam.example.domains.1", "contoso.example is one of our own domains") {
            $0.partners[0].domains.append("contoso.example")
        },
        row(
            .error, "partners.northwind.example.domains.0",
            "the record fabrikam.example speaks for fabrikam.example already"
        ) {
            $0.partners.append(
                PartnerRecord(
                    name: "northwind.example", domains: ["fabrikam.example"], identities: ["n.example"],
                    publicRoots: true))
        },
        row(.error, "partners.fabrikam.example.identities.2", "fe1.contoso.example is a name of ours") {
            $0.partners[0].identities.append("fe1.contoso.example")
        },
        row(.error, "partners.fabrikam.example.roots.0", "there is no root fabrikam-rot") {
            $0.partners[0].roots = ["fabrikam-rot"]
        },
        row(.error, "partners.fabrikam.example.roots", "no root is accepted from this partner") {
            $0.partners[0].roots = []
        },
        row(.error, "partners.fabrikam.example.kind", "only the record \"*\" is discovered") {
            $0.partners[0].kind = .discovered
        },
        row(.error, "partners.fabrikam.example.via", "fe.contoso.example is not an edge pool") {
            $0.partners[0].via = "fe.contoso.example"
        },
        row(.error, "roots.fabrikam-root", "the bytes are not a certificate") { $0.roots[0].certificate = [1, 2, 3] },
        row(.warning, "roots.spare", "no record uses this root") {
            $0.roots.append(NamedRoot(name: "spare", certificate: $0.roots[0].certificate))
        },
        row(.error, "applications.pbx.contoso.example.keys", "no key is pinned") {
            $0.applications = [ApplicationRecord(name: "pbx.contoso.example")]
        },
        row(.warning, "applications.pbx.contoso.example.pinned", "any key of its CA is accepted") {
            $0.applications = [ApplicationRecord(name: "pbx.contoso.example", pinned: false)]
        },
        row(.error, "applications.fe1.contoso.example", "a server or pool has this name") {
            $0.applications = [ApplicationRecord(name: "fe1.contoso.example", keys: [StateWorld.pin("pbx")])]
        },
        row(.warning, "expect.0", "nobody.example is no server, application or partner domain") {
            $0.expect = [.reaches(from: "fe1.contoso.example", to: "nobody.example")]
        },
    ]

    @Test("The plain network has no problem")
    func clean() throws {
        #expect(try StateWorld.document().check() == [])
    }

    @Test("Each fault is found at its place", arguments: rows)
    func faults(row: Row) throws {
        var topology = try StateWorld.document()
        try row.change(&topology)
        let problems = topology.check()
        #expect(
            problems.contains { $0.severity == row.severity && $0.path == row.path && $0.message == row.message },
            "\(problems.map(\.description))")
        #expect(problems.allSatisfy { !$0.next.isEmpty })
    }

    @Test("RFC 1123 §2.1: what is a full domain name")
    func domainNames() {
        let long = String(repeating: "a", count: 63)
        for name in ["a.b", "fe1.contoso.example", "xn--bcher-kva.example", "1.example", "\(long).example"] {
            #expect(DomainName.isFQDN(name), "\(name)")
        }
        for name in [
            "", "a", "a.", ".a", "a..b", "A.b", "-a.b", "a-.b", "a_b.c", "*.a.b", "192.0.2.1", "a.b ", "ä.b",
            "\(long)a.b", [String](repeating: long, count: 4).joined(separator: "."),
        ] { #expect(!DomainName.isFQDN(name), "\(name)") }
    }
}

struct TopologyDiffTests {
    @Test("A difference tells what came, went and changed, record by record and key by key")
    func diff() throws {
        let old = try StateWorld.document()
        var new = old
        new.media = .preferred
        new.servers[1].keys = [StateWorld.pin("fe1 next")]
        new.partners[0].blocked = true
        new.pools.removeFirst()
        new.applications = [ApplicationRecord(name: "pbx.contoso.example", pinned: false)]
        new.sipDomains.append("contoso.net")
        let lines = Topology.diff(from: old, to: new).map(\.description)
        #expect(
            lines == [
                "+ applications pbx.contoso.example: {\"pinned\":false}",
                "~ media: required -> preferred",
                "+ partners fabrikam.example blocked: true",
                "- pools edge.contoso.example",
                "- servers fe1.contoso.example keys: \(StateWorld.pin("fe1"))",
                "+ sipDomains: contoso.net",
            ])
        #expect(Topology.diff(from: old, to: old).isEmpty)
    }

    @Test("The order of members is a difference, because it is the order of trying")
    func order() throws {
        var old = try StateWorld.document()
        old.pools[1].members = ["fe1.contoso.example", "fe2.contoso.example"]
        var new = old
        new.pools[1].members.reverse()
        #expect(Topology.diff(from: old, to: new).map(\.kind) == [.changed])
    }

    @Test("Expectations are read in their two forms and printed the same")
    func expectations() {
        #expect(Expectation("FE1.a.example reaches b.example")?.description == "fe1.a.example reaches b.example")
        #expect(Expectation("rogue.a.example is refused") == .refused(name: "rogue.a.example"))
        for text in ["", "a reaches", "a is admitted", "a reaches b c", "a is not refused"] {
            #expect(Expectation(text) == nil)
        }
    }
}
