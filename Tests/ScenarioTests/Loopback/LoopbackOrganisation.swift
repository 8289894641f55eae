import Authority
import Basis
import Foundation
import Node
import Scenarios
import Transport
import Trust

/// One organisation on loopback addresses, founded as `entente init` does it. What its operators do goes over the
/// administration socket of its authority, as the commands do it.
final class LoopbackOrganisation {
    /// `contoso`.
    let name: String
    /// The authority too.
    let frontEnd: LoopbackServer
    let edge: LoopbackServer
    private let founding: OrganisationFounding

    var domain: String { "\(name).example" }
    /// The name under which outsiders know the edge.
    var externalName: String { "sip.\(domain)" }
    var rootCertificate: [UInt8] { founding.rootCertificate }
    private var poolOfEdge: PoolRecord { Self.poolOfEdge(domain) }

    /// Founds it in a folder; nothing runs yet. `network` are the first three numbers of its addresses.
    init(_ name: String, network: String, folder: String) async throws {
        self.name = name
        let domain = "\(name).example"
        frontEnd = try await LoopbackServer(
            "fe1.\(domain)", roles: [.authority, .frontEnd], host: "\(network).1",
            folder: DataFolder(path: "\(folder)/\(name)/fe1"))
        edge = try await LoopbackServer(
            "edge1.\(domain)", roles: [.edge], host: "\(network).2",
            folder: DataFolder(path: "\(folder)/\(name)/edge1"))
        let topology = Topology(
            network: domain, sipDomains: [domain],
            pools: [
                PoolRecord(name: "fe.\(domain)", roles: frontEnd.roles, members: [frontEnd.name]),
                Self.poolOfEdge(domain),
            ], servers: [frontEnd.record, edge.record])
        let members = try [frontEnd, edge].map { try $0.member(of: topology, authority: "fe1.\(domain)") }
        founding = try OrganisationFounding.found(
            topology: topology, members: members, offline: "\(folder)/\(name)/offline", now: OperatingSystem.wallTime)
    }

    private static func poolOfEdge(_ domain: String) -> PoolRecord {
        PoolRecord(
            name: "edge.\(domain)", roles: [.edge], members: ["edge1.\(domain)"], nextHop: "fe.\(domain)",
            external: ExternalFace(name: "sip.\(domain)"))
    }

    /// Starts the edge first: the authority brings it what it published as soon as it runs itself.
    func start() async throws {
        try await edge.start()
        try await frontEnd.start()
    }

    func stop() async {
        await frontEnd.stop()
        await edge.stop()
    }

    /// The server of this role, as scenarios name it.
    func server(role: String) throws -> LoopbackServer {
        switch role {
        case "frontEnd": return frontEnd
        case "edge": return edge
        case _: throw ScenarioFailure("\(name) has no \(role)")
        }
    }

    // MARK: Accounts

    /// Does `add`, `password`, `enable` or `disable` to a user; the first two need the password.
    func change(_ action: String, user: String, password: String? = nil) async throws {
        var record: [String: JSONValue] = ["aor": .string("\(user)@\(domain)")]
        if let password {
            let verifiers = UserVerifiers(user: user, realm: domain, password: password, algorithms: [.sha256])
            record["sha256"] = .string(Hex.encode(verifiers.sha256 ?? []))
        }
        _ = try await frontEnd.ask(
            "/users", body: .object(["action": .string(action), "users": .array([.object(record)])]))
    }

    // MARK: Topology

    /// Takes the partner in by its card.
    func add(partner: LoopbackOrganisation) async throws {
        let card = try PartnerCard(of: try await partner.published().topology, root: partner.rootCertificate)
        try await publish { card.add(to: $0) }
    }

    func remove(partner: String) async throws {
        try await publish { topology in
            var result = topology
            result.partners.removeAll { $0.name == partner + ".example" }
            result.roots.removeAll { $0.name == partner + ".example-root" }
            return result
        }
    }

    /// Takes the edge out of the network; its process is not asked.
    func removeEdge() async throws {
        let (pool, server) = (poolOfEdge.name, edge.name)
        try await publish { topology in
            var result = topology
            result.pools.removeAll { $0.name == pool }
            result.servers.removeAll { $0.name == server }
            return result
        }
    }

    /// Revokes every certificate of a server.
    func revoke(_ server: LoopbackServer) async throws {
        _ = try await frontEnd.ask(
            "/certificates/revoke", body: .object(["what": .string(server.name), "reason": .string("keyCompromise")]))
    }

    /// Ends a server, makes other keys in its folder, lets it join by file as `entente node request`, `admit` and `accept`
    /// do it, and starts it again.
    func rejoin(_ server: LoopbackServer) async throws {
        await server.stop()
        for key in ["server.pem", "server-next.pem"] {
            try FileManager.default.removeItem(atPath: server.folder.keys + "/" + key)
        }
        let request = try NodeEnrolment.request(
            name: server.name, roles: server.roles, address: server.address, external: server.external,
            trust: server.trust, folder: server.folder)
        try await publish(enrolling: [request.name: request.subjectPublicKeyInfo]) { try request.admit(into: $0) }
        let answer = try await frontEnd.ask("/admission", ["server": server.name])
        try NodeEnrolment.accept(
            try NodeAdmission(parsing: (answer["admission"] ?? .null).canonicalBytes), folder: server.folder,
            name: server.name, confirmedRootHash: founding.rootHash, now: OperatingSystem.wallTime)
        try await server.start()
    }

    /// Returns when each server of the topology has acknowledged that it swept what is published.
    func settle() async throws {
        while try await !isSettled() { try Task.checkCancellation() }
    }

    private func isSettled() async throws -> Bool {
        let answer = try await frontEnd.ask("/servers")
        return (answer["servers"]?.arrayValue ?? []).allSatisfy { server in
            server["swept"]?.boolValue == true && server["epoch"] == answer["epoch"]
        }
    }

    private func published() async throws -> PublishedTopology {
        try PublishedTopology(json: try await frontEnd.ask("/topology"))
    }

    /// Edits what is published, signs it with the key that lies offline, and publishes it.
    private func publish(enrolling: [String: [UInt8]] = [:], _ edit: (Topology) throws -> Topology) async throws {
        let current = try await published()
        let signer = try NodeKeys.load(founding.offline + "/publisher.pem").signer()
        let body = try current.successor(
            try edit(current.topology), enrolling: enrolling, signedBy: [signer], at: OperatingSystem.wallTime)
        _ = try await frontEnd.ask("/topology", body: body)
    }
}
