import Basis
import Storage
import Trust

/// The verdicts that are kept: of live links, and of refusals.
extension AdminAPI {
    func refusals() throws -> JSONValue {
        let list = try runtime.database.refusals.list(limit: StorageLimits.refusalsMax)
        return ["schema_version": .integer(1), "refusals": .array(list.map { Self.json($0, withTrace: false) })].object
    }

    /// The trace of a live link by its number, or of the newest refusal of a peer or code.
    func explain(_ what: String) async throws -> JSONValue {
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
