import Basis
import Storage
import Trust

/// The verdicts that are kept: of live links, and of refusals.
extension AdminAPI {
    func refusals() throws -> JSONValue {
        runtime.recorder.flush()
        let list = try runtime.database.refusals.list(limit: StorageLimits.refusalsMax)
        return ["schema_version": .integer(1), "refusals": .array(list.map { Self.json($0, withTrace: false) })].object
    }

    /// How many verdicts an answer shows.
    private static let verdictsMax = 5

    /// The trace of a live link by its number, or of live links and the newest refusals of a name, address or code.
    func explain(_ what: String) async throws -> JSONValue {
        runtime.recorder.flush()
        var found: [LinkVerdict] = []
        if let id = ConnectionID(what), let verdict = try runtime.database.links.verdict(on: id) { found = [verdict] }
        if found.isEmpty { found = try runtime.database.links.list(peer: what, limit: Self.verdictsMax) }
        if found.isEmpty { found = try runtime.database.refusals.list(peer: what, limit: Self.verdictsMax) }
        if found.isEmpty { found = try runtime.database.refusals.list(code: what, limit: Self.verdictsMax) }
        found += try refusals(claiming: what).prefix(max(0, Self.verdictsMax - found.count))
        guard !found.isEmpty else {
            throw Refused(
                404, "\(runtime.configuration.server) knows nothing of `\(what)`", next: await elsewhere(what))
        }
        return ["schema_version": .integer(1), "verdicts": .array(found.map { Self.json($0, withTrace: true) })].object
    }

    /// Where else to ask: every server keeps the verdicts that it made itself.
    private func elsewhere(_ what: String) async -> String {
        let live = "entente connections lists the live links"
        let topology = await runtime.replica.state.topology
        let others = (topology?.servers ?? []).map(\.name).filter { $0 != runtime.configuration.server }
        guard let first = others.first(where: { topology?.roles(of: $0).contains(.edge) == true }) ?? others.first
        else {
            return live
        }
        return "\(live); the server that judged it may be another: entente explain \(what), on \(first)"
            + " (--dir with its data folder)"
    }

    /// The refusals of peers whose certificate names `name`, whether that was proven or not, newest first. They are kept by
    /// address, because anybody can claim many names.
    private func refusals(claiming name: String) throws -> [LinkVerdict] {
        let wanted = name.lowercased()
        return try runtime.database.refusals.list(limit: StorageLimits.refusalsMax).filter { verdict in
            (try? LinkEvidence(decoding: verdict.evidence)).map(Self.claims)?.contains(wanted) == true
        }
    }

    /// The names in the peer's certificate.
    private static func claims(of evidence: LinkEvidence) -> [String] {
        guard let leaf = evidence.chain.first, let names = try? CertificateFacts(der: leaf).names else { return [] }
        return names.sipDomains + names.sipUsers + names.dnsNames
    }

    private static func json(_ verdict: LinkVerdict, withTrace: Bool) -> JSONValue {
        var value: [String: JSONValue] = [
            "conn": .string(verdict.connection.description), "time": .string(verdict.time.description),
            "peer": .string(verdict.peer), "outcome": .string(verdict.outcome),
            "epoch": .integer(Int64(verdict.epoch.number)),
        ]
        if let evidence = try? LinkEvidence(decoding: verdict.evidence) {
            value["address"] = .string(evidence.remoteAddress.map(\.description) ?? "")
            value["claims"] = .array(claims(of: evidence).map(JSONValue.string))
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
