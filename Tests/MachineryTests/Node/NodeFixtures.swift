import Basis
import Foundation
import Storage
import Testing
import Transport
import Trust
import UserAgent
import Web

@testable import Node

/// contoso.example as the demo has it: a front end that is the authority, and an edge before it.
struct NodeOrganisation {
    static let domain = "contoso.example"
    static let frontName = "fe1.contoso.example"
    static let edgeName = "edge1.contoso.example"

    let folder = TemporaryFolder()
    let front: DataFolder
    let edge: DataFolder
    var offline: String { folder.path + "/offline" }

    /// Founds the organisation at `now`, with `users` whose password is `secret`.
    init(users: [String] = [], at now: WallTime = OperatingSystem.wallTime) async throws {
        front = DataFolder(path: folder.path + "/" + Self.frontName)
        edge = DataFolder(path: folder.path + "/" + Self.edgeName)
        let frontAddresses = try ServerAddresses()
        let edgeAddresses = try ServerAddresses()
        let outside = try ServerAddresses()
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
                    name: Self.frontName, address: frontAddresses.sip,
                    trust: frontAddresses.trust),
                ServerRecord(
                    name: Self.edgeName, address: edgeAddresses.sip,
                    external: outside.sip, trust: edgeAddresses.trust),
            ])
        let members = try [(Self.frontName, front), (Self.edgeName, edge)].map { name, folder in
            let text = try #require(
                ConfigurationText(
                    of: name, in: topology, authority: Self.frontName,
                    metrics: name == Self.frontName ? frontAddresses.metrics : edgeAddresses.metrics))
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
        _ user: String, password: String = "secret", at listener: String = "internal", called name: String? = nil,
        through connector: ClientConnector
    ) async throws -> SoftPhone {
        try await SoftPhone.connect(
            "\(user)@\(NodeOrganisation.domain)", password: password,
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

    /// The samples of `/metrics` by name and label.
    func metrics() async throws -> [String: Double] {
        let (status, text) = try await health("/metrics")
        #expect(status == 200)
        var samples: [String: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ")
            samples[String(try #require(parts.first))] = Double(try #require(parts.last))
        }
        return samples
    }
}
