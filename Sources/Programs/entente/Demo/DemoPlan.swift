import Foundation
import Node
import Trust

/// What the demo consists of: two organisations, each with a front end that is also its authority, and an edge.
struct DemoPlan {
    let organisations: [DemoOrganisation]

    init(path: String) {
        organisations = [
            DemoOrganisation(domain: "contoso.example", network: "127.0.1", users: ["alice", "carol"], path: path),
            DemoOrganisation(domain: "fabrikam.example", network: "127.0.2", users: ["bob", "dave"], path: path),
        ]
    }

    var servers: [DemoServer] { organisations.flatMap(\.servers) }

    /// The organisation that federates with this one.
    func partner(of organisation: DemoOrganisation) -> DemoOrganisation {
        organisations.first { $0.domain != organisation.domain } ?? organisation
    }
}

/// One organisation of the demo.
struct DemoOrganisation {
    let domain: String
    let users: [String]
    let folder: String
    let frontEnd: DemoServer
    let edge: DemoServer
    /// The folder of its root and publisher keys.
    let offline: String

    init(domain: String, network: String, users: [String], path: String) {
        self.domain = domain
        self.users = users
        folder = "\(path)/\(domain)"
        frontEnd = DemoServer(
            name: "fe1.\(domain)", host: "\(network).1", roles: [.authority, .frontEnd], folder: folder)
        edge = DemoServer(name: "edge1.\(domain)", host: "\(network).2", roles: [.edge], folder: folder)
        offline = "\(folder)/offline"
    }

    var servers: [DemoServer] { [frontEnd, edge] }
    /// The name under which outsiders know the edge.
    var externalName: String { "sip.\(domain)" }
    /// The file that clients trust.
    var rootFile: String { frontEnd.folder.path + "/root.pem" }

    /// The document of this organisation. `keys` are the pins of each server; without a partner's root there is no partner.
    func topology(ports: DemoPorts, keys: [String: [KeyPin]], partner: DemoOrganisation, root: [UInt8]?) throws
        -> Topology
    {
        let rootName = "\(partner.domain)-root"
        let record = PartnerRecord(
            name: partner.domain, edge: partner.externalName, address: try ports.address(.external, of: partner.edge),
            roots: [rootName])
        return Topology(
            network: domain, sipDomains: [domain],
            pools: [
                PoolRecord(name: "fe.\(domain)", roles: frontEnd.roles, members: [frontEnd.name]),
                PoolRecord(
                    name: "edge.\(domain)", roles: edge.roles, members: [edge.name], nextHop: "fe.\(domain)",
                    external: ExternalFace(name: externalName)),
            ],
            servers: try servers.map { server in
                ServerRecord(
                    name: server.name, address: try ports.address(.internal, of: server),
                    external: server.isEdge ? try ports.address(.external, of: server) : nil,
                    trust: try ports.address(.trust, of: server), keys: keys[server.name] ?? [])
            },
            partners: root == nil ? [] : [record],
            roots: root.map { [NamedRoot(name: rootName, certificate: $0)] } ?? [],
            expect: root == nil
                ? [] : [.reaches(from: edge.name, to: partner.domain), .refused(name: "rogue.\(domain)")])
    }
}

/// One server of the demo: a process of its own with a data folder of its own.
struct DemoServer {
    let name: String
    /// Its loopback address.
    let host: String
    let roles: [ServerRole]
    let folder: DataFolder

    init(name: String, host: String, roles: [ServerRole], folder: String) {
        self.name = name
        self.host = host
        self.roles = roles
        self.folder = DataFolder(path: "\(folder)/\(name)")
    }

    var isEdge: Bool { roles.contains(.edge) }
    /// Where its log goes.
    var logFile: String { folder.path + "/serve.log" }
    /// What it listens for.
    var uses: [DemoPorts.Use] { isEdge ? [.internal, .external, .trust, .metrics] : [.internal, .trust, .metrics] }

    /// Its `config.yaml`.
    func configuration(ports: DemoPorts, authority: String) throws -> String {
        var listeners: [(kind: ListenerKind, address: NetworkAddress)] = [
            (.internal, try ports.address(.internal, of: self))
        ]
        if isEdge { listeners.append((.external, try ports.address(.external, of: self))) }
        return ConfigurationText(
            server: name, roles: roles, listeners: listeners, trust: try ports.address(.trust, of: self),
            metrics: try ports.address(.metrics, of: self), authority: authority, logLevel: .debug
        ).text
    }
}
