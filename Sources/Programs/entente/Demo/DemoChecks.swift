import Authority
import Basis
import Foundation
import Node
import Transport
import Trust
import UserAgent

/// What the demo tries on its running network. Each check says what was observed; none knows its outcome beforehand.
struct DemoChecks {
    let network: DemoNetwork
    let connector = ClientConnector()
    private var checks: [DemoReport.Check] = []

    init(network: DemoNetwork) {
        self.network = network
    }

    /// Runs everything, in the order of the report.
    static func run(on network: DemoNetwork) async throws -> DemoReport {
        var run = DemoChecks(network: network)
        defer { run.stopLater() }
        return try await run.report()
    }

    private func stopLater() {
        let connector = connector
        Task { try? await connector.stop() }
    }

    private mutating func report() async throws -> DemoReport {
        let servers = try await self.servers()
        let organisations = network.plan.organisations
        guard let first = organisations.first, let second = organisations.last else {
            throw CommandFailure(.internal, "the demo has no organisations")
        }
        let message = try await exchange(from: first, to: second)
        let links = try await self.links()
        let rogue = try await rogue(of: first)
        try await epochs()
        return DemoReport(
            servers: servers, accounts: try organisations.flatMap(network.accounts), links: links, message: message,
            rogue: rogue, checks: checks)
    }

    mutating func add(_ name: String, _ ok: Bool, _ observed: String) {
        checks.append(DemoReport.Check(name: name, ok: ok, observed: observed))
    }

    // MARK: Servers and links

    private mutating func servers() async throws -> [DemoReport.Server] {
        var servers: [DemoReport.Server] = []
        for server in network.plan.servers {
            let process = try network.process(of: server)
            let status = try await process.admin.get("/status")
            var addresses = (status["addresses"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
            addresses["admin_socket"] = server.folder.adminSocket
            servers.append(DemoReport.Server(server: server, pid: process.pid, addresses: addresses))
        }
        let pids = Set(servers.map(\.pid))
        add(
            "four servers run", pids.count == 4,
            "\(pids.count) processes: \(pids.sorted().map(String.init).joined(separator: ", "))")
        return servers
    }

    /// The links that servers dialled to servers and partners, and the check that the way of both messages is among them.
    private mutating func links() async throws -> [DemoReport.Link] {
        var links: [DemoReport.Link] = []
        for server in network.plan.servers {
            for entry in try await network.process(of: server).admin.get("/connections")["connections"]?.arrayValue
                ?? []
            {
                func text(_ name: String) -> String { entry[name]?.stringValue ?? "" }
                guard text("direction") == "outbound" else { continue }
                // A partner is dialled by its domain; here it is known which server that is.
                let partner = network.plan.organisations.first { $0.domain == text("dialled") }
                links.append(
                    DemoReport.Link(
                        from: server.name, to: partner?.edge.name ?? text("dialled"),
                        fromIdentity: text("own_identity"),
                        toIdentity: text("identity"), peerClass: text("class"), tls: text("tls"), group: text("group"),
                        epoch: entry["epoch"]?.integerValue ?? 0))
            }
        }
        let wanted = network.plan.organisations.flatMap { organisation in
            let partner = network.plan.partner(of: organisation)
            return [
                (organisation.frontEnd.name, organisation.edge.name), (organisation.edge.name, partner.edge.name),
                (organisation.edge.name, organisation.frontEnd.name),
            ]
        }
        let missing = wanted.filter { pair in !links.contains { $0.from == pair.0 && $0.to == pair.1 } }
        add(
            "mutual TLS links are up", missing.isEmpty,
            missing.isEmpty
                ? "\(wanted.count) of \(wanted.count), all \(Set(links.map(\.tls)).sorted().joined(separator: ", "))"
                : "missing: " + missing.map { "\($0.0) to \($0.1)" }.joined(separator: ", "))
        return links
    }

    private mutating func epochs() async throws {
        for organisation in network.plan.organisations {
            var swept: [Int64] = []
            for server in organisation.servers {
                swept.append(try await network.process(of: server).admin.get("/status")["swept"]?.integerValue ?? 0)
            }
            // A new timestamp may be under way between the two questions.
            let isClose = (swept.max() ?? 0) - (swept.min() ?? 0) <= 1
            add(
                "\(organisation.domain) is of one mind", isClose,
                "swept epochs \(swept.map(String.init).joined(separator: ", "))")
        }
    }

    // MARK: Messages

    /// A message from the first account of `from` to that of `to`, and one back.
    private mutating func exchange(from: DemoOrganisation, to: DemoOrganisation) async throws -> DemoReport.Message {
        guard let alice = try network.accounts(of: from).first, let bob = try network.accounts(of: to).first else {
            throw CommandFailure(.internal, "the demo has no accounts")
        }
        let first = try await phone(of: alice)
        let second = try await phone(of: bob)
        let lifetimes = [try await first.register(), try await second.register()]
        add(
            "two users signed in", true,
            "\(alice.aor) and \(bob.aor) over TLS, for \(lifetimes.map(String.init).joined(separator: " and ")) s")
        let known = DemoHops.callIDs(in: try network.process(of: from.frontEnd))
        let there = try await send(from: alice, first, to: bob, second)
        let hops = try await DemoHops.of(network, sentFrom: alice, besides: known)
        let back = try await send(from: bob, second, to: alice, first)
        add(
            "every hop was admitted", hops.list.count == 4 && hops.list.allSatisfy { $0.code == "admitted" },
            hops.list.map { "\($0.server) from \($0.peer) (\($0.peerClass))" }.joined(separator: ", "))
        for phone in [first, second] { await phone.signOut() }
        return DemoReport.Message(
            id: hops.callID, from: alice.aor, to: bob.aor, delivered: there && back, hops: hops.list)
    }

    private func phone(of account: DemoAccount) async throws -> SoftPhone {
        let pem = try DataFolder.read(account.rootPath) ?? []
        return try await SoftPhone.connect(
            account.aor, password: account.password, to: account.serverAddress,
            server: account.organisation.frontEnd.name,
            roots: PEMText.certificates(in: String(decoding: pem, as: UTF8.self)), through: connector)
    }

    /// Sends a text that nobody else sends, and waits until the receiver shows it.
    private mutating func send(
        from sender: DemoAccount, _ phone: SoftPhone, to receiver: DemoAccount, _ other: SoftPhone
    ) async throws -> Bool {
        let text = "Hello from \(sender.user), \(OperatingSystem.wallTime)"
        let begin = ContinuousClock.now
        let delivery = try await phone.send(text, to: "sip:\(receiver.aor)")
        var seen: String?
        if delivery.isDelivered {
            seen = try? await other.wait(for: "message", seconds: 5) { event in
                guard case .messageReceived(let from, contentType: _, let body) = event, body.elementsEqual(text.utf8)
                else {
                    return nil
                }
                return from
            }
        }
        let milliseconds = (ContinuousClock.now - begin) / .milliseconds(1)
        let isDelivered = seen?.contains(sender.aor) == true
        add(
            "\(sender.aor) writes to \(receiver.aor)", isDelivered,
            isDelivered
                ? "\(receiver.aor) shows it, from \(seen ?? ""), after \(Int(milliseconds)) ms"
                : "answered \(delivery.status) \(delivery.reason), not shown by the receiver")
        return isDelivered
    }
}
