import Basis
import Foundation
import Storage
import Testing
import Transport
import Trust
import UserAgent
import Web

@testable import Node

/// Free ports of the loopback address.
struct NodePorts {
    var sip: UInt16
    var trust: UInt16
    var metrics: UInt16

    init(sip: UInt16, trust: UInt16, metrics: UInt16) {
        self.sip = sip
        self.trust = trust
        self.metrics = metrics
    }

    /// Ports that nobody has at this moment.
    init() async throws {
        var held: [HeldPort] = []
        for _ in 0..<3 { held.append(try await HeldPort(try Self.address(0))) }
        let ports = held.map(\.address.port)
        for port in held { try await port.release() }
        self.init(sip: ports[0], trust: ports[1], metrics: ports[2])
    }

    static func address(_ port: UInt16) throws -> NetworkAddress {
        try #require(NetworkAddress("127.0.0.1:\(port)"))
    }
}

/// A folder that is gone when the test drops it.
final class NodeTestFolder: Sendable {
    let path = NSTemporaryDirectory() + "entente-node-" + UUID().uuidString

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// contoso.example as the demo has it: a front end that is the authority, and an edge before it.
struct NodeOrganisation {
    static let domain = "contoso.example"
    static let frontName = "fe1.contoso.example"
    static let edgeName = "edge1.contoso.example"

    let folder = NodeTestFolder()
    let front: DataFolder
    let edge: DataFolder
    var offline: String { folder.path + "/offline" }

    /// Founds the organisation at `now`, with `users` whose password is `secret`.
    init(users: [String] = [], at now: WallTime = OperatingSystem.wallTime) async throws {
        front = DataFolder(path: folder.path + "/" + Self.frontName)
        edge = DataFolder(path: folder.path + "/" + Self.edgeName)
        let frontPorts = try await NodePorts()
        let edgePorts = try await NodePorts()
        let outside = try await NodePorts()
        let topology = Topology(
            network: Self.domain, sipDomains: [Self.domain],
            pools: [
                PoolRecord(name: "fe.contoso.example", roles: [.authority, .frontEnd], members: [Self.frontName]),
                PoolRecord(
                    name: "edge.contoso.example", roles: [.edge], members: [Self.edgeName],
                    nextHop: "fe.contoso.example", external: ExternalFace(name: "sip.contoso.example")),
            ],
            servers: [
                ServerRecord(
                    name: Self.frontName, address: try NodePorts.address(frontPorts.sip),
                    trust: try NodePorts.address(frontPorts.trust)),
                ServerRecord(
                    name: Self.edgeName, address: try NodePorts.address(edgePorts.sip),
                    external: try NodePorts.address(outside.sip), trust: try NodePorts.address(edgePorts.trust)),
            ])
        let members = try [(Self.frontName, front), (Self.edgeName, edge)].map { name, folder in
            let text = try #require(
                ConfigurationText(
                    of: name, in: topology, authority: Self.frontName, metrics: try NodePorts.address(0)))
            return OrganisationFounding.Member(name: name, folder: folder, configuration: text.text)
        }
        _ = try OrganisationFounding.found(topology: topology, members: members, offline: offline, now: now)
        guard !users.isEmpty else { return }
        let database = try Database(path: front.database, whenMissing: .create)
        for user in users {
            let verifiers = UserVerifiers(user: user, realm: Self.domain, password: "secret", algorithms: [.sha256])
            _ = try database.users.add(
                UserRecord(aor: "\(user)@\(Self.domain)", homePool: "fe.contoso.example", verifiers: verifiers))
        }
        try database.close()
    }
}

extension NodeRuntime {
    /// A phone of `user` at one of this server's listeners, not signed in yet.
    func phone(
        _ user: String, at listener: String = "internal", called name: String? = nil, through connector: ClientConnector
    ) async throws -> SoftPhone {
        try await SoftPhone.connect(
            "\(user)@\(NodeOrganisation.domain)", password: "secret",
            to: try #require(addresses.listeners[listener]), server: name ?? configuration.server,
            roots: await replica.state.root.rootCertificates, through: connector)
    }

    /// Status and body of a GET to the listener of metrics and health.
    func health(_ path: String) async throws -> (status: Int, text: String) {
        let response = try await WebClient.send(
            WebRequest(method: "GET", path: path), to: .network(try #require(addresses.metrics)), security: .none,
            seconds: 10)
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }
}
