import Authority
import Foundation
import Node
import Testing
import Transport
import Trust

/// Free ports of the loopback address.
struct Ports {
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
final class TemporaryFolder: Sendable {
    let path = NSTemporaryDirectory() + "entente-node-" + UUID().uuidString

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Founds contoso.example with all roles on one server.
    func found(ports: Ports) throws -> DataFolder {
        let plan = OrganisationPlan(
            domain: "contoso.example", server: "sip.contoso.example", roles: [.frontEnd, .edge],
            address: try Ports.address(ports.sip), external: nil, trust: try Ports.address(ports.trust))
        let folder = DataFolder(path: path + "/org")
        let text = try #require(
            ConfigurationText(
                of: plan.server, in: plan.topology, authority: plan.server, metrics: try Ports.address(ports.metrics)))
        _ = try OrganisationFounding.found(
            topology: plan.topology,
            members: [OrganisationFounding.Member(name: plan.server, folder: folder, configuration: text.text)],
            offline: folder.offline, now: OperatingSystem.wallTime)
        return folder
    }

    @discardableResult
    func request(in folder: DataFolder, ports: Ports) throws -> NodeRequest {
        try NodeEnrolment.request(
            name: "fe2.contoso.example", roles: [.frontEnd], address: try Ports.address(ports.sip), external: nil,
            trust: try Ports.address(ports.trust), folder: folder)
    }
}
