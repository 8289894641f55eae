public import Trust
internal import Yams

/// The topology as people write it: YAML, with every problem at its line and column.
public struct TopologySource: Sendable {
    /// The document.
    public let topology: Topology
    /// What is allowed and should be thought over.
    public let warnings: [SourceProblem]

    /// Reads a document. Unknown keys, wrong values and contradictions are errors, all of them reported at once.
    /// - Parameter certificateFile: the text of a file that a root certificate names by its path; nil when it cannot be
    ///   read. Never called for certificates that stand in the document itself.
    public static func parse(
        _ text: String, certificateFile: @escaping (String) -> [UInt8]?
    ) throws(SourceError) -> TopologySource {
        var parser = TopologySourceParser(certificateFile: certificateFile)
        let topology = parser.parse(text)
        if let error = parser.reader.finish() { throw error }
        guard let topology else {
            throw SourceError(problems: [SourceProblem(line: 0, column: 0, message: "the document is empty")])
        }
        let found = topology.check().map { ($0.severity, parser.place($0)) }
        let errors = found.filter { $0.0 == .error }.map(\.1)
        guard errors.isEmpty else {
            throw SourceError(problems: errors.sorted { ($0.line, $0.column) < ($1.line, $1.column) })
        }
        return TopologySource(topology: topology, warnings: found.map(\.1))
    }
}

/// The document's own keys, in the order in which they are written.
enum TopologyKeys {
    static let document = [
        "network", "sipDomains", "media", "pools", "servers", "applications", "partners", "roots", "expect",
    ]
    static let pool = ["roles", "members", "nextHop", "external"]
    static let externalFace = ["name", "certificate"]
    static let server = ["address", "external", "trust", "keys"]
    static let application = ["address", "identities", "pinned", "keys", "roots", "routes", "grant"]
    static let grant = ["assertIdentity", "users", "numbers", "challenged", "outboundOnly", "throttled"]
    static let partner = [
        "kind", "edge", "address", "domains", "identities", "roots", "publicRoots", "revocation", "enabled", "blocked",
        "via",
    ]
}

/// One pass over the tree of a document.
private struct TopologySourceParser {
    let certificateFile: (String) -> [UInt8]?
    var reader = SourceReader()
    /// Where each value stands, by the path that `Topology.check` uses.
    private var marks: [String: Mark] = [:]

    init(certificateFile: @escaping (String) -> [UInt8]?) {
        self.certificateFile = certificateFile
    }

    mutating func parse(_ text: String) -> Topology? {
        guard let document = reader.compose(text) else { return nil }
        let fields = reader.fields(
            document, of: "the topology", known: TopologyKeys.document, required: ["network", "sipDomains"])
        for (key, node) in fields { marks[key] = node.mark }
        let network = host(fields["network"], "network")
        let domains = hosts(fields["sipDomains"], "sipDomains")
        let media = reader.choice(fields["media"], "media", as: MediaPolicy.self)
        let pools = records("pools", fields["pools"]) { $0.pool($1, $2) }
        let servers = records("servers", fields["servers"]) { $0.server($1, $2) }
        let applications = records("applications", fields["applications"]) { $0.application($1, $2) }
        let partners = records("partners", fields["partners"]) { $0.partner($1, $2) }
        let roots = roots(fields["roots"])
        let expect = expectations(fields["expect"])
        guard let network, let domains else { return nil }
        return Topology(
            network: network, sipDomains: domains, media: media ?? .required, pools: pools, servers: servers,
            applications: applications, partners: partners, roots: roots, expect: expect)
    }

    /// The problem at the place of its path, or of the nearest part above it.
    func place(_ problem: TopologyProblem) -> SourceProblem {
        var path = problem.path
        while marks[path] == nil, let dot = path.lastIndex(of: ".") { path = String(path[..<dot]) }
        let mark = marks[path]
        return SourceProblem(
            line: mark?.line ?? 0, column: mark?.column ?? 0,
            message: "\(problem.path): \(problem.message); \(problem.next)")
    }

