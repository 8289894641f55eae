import Foundation
import Node
import Scenarios
import Transport
import UserAgent

/// Real servers as a stage: two organisations with a front end and an edge each, TLS on loopback addresses, folders on the
/// disk, and `SoftPhone`s. Time is real: whoever plays a story sets the limit that ends one that hangs.
///
/// A server crashes by ending at once, without a drain; what a SIGKILL leaves is `Interop/durability`'s to show.
struct LoopbackStage: ScenarioStage {
    private let folder: String
    private let organisations: [LoopbackOrganisation]
    private let devices: [LoopbackDevice]
    private let memory: LoopbackMemory
    private var changes: AsyncStream<Void>.Iterator
    private let connector = ClientConnector()
    private var lastTag: UInt32 = 0

    private static let accountLines = 50

    /// Founds and federates the organisations, and starts every server.
    init() async throws {
        folder = NSTemporaryDirectory() + "entente-stage-" + UUID().uuidString.prefix(8)
        let contoso = try await LoopbackOrganisation("contoso", network: "127.0.1", folder: folder)
        let fabrikam = try await LoopbackOrganisation("fabrikam", network: "127.0.2", folder: folder)
        organisations = [contoso, fabrikam]
        let memory = LoopbackMemory()
        self.memory = memory
        changes = memory.changes.makeAsyncIterator()
        devices = [
            ("alice", contoso, false), ("alice-abroad", contoso, true), ("anna", contoso, true),
            ("bob", fabrikam, false), ("ben", fabrikam, true),
        ].map { LoopbackDevice($0.0, of: $0.1, isOutside: $0.2, memory: memory) }
        do {
            try await open()
        } catch {
            await strike()
            throw error
        }
    }

    private func open() async throws {
        for organisation in organisations { try await organisation.start() }
        for device in devices where device.user == device.name {
            try await device.organisation.change("add", user: device.user, password: device.password)
        }
        for organisation in organisations {
            for partner in organisations where partner !== organisation { try await organisation.add(partner: partner) }
        }
        for organisation in organisations { try await organisation.settle() }
    }

    var witnesses: [String: Witness] { memory.witnesses }
    var account: String { memory.lines.suffix(Self.accountLines).joined(separator: "\n") }

    mutating func perform(_ step: ScenarioStep) async throws {
        switch step {
        case .registers(let name): try await device(name).perform(.register, through: connector)
        case .unregisters(let name): try await device(name).perform(.unregister, through: connector)
        case .losesConnection(let name):
            try await device(name).close()
            while memory.isConnected(name) { try await hear() }
        case .sends(let name, let text, let to):
            lastTag += 1
            try await device(name).send(text, tag: lastTag, to: device(to), through: connector)
        case .calls(let name, let to): try await device(name).call(device(to), through: connector)
        case .answers(let name): try await device(name).forLastCall { .answer($0) }
        case .refuses(let name): try await device(name).forLastCall { .reject($0, status: 486) }
        case .hangsUp(let name): try await device(name).forLastCall { .hangUp($0) }
        case .disables(let user): try await device(user).organisation.change("disable", user: user)
        case .enables(let user): try await device(user).organisation.change("enable", user: user)
        case .changesPassword(let user, let password):
            for device in devices where device.user == user { device.password = password }
            try await device(user).organisation.change("password", user: user, password: password)
        case .crashes(let place): await (try server(place)).stop()
        case .restarts(let place): try await server(place).start()
        case .revokes(let place): try await organisation(place.organisation).revoke(server(place))
        case .rekeys(let place): try await organisation(place.organisation).rejoin(server(place))
        case .removesEdge(let name): try await organisation(name).removeEdge()
        case .addsEdge(let name):
            let organisation = try organisation(name)
            try await organisation.rejoin(organisation.edge)
        case .removesPartner(let partner, let name): try await organisation(name).remove(partner: partner)
        case .addsPartner(let partner, let name): try await organisation(name).add(partner: organisation(partner))
        case .settles(let name): try await organisation(name).settle()
        case .waits, .reaches, .expects: throw ScenarioFailure("this stage is in real time, and does not wait")
        }
    }

    mutating func wait(until condition: ([String: Witness]) throws -> Bool) async throws {
        while try !condition(witnesses) { try await hear() }
    }

    /// The calls of everybody end. Transactions that only time ends are left to `strike`.
    mutating func finish() async throws {
        for device in devices { await device.endCalls() }
        try await wait { $0.values.allSatisfy { $0.calls.isEmpty } }
    }

    mutating func strike() async {
        for device in devices { await device.close() }
        for organisation in organisations { await organisation.stop() }
        try? await connector.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Waits for the next event of a device.
    private mutating func hear() async throws {
        guard await changes.next(isolation: #isolation) != nil else {
            throw ScenarioFailure("not within the time limit of the test")
        }
    }

    private func device(_ name: String) throws(ScenarioFailure) -> LoopbackDevice {
        guard let device = devices.first(where: { $0.name == name }) else {
            throw ScenarioFailure("nobody is called \(name)")
        }
        return device
    }

    private func organisation(_ name: String) throws(ScenarioFailure) -> LoopbackOrganisation {
        guard let organisation = organisations.first(where: { $0.name == name }) else {
            throw ScenarioFailure("no organisation is called \(name)")
        }
        return organisation
    }

    private func server(_ place: ScenarioStep.Place) throws -> LoopbackServer {
        try organisation(place.organisation).server(role: place.role)
    }
}
