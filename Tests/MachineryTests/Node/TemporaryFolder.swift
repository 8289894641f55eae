import Authority
import Foundation
import Node
import Synchronization
import Testing
import Transport
import Trust

/// The addresses of one server on a loopback address that nobody else in this test run has: a port cannot be taken by a
/// connection that goes out meanwhile.
struct ServerAddresses {
    private static let count = Atomic<Int>(0)

    let sip: NetworkAddress
    let trust: NetworkAddress
    let metrics: NetworkAddress

    init() throws {
        let number = Self.count.add(1, ordering: .relaxed).newValue
        let process = Int(ProcessInfo.processInfo.processIdentifier)
        let host = "127.\(16 + process % 200).\(number / 250).\(1 + number % 250)"
        sip = try #require(NetworkAddress("\(host):5061"))
        trust = try #require(NetworkAddress("\(host):5443"))
        metrics = try #require(NetworkAddress("\(host):9464"))
    }
}

/// A folder that is gone when the test drops it.
final class TemporaryFolder: Sendable {
    let path = NSTemporaryDirectory() + "entente-node-" + UUID().uuidString

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Founds contoso.example with all roles on one server.
    func found(at addresses: ServerAddresses) throws -> DataFolder {
        let plan = OrganisationPlan(
            domain: "contoso.example", server: "sip.contoso.example", roles: [.frontEnd, .edge],
            address: addresses.sip, external: nil, trust: addresses.trust)
        let folder = DataFolder(path: path + "/org")
        let text = try #require(
            ConfigurationText(
                of: plan.server, in: plan.topology, authority: plan.server, metrics: addresses.metrics))
        _ = try OrganisationFounding.found(
            topology: plan.topology,
            members: [OrganisationFounding.Member(name: plan.server, folder: folder, configuration: text.text)],
            offline: folder.offline, now: OperatingSystem.wallTime)
        return folder
    }

    @discardableResult
    func request(in folder: DataFolder, at addresses: ServerAddresses) throws -> NodeRequest {
        try NodeEnrolment.request(
            name: "fe2.contoso.example", roles: [.frontEnd], address: addresses.sip, external: nil,
            trust: addresses.trust, folder: folder)
    }
}