    // MARK: Records

    private mutating func records<Record>(
        _ section: String, _ node: Node?, make: (inout TopologySourceParser, String, Node) -> Record?
    ) -> [Record] {
        guard let node else { return [] }
        var result: [Record] = []
        for (name, key, value) in reader.entries(node, of: section) {
            let folded = name.lowercased()
            if !(section == "partners" && name == Topology.discoveryName), !DomainName.isFQDN(folded) {
                reader.report(key, "`\(name)` in \(section) is not a full host name")
                continue
            }
            marks["\(section).\(folded)"] = key.mark
            if let record = make(&self, folded, value) { result.append(record) }
        }
        return result
    }

    private mutating func fields(
        _ path: String, _ node: Node, known: [String], required: [String]
    ) -> [String: Node] {
        let fields = reader.fields(node, of: path, known: known, required: required)
        for (key, value) in fields { marks["\(path).\(key)"] = value.mark }
        return fields
    }

    private mutating func pool(_ name: String, _ node: Node) -> PoolRecord? {
        let path = "pools.\(name)"
        let fields = fields(path, node, known: TopologyKeys.pool, required: ["roles", "members"])
        var roles: [ServerRole] = []
        for (_, item) in reader.texts(fields["roles"], "\(path).roles") ?? [] {
            if let role = reader.choice(item, "role", as: ServerRole.self) { roles.append(role) }
        }
        let members = hosts(fields["members"], "\(path).members")
        let nextHop = host(fields["nextHop"], "\(path).nextHop")
        var external: ExternalFace?
        if let outside = fields["external"] {
            let parts = self.fields(
                path + ".external", outside, known: TopologyKeys.externalFace, required: ["name"])
            let source = reader.choice(parts["certificate"], "certificate", as: ExternalCertificate.self)
            if let outsideName = host(parts["name"], "\(path).external.name") {
                external = ExternalFace(name: outsideName, certificate: source ?? .authority)
            }
        }
        return PoolRecord(name: name, roles: roles, members: members ?? [], nextHop: nextHop, external: external)
    }

    private mutating func server(_ name: String, _ node: Node) -> ServerRecord? {
        let path = "servers.\(name)"
        let fields = fields(path, node, known: TopologyKeys.server, required: ["address", "trust"])
        let address = address(fields["address"], "\(path).address")
        let external = self.address(fields["external"], "\(path).external")
        let trust = self.address(fields["trust"], "\(path).trust")
        let keys = pins(fields["keys"], "\(path).keys")
        guard let address, let trust else { return nil }
        return ServerRecord(name: name, address: address, external: external, trust: trust, keys: keys)
    }

    private mutating func application(_ name: String, _ node: Node) -> ApplicationRecord? {
        let path = "applications.\(name)"
        let fields = fields(path, node, known: TopologyKeys.application, required: [])
        var grant = ApplicationGrant()
        if let rights = fields["grant"] {
            let parts = self.fields(path + ".grant", rights, known: TopologyKeys.grant, required: [])
            grant = ApplicationGrant(
                assertIdentity: reader.flag(parts["assertIdentity"], "assertIdentity") ?? false,
                users: reader.texts(parts["users"], "users")?.map { $0.text.lowercased() } ?? [],
                numbers: reader.texts(parts["numbers"], "numbers")?.map(\.text) ?? [],
                challenged: reader.flag(parts["challenged"], "challenged") ?? false,
                outboundOnly: reader.flag(parts["outboundOnly"], "outboundOnly") ?? false,
                throttled: reader.flag(parts["throttled"], "throttled") ?? true)
        }
        return ApplicationRecord(
            name: name, address: address(fields["address"], "\(path).address"),
            identities: hosts(fields["identities"], "\(path).identities"),
            pinned: reader.flag(fields["pinned"], "\(path).pinned") ?? true,
            keys: pins(fields["keys"], "\(path).keys"),
            roots: reader.texts(fields["roots"], "\(path).roots")?.map(\.text) ?? [],
            routes: reader.texts(fields["routes"], "\(path).routes")?.map(\.text) ?? [], grant: grant)
    }

