import Authority
import Basis
import Foundation
import Server
import Storage
import Transport
import Trust
import Web

/// What the commands ask a running server over its administration socket: JSON in, JSON out. The socket is a file that its
/// owner alone may open, so the peer needs no other proof.
struct AdminAPI: Sendable {
    let runtime: NodeRuntime

    /// Why an operation was not done; becomes the status and the error object of the answer.
    struct Refused: Error {
        let status: Int
        let message: String
        let next: String?

        init(_ status: Int, _ message: String, next: String? = nil) {
            self.status = status
            self.message = message
            self.next = next
        }
    }

    func answer(_ request: WebRequest) async -> WebResponse {
        do {
            let value = try await route(request)
            return WebResponse(body: value.canonicalBytes)
        } catch let refused as Refused {
            return Self.error(refused.status, refused.message, refused.next)
        } catch let error as AuthorityError {
            return Self.error(409, error.description, error.next)
        } catch {
            return Self.error(500, "\(error)", nil)
        }
    }

    private func route(_ request: WebRequest) async throws -> JSONValue {
        switch (request.method, request.path) {
        case ("GET", "/status"): return await status()
        case ("GET", "/connections"): return await connections()
        case ("GET", "/refusals"): return try refusals()
        case ("GET", "/explain"): return try await explain(request.query["what"] ?? "")
        case ("GET", "/topology"): return try await topology()
        case ("POST", "/topology"): return try await publish(try Self.object(request))
        case ("GET", "/certificates"): return try await certificates()
        case ("POST", "/certificates/revoke"): return try await revoke(try Self.object(request))
        case ("POST", "/certificates/issue"): return try await issue(try Self.object(request))
        case ("GET", "/users"): return try await users()
        case ("POST", "/users"): return try await changeUsers(try Self.object(request))
        case ("GET", "/admission"): return try await admission(of: request.query["server"] ?? "")
        case (_, _): throw Refused(404, "no such operation: \(request.method) \(request.path)")
        }
    }

    func needAuthority() throws -> AuthorityService {
        guard let authority = runtime.authority else {
            throw Refused(
                409, "this server is not the authority; \(runtime.configuration.authority) is",
                next: "run the command on \(runtime.configuration.authority)")
        }
        return authority
    }

    static func object(_ request: WebRequest) throws -> JSONValue {
        do {
            return try JSONValue(parsing: request.body)
        } catch {
            throw Refused(400, "the request is not JSON: \(error)")
        }
    }

    private static func error(_ status: Int, _ message: String, _ next: String?) -> WebResponse {
        var fields: [String: JSONValue] = ["error": .string(message)]
        if let next { fields["next"] = .string(next) }
        return WebResponse(status: status, body: JSONValue.object(fields).canonicalBytes)
    }

    // MARK: Reading

    private func status() async -> JSONValue {
        let now = OperatingSystem.wallTime
        let state = await runtime.replica.state
        let census = runtime.shared.location.census
        var listeners: [String: JSONValue] = [:]
        for (kind, address) in runtime.addresses.listeners { listeners[kind] = .string(address.description) }
        if let trust = runtime.addresses.trust { listeners["trust"] = .string(trust.description) }
        if let metrics = runtime.addresses.metrics { listeners["metrics"] = .string(metrics.description) }
        var nodes: [JSONValue] = []
        for (name, entry) in (await runtime.authority?.acknowledgements ?? [:]).sorted(by: { $0.key < $1.key }) {
            nodes.append(
                [
                    "node": .string(name), "epoch": .integer(Int64(entry.acknowledgement.epoch.number)),
                    "swept": .bool(entry.acknowledgement.swept),
                    "links_closed": .integer(Int64(clamping: entry.acknowledgement.linksClosed)),
                    "at": .string(entry.at.description),
                ].object)
        }
        return [
            "schema_version": .integer(1), "server": .string(runtime.configuration.server),
            "roles": .array(runtime.configuration.roles.map(\.rawValue).sorted().map(JSONValue.string)),
            "network": .string(state.topology?.network ?? ""), "addresses": .object(listeners),
            "epoch": .integer(Int64(state.epoch.number)),
            "swept": .integer(Int64(await runtime.replica.sweptEpoch.number)),
            "trust": state.status(now).json, "users": .integer(Int64(await runtime.replica.directory.count)),
            "addresses_of_record": .integer(Int64(census.addresses)), "bindings": .integer(Int64(census.bindings)),
            "nodes": .array(nodes), "time": .string(now.description),
            "pid": .integer(Int64(ProcessInfo.processInfo.processIdentifier)),
            "messages": .object(await runtime.messagesReceived().mapValues { .integer(Int64(clamping: $0)) }),
        ].object
    }

    private func connections() async -> JSONValue {
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

    private func refusals() throws -> JSONValue {
        let list = try runtime.database.refusals.list(limit: StorageLimits.refusalsMax)
        return ["schema_version": .integer(1), "refusals": .array(list.map { Self.json($0, withTrace: false) })].object
    }

    /// The trace of a live link by its number, or of the newest refusal of a peer or code.
    private func explain(_ what: String) async throws -> JSONValue {
        var found: [LinkVerdict] = []
        if let id = ConnectionID(what), let verdict = try runtime.database.links.verdict(on: id) { found = [verdict] }
        if found.isEmpty { found = try runtime.database.links.list(peer: what, limit: 5) }
        if found.isEmpty { found = try runtime.database.refusals.list(peer: what, limit: 5) }
        if found.isEmpty { found = try runtime.database.refusals.list(code: what, limit: 5) }
        guard !found.isEmpty else {
            throw Refused(404, "nothing is known of `\(what)`", next: "entente connections lists the live links")
        }
        return ["schema_version": .integer(1), "verdicts": .array(found.map { Self.json($0, withTrace: true) })].object
    }

    private static func json(_ verdict: LinkVerdict, withTrace: Bool) -> JSONValue {
        var value: [String: JSONValue] = [
            "conn": .string(verdict.connection.description), "time": .string(verdict.time.description),
            "peer": .string(verdict.peer), "outcome": .string(verdict.outcome),
            "epoch": .integer(Int64(verdict.epoch.number)),
        ]
        if let evidence = try? LinkEvidence(decoding: verdict.evidence) {
            value["address"] = .string(evidence.remoteAddress.map(\.description) ?? "")
        }
        let steps = (try? Trace(decoding: verdict.trace))?.steps ?? []
        if let failed = steps.first(where: { !$0.passed }), case .failed(let code) = failed.outcome {
            value["code"] = .string(code.rawValue)
            value["seen"] = .string(failed.saw)
            value["expected"] = .string(failed.expected)
            value["rule"] = .string(failed.citation)
        }
        if withTrace {
            value["trace"] = (try? JSONValue(parsing: verdict.trace)) ?? .null
            value["evidence"] = (try? JSONValue(parsing: verdict.evidence)) ?? .null
        }
        return .object(value)
    }
}

extension Dictionary where Key == String, Value == JSONValue {
    /// The same as a JSON object.
    var object: JSONValue { .object(self) }
}
