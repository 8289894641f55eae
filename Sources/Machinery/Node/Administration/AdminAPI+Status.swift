import Authority
import Basis
import Foundation
import Server
import Storage
import Transport
import Trust

/// What a server says about itself and the others.
extension AdminAPI {
    func status() async -> JSONValue {
        let now = OperatingSystem.wallTime
        let state = await runtime.replica.state
        let census = runtime.shared.location.census
        var listeners: [String: JSONValue] = [:]
        for (kind, address) in runtime.addresses.listeners { listeners[kind] = .string(address.description) }
        if let trust = runtime.addresses.trust { listeners["trust"] = .string(trust.description) }
        if let metrics = runtime.addresses.metrics { listeners["metrics"] = .string(metrics.description) }
        var nodes: [JSONValue] = []
        for (name, entry) in (await runtime.authority?.acknowledgements ?? [:]).sorted(by: { $0.key < $1.key }) {
            nodes.append(["node": .string(name)].merging(Self.fields(entry)) { $1 }.object)
        }
        var links: [String: Int64] = [:]
        for peerClass in await runtime.collect({ $0.linkReports(at: LoopClock.now).map(\.peer.peerClass.rawValue) }) {
            links[peerClass, default: 0] += 1
        }
        var value: [String: JSONValue] = [
            "schema_version": .integer(1), "server": .string(runtime.configuration.server),
            "authority": .string(runtime.configuration.authority),
            "roles": .array(runtime.configuration.roles.map(\.rawValue).sorted().map(JSONValue.string)),
            "network": .string(state.topology?.network ?? ""), "addresses": .object(listeners),
            "epoch": .integer(Int64(state.epoch.number)),
            "swept": .integer(Int64(await runtime.replica.sweptEpoch.number)),
            "links_closed": .integer(Int64(clamping: await runtime.replica.linksClosed)),
            "root_hash": .string(Hex.encode(state.roots.first?.hash ?? [])),
            "root_fingerprint": .string(Hex.encode(state.enterpriseRootFacts.first?.fingerprint ?? [])),
            "trust": state.status(now).json, "users": .integer(Int64(await runtime.replica.directory.count)),
            "md5_users": .integer(Int64(await runtime.replica.directory.md5AccountCount)),
            "addresses_of_record": .integer(Int64(census.addresses)), "bindings": .integer(Int64(census.bindings)),
            "links": .object(links.mapValues(JSONValue.integer)),
            "nodes": .array(nodes), "time": .string(now.description),
            "pid": .integer(Int64(ProcessInfo.processInfo.processIdentifier)),
            "messages": .object(await runtime.messagesReceived().mapValues { .integer(Int64(clamping: $0)) }),
        ]
        var needs: [JSONValue] = (await runtime.authority?.needs ?? []).map { need in
            ["why": .string(need.description), "next": .string(need.next)].object
        }
        let authorityUnstored = await runtime.authority?.unstored
        let replicaUnstored = await runtime.replica.unstored
        if let why = authorityUnstored ?? replicaUnstored {
            let need = "the trust in force is not stored: \(why)"
            needs.append(["why": .string(need), "next": .string(TrustReplica.storeNext)].object)
        }
        if let failure = runtime.journal.statistics.failure {
            let why = JSONValue.string("registrations are not stored, so they are answered 503: \(failure)")
            needs.append(["why": why, "next": .string(failure.next ?? "entente serve again")].object)
        }
        if runtime.authority != nil || !needs.isEmpty { value["needs"] = .array(needs) }
        if let facts = await Self.leaf(of: runtime.replica.chain) {
            value["certificate"] =
                [
                    "serial": .string(facts.serialText), "not_before": .string(facts.notBefore.description),
                    "not_after": .string(facts.notAfter.description),
                ].object
        }
        return value.object
    }