    private mutating func partner(_ name: String, _ node: Node) -> PartnerRecord? {
        let path = "partners.\(name)"
        let fields = fields(path, node, known: TopologyKeys.partner, required: [])
        let kind = reader.choice(fields["kind"], "\(path).kind", as: PartnerKind.self)
        let revocation = reader.choice(fields["revocation"], "\(path).revocation", as: PartnerRevocation.self)
        return PartnerRecord(
            name: name, kind: kind ?? (name == Topology.discoveryName ? .discovered : .named),
            edge: host(fields["edge"], "\(path).edge"), address: address(fields["address"], "\(path).address"),
            domains: hosts(fields["domains"], "\(path).domains"),
            identities: hosts(fields["identities"], "\(path).identities"),
            roots: reader.texts(fields["roots"], "\(path).roots")?.map(\.text) ?? [],
            publicRoots: reader.flag(fields["publicRoots"], "\(path).publicRoots") ?? false,
            revocation: revocation ?? .whenPublished,
            enabled: reader.flag(fields["enabled"], "\(path).enabled") ?? true,
            blocked: reader.flag(fields["blocked"], "\(path).blocked") ?? false,
            via: host(fields["via"], "\(path).via"))
    }

    private mutating func roots(_ node: Node?) -> [NamedRoot] {
        guard let node else { return [] }
        var result: [NamedRoot] = []
        for (name, key, value) in reader.entries(node, of: "roots") {
            marks["roots.\(name)"] = key.mark
            guard let text = reader.text(value, "roots.\(name)") else { continue }
            switch RootText.read(text, file: certificateFile) {
            case .certificate(let der): result.append(NamedRoot(name: name, certificate: der))
            case .missing: reader.report(value, "roots.\(name): the file `\(text)` cannot be read")
            case .malformed: reader.report(value, "roots.\(name): not one certificate in PEM or DER")
            }
        }
        return result
    }

    private mutating func expectations(_ node: Node?) -> [Expectation] {
        var result: [Expectation] = []
        for (index, (text, item)) in (reader.texts(node, "expect") ?? []).enumerated() {
            marks["expect.\(index)"] = item.mark
            if let expectation = Expectation(text) {
                result.append(expectation)
            } else {
                reader.report(item, "expect: `\(text)` is neither `NAME reaches NAME` nor `NAME is refused`")
            }
        }
        return result
    }

    // MARK: Values

    private mutating func host(_ node: Node?, _ what: String) -> String? {
        guard let node, let text = reader.text(node, what) else { return nil }
        let folded = text.lowercased()
        guard DomainName.isFQDN(folded) else {
            reader.report(node, "\(what): `\(text)` is not a full host name")
            return nil
        }
        return folded
    }

    private mutating func hosts(_ node: Node?, _ what: String) -> [String]? {
        guard let items = reader.texts(node, what) else { return nil }
        var result: [String] = []
        for (index, (_, item)) in items.enumerated() {
            marks["\(what).\(index)"] = item.mark
            if let name = host(item, what) { result.append(name) }
        }
        return result
    }

    private mutating func address(_ node: Node?, _ what: String) -> NetworkAddress? {
        guard let node, let text = reader.text(node, what) else { return nil }
        guard let address = NetworkAddress(text) else {
            reader.report(node, "\(what): `\(text)` is not an IP address with a port, like 192.0.2.1:5061")
            return nil
        }
        return address
    }

    private mutating func pins(_ node: Node?, _ what: String) -> [KeyPin] {
        var result: [KeyPin] = []
        for (text, item) in reader.texts(node, what) ?? [] {
            if let pin = KeyPin(text) {
                result.append(pin)
            } else {
                reader.report(item, "\(what): `\(text)` is not `sha256:` with 64 hexadecimal digits")
            }
        }
        return result
    }
}
