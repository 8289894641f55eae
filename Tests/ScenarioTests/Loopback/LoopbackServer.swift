import Basis
import Foundation
import Node
import Scenarios
import Transport
import Trust
import Web

/// One server on loopback addresses: its folder, which stays, and the process's part of it, which comes and goes.
final class LoopbackServer {
    /// Its FQDN.
    let name: String
    let roles: [ServerRole]
    let folder: DataFolder
    /// Where its own network reaches it.
    let address: NetworkAddress
    /// Where outsiders reach it, if it is an edge.
    let external: NetworkAddress?
    let trust: NetworkAddress
    private var runtime: NodeRuntime?
    /// Its ports, until it has them itself.
    private var held: [HeldPort]

    /// A server without a folder yet, on ports that the system chooses.
    init(_ name: String, roles: [ServerRole], host: String, folder: DataFolder) async throws {
        self.name = name
        self.roles = roles
        self.folder = folder
        let any = try Self.address(host, port: 0)
        let inside = try await HeldPort(any)
        let channel = try await HeldPort(any)
        let outside = roles.contains(.edge) ? try await HeldPort(any) : nil
        address = inside.address
        trust = channel.address
        external = outside?.address
        held = [inside, channel] + (outside.map { [$0] } ?? [])
    }

    /// Its line in the topology, without keys.
    var record: ServerRecord { ServerRecord(name: name, address: address, external: external, trust: trust) }

    /// Founds its folder with what it listens on.
    func member(of topology: Topology, authority: String) throws -> OrganisationFounding.Member {
        let metrics = try Self.address("127.0.0.1", port: 0)
        guard var text = ConfigurationText(of: name, in: topology, authority: authority, metrics: metrics) else {
            throw ScenarioFailure("the topology has no \(name)")
        }
        // What a story does on purpose, the log would warn of.
        text.logLevel = .error
        return OrganisationFounding.Member(name: name, folder: folder, configuration: text.text)
    }

    /// Starts from the folder; nothing happens when it runs.
    func start() async throws {
        guard runtime == nil else { return }
        for port in held { try await port.release() }
        held = []
        runtime = try await NodeRuntime.start(folder: folder, loops: 2)
    }

    /// Ends at once: connections break, and nothing that runs may finish.
    func stop() async {
        await runtime?.stop(drainSeconds: 0)
        runtime = nil
    }

    /// Asks it over its administration socket; the body makes it a POST.
    func ask(_ path: String, _ query: [String: String] = [:], body: JSONValue? = nil) async throws -> JSONValue {
        let request = WebRequest(
            method: body == nil ? "GET" : "POST", path: path, query: query, body: body?.canonicalBytes ?? [])
        let response = try await WebClient.send(
            request, to: .socket(path: folder.adminSocket), security: .none, seconds: 10)
        guard response.status == 200 else {
            throw ScenarioFailure(
                "\(name) answers \(response.status): \(String(decoding: response.body, as: UTF8.self))")
        }
        return try JSONValue(parsing: response.body)
    }

    private static func address(_ host: String, port: UInt16) throws -> NetworkAddress {
        guard let address = NetworkAddress("\(host):\(port)") else { throw ScenarioFailure("\(host) is no address") }
        return address
    }
}