    /// Every server of the topology; on the authority with what it acknowledged last, when its certificate ends, and
    /// whether that is revoked. Of itself every server tells these.
    func servers() async -> JSONValue {
        let now = OperatingSystem.wallTime
        let state = await runtime.replica.state
        let acknowledgements = await runtime.authority?.acknowledgements ?? [:]
        let linked = await runtime.collect { $0.linkReports(at: LoopClock.now).compactMap(\.peer.recordName) }
        let context = TrustContext(state: state, now: now, ownServer: nil)
        var servers: [JSONValue] = []
        for server in state.topology?.servers ?? [] {
            let pools = state.topology?.pools(of: server.name).map(\.name) ?? []
            let roles = (state.topology?.roles(of: server.name) ?? []).sorted().map(\.rawValue)
            var value: [String: JSONValue] = [
                "name": .string(server.name), "address": .string(server.address.description),
                "trust": .string(server.trust.description), "pools": .array(pools.map(JSONValue.string)),
                "roles": .array(roles.map(JSONValue.string)), "joined": .bool(!server.keys.isEmpty),
                "links": .integer(Int64(linked.count { $0 == server.name })),
            ]
            if let external = server.external { value["external"] = .string(external.description) }
            let isHere = server.name == runtime.configuration.server
            if isHere {
                value["here"] = .bool(true)
                value["epoch"] = .integer(Int64(await runtime.replica.sweptEpoch.number))
                value["swept"] = .bool(await runtime.replica.sweptEpoch == state.epoch)
                value["links_closed"] = .integer(Int64(clamping: await runtime.replica.linksClosed))
                value["at"] = .string(now.description)
            } else if let entry = acknowledgements[server.name] {
                value.merge(Self.fields(entry)) { $1 }
            }
            let issued = await runtime.authority?.chains(of: server.name, at: now).first
            let chain = isHere ? await runtime.replica.chain : issued
            if let chain, let facts = Self.leaf(of: chain) {
                value["not_after"] = .string(facts.notAfter.description)
                value["revoked"] = .bool(Self.isRevoked(chain, of: server.name, in: context))
            }
            servers.append(value.object)
        }
        return [
            "schema_version": .integer(1), "server": .string(runtime.configuration.server),
            "epoch": .integer(Int64(state.epoch.number)), "servers": .array(servers),
        ].object
    }

    /// Whether the others refuse a server for its certificate: asked of the decision that judges their links.
    private static func isRevoked(_ chain: [[UInt8]], of server: String, in context: TrustContext) -> Bool {
        let evidence = LinkEvidence(direction: .outbound(.server(server)), chain: chain)
        return decide(evidence, in: context).refusal?.code == .e501
    }

    private static func fields(_ entry: (acknowledgement: NodeAcknowledgement, at: WallTime)) -> [String: JSONValue] {
        [
            "epoch": .integer(Int64(entry.acknowledgement.epoch.number)), "swept": .bool(entry.acknowledgement.swept),
            "links_closed": .integer(Int64(clamping: entry.acknowledgement.linksClosed)),
            "at": .string(entry.at.description),
        ]
    }

    private static func leaf(of chain: [[UInt8]]) -> CertificateFacts? {
        chain.first.flatMap { try? CertificateFacts(der: $0) }
    }

    func connections() async -> JSONValue {
        let now = LoopClock.now
        let reports = await runtime.collect { $0.linkReports(at: now) }
        let own = runtime.configuration.server
        return [
            "schema_version": .integer(1), "server": .string(runtime.configuration.server),
            "connections": .array(reports.map { Self.json($0, ownServer: own) }),
        ].object
    }

    static func json(_ report: LinkReport, ownServer: String) -> JSONValue {
        let peer = report.peer
        var value: [String: JSONValue] = [
            "conn": .string(report.id.description), "class": .string(peer.peerClass.rawValue),
            "identity": .string(peer.identity ?? ""), "own_identity": .string(ownServer),
            "epoch": .integer(Int64(peer.epoch.number)),
            "direction": .string(report.evidence.direction.isOutbound ? "outbound" : "inbound"),
            "address": .string(report.evidence.remoteAddress.map(\.description) ?? ""),
            "tls": .string(report.evidence.tlsVersion?.rawValue ?? ""), "group": .string(report.evidence.group ?? ""),
            "users": .array(report.users.map(JSONValue.string)),
        ]
        if case .outbound(let dialled) = report.evidence.direction { value["dialled"] = .string(dialled.name) }
        if let notAfter = peer.notAfter { value["expires"] = .string(notAfter.description) }
        if let serial = peer.serial, let text = CertificateSerial(bytes: serial)?.description {
            value["serial"] = .string(text)
        }
        if let record = peer.recordName { value["record"] = .string(record) }
        return .object(value)
    }
}
