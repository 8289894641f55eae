import Authority
import Basis
import Foundation
import Node
import Transport
import Trust

/// The demo's servers, up and running: founded when their folder is new, federated, with accounts.
///
/// Everything goes the way that an operator goes: folders as `entente init` makes them, `entente serve` in processes of
/// their own, changes over the administration socket, signed by the publisher key of each organisation.
struct DemoNetwork {
    let plan: DemoPlan
    let state: DemoState
    let ports: DemoPorts
    let processes: [DemoProcess]
    /// Ports that somebody else had taken since the last run.
    let moves: [DemoPorts.Move]

    /// Starts the network in `path`. `say` is told what is being done.
    static func start(in path: String, say: (String) -> Void) async throws -> DemoNetwork {
        let plan = DemoPlan(path: path)
        let known = try DemoState.load(from: path)
        try await stopLeftovers(of: plan)
        var state = known ?? DemoState()
        var ports = DemoPorts(byPlace: state.ports)
        let moves = try await ports.settle(plan.servers)
        state.ports = ports.byPlace
        for organisation in plan.organisations {
            for user in organisation.users { _ = state.password(of: "\(user)@\(organisation.domain)") }
        }
        for move in moves {
            say("port \(move.from) of \(move.server) (\(move.use.rawValue)) is taken; it is \(move.to) now")
        }
        for organisation in plan.organisations {
            if FileManager.default.fileExists(atPath: organisation.frontEnd.folder.configuration) {
                for server in organisation.servers { try writeConfiguration(of: server, organisation, ports) }
            } else {
                say("founding \(organisation.domain): root, issuing CA, publisher key, two servers")
                try found(organisation, plan.partner(of: organisation), ports)
            }
        }
        // Written when everything that it speaks of is there.
        try state.store(in: path)
        say("starting \(plan.servers.count) servers, each a process of its own")
        // Edges first: the authorities push the trust state to them as soon as they are up.
        let order = plan.organisations.map(\.edge) + plan.organisations.map(\.frontEnd)
        var processes: [DemoProcess] = []
        do {
            for server in order { processes.append(try DemoProcess(server)) }
            for process in processes { _ = try await process.waitUntilServing() }
            let network = DemoNetwork(plan: plan, state: state, ports: ports, processes: processes, moves: moves)
            for organisation in plan.organisations { try await network.federate(organisation, say: say) }
            for organisation in plan.organisations { try await network.addAccounts(to: organisation, say: say) }
            return network
        } catch {
            await end(processes)
            throw error
        }
    }

    /// Ends every server in order.
    func stop() async { await Self.end(processes) }

    func process(of server: DemoServer) throws -> DemoProcess {
        guard let process = processes.first(where: { $0.server.name == server.name }) else {
            throw CommandFailure(.internal, "\(server.name) was not started")
        }
        return process
    }

    private static func end(_ processes: [DemoProcess]) async {
        for process in processes { process.terminate() }
        for process in processes { await process.waitForEnd(seconds: 12) }
    }

    /// A demo that was killed leaves its servers behind: they are ended before their folders are used again.
    private static func stopLeftovers(of plan: DemoPlan) async throws {
        for server in plan.servers {
            guard FileManager.default.fileExists(atPath: server.folder.adminSocket),
                let pid = try? await AdminClient(folder: server.folder).get("/status")["pid"]?.integerValue,
                let parent = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
                    .split(separator: " ").dropFirst(3).first
            else { continue }
            guard parent == "1" else {
                throw CommandFailure(
                    .usage, "\(server.name) is running already (process \(pid))",
                    next: "end the other demo, or choose another folder with --dir")
            }
            kill(pid_t(pid), SIGTERM)
            let end = ContinuousClock.now + .seconds(12)
            while kill(pid_t(pid), 0) == 0, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(20)) }
        }
    }

    private static func found(_ organisation: DemoOrganisation, _ partner: DemoOrganisation, _ ports: DemoPorts) throws
    {
        let members = try organisation.servers.map { server in
            OrganisationFounding.Member(
                name: server.name, folder: server.folder,
                configuration: try server.configuration(ports: ports, authority: organisation.frontEnd.name))
        }
        _ = try OrganisationFounding.found(
            topology: try organisation.topology(ports: ports, keys: [:], partner: partner, root: nil),
            members: members, offline: organisation.offline, now: OperatingSystem.wallTime)
    }

    private static func writeConfiguration(
        of server: DemoServer, _ organisation: DemoOrganisation, _ ports: DemoPorts
    ) throws {
        let text = try server.configuration(ports: ports, authority: organisation.frontEnd.name)
        try DataFolder.write(Array(text.utf8), to: server.folder.configuration)
    }

    // MARK: Federation and accounts

    /// Publishes the topology with the partner in it, and with the addresses of today. Nothing happens when it is published.
    private func federate(_ organisation: DemoOrganisation, say: (String) -> Void) async throws {
        let partner = plan.partner(of: organisation)
        guard let pem = try DataFolder.read(partner.rootFile),
            let root = PEMText.certificates(in: String(decoding: pem, as: UTF8.self)).first
        else { throw CommandFailure(.internal, "\(partner.rootFile) is missing") }
        var keys: [String: [KeyPin]] = [:]
        for server in organisation.servers {
            let own = try NodeKeys.loadOrMake(in: server.folder)
            keys[server.name] = [own.current.pin, own.next.pin]
        }
        let wanted = try organisation.topology(ports: ports, keys: keys, partner: partner, root: root)
        let admin = try process(of: organisation.frontEnd).admin
        let editor = try await TopologyEditor(admin)
        if editor.topology != wanted {
            say("publishing the topology of \(organisation.domain): \(partner.domain) is its partner")
            let signer = try NodeKeys.load(organisation.offline + "/publisher.pem").signer()
            _ = try await editor.publish(wanted, signedBy: [signer])
        }
        try await waitForEpoch(of: organisation)
    }

    /// Waits until the edge has swept what its authority has published.
    private func waitForEpoch(of organisation: DemoOrganisation) async throws {
        let front = try process(of: organisation.frontEnd).admin
        let edge = try process(of: organisation.edge).admin
        let published = try await front.get("/status")["epoch"]?.integerValue ?? 0
        let end = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < end {
            if let swept = try await edge.get("/status")["swept"]?.integerValue, swept >= published { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw CommandFailure(
            .internal, "\(organisation.edge.name) did not take over epoch \(published)",
            next: "read \(organisation.edge.logFile)")
    }

    private func addAccounts(to organisation: DemoOrganisation, say: (String) -> Void) async throws {
        let admin = try process(of: organisation.frontEnd).admin
        let known = try await admin.get("/users")["users"]?.arrayValue?.compactMap { $0["aor"]?.stringValue } ?? []
        let missing = try accounts(of: organisation).filter { !known.contains($0.aor) }
        guard !missing.isEmpty else { return }
        say("accounts of \(organisation.domain): \(missing.map(\.aor).joined(separator: ", "))")
        let users = missing.map { account in
            // MD5: baresip knows nothing else, and both softphones shall be able to sign in.
            UserVerifiers(
                user: account.user, realm: organisation.domain, password: account.password, algorithms: [.sha256, .md5]
            ).json(aor: account.aor, challengedWith: .md5)
        }
        _ = try await admin.post("/users", .object(["action": .string("add"), "users": .array(users)]))
    }

    /// The accounts of an organisation, the first one first.
    func accounts(of organisation: DemoOrganisation) throws -> [DemoAccount] {
        try organisation.users.map { user in
            let aor = "\(user)@\(organisation.domain)"
            return DemoAccount(
                user: user, aor: aor, password: state.passwords[aor] ?? "", organisation: organisation,
                serverAddress: try ports.address(.internal, of: organisation.frontEnd))
        }
    }
}
