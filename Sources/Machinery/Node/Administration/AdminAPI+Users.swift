import Authority
import Basis
import Storage
import Transport
import Trust

/// Accounts: every server that keeps the directory reads, the authority changes.
extension AdminAPI {
    func users() async throws -> JSONValue {
        let directory = await runtime.replica.directory
        return [
            "schema_version": .integer(1),
            "users": .array(
                directory.all.map { record in
                    [
                        "aor": .string(record.aor), "home_pool": .string(record.homePool),
                        "digest": .string(record.algorithm.rawValue), "state": .string(record.state.rawValue),
                        "aliases": .array(record.aliases.map(JSONValue.string)),
                    ].object
                }),
        ].object
    }

    /// `{action: add|remove|enable|disable|password|import, users: [{aor, sha256?, md5?, digest?}]}`; all of it or nothing is
    /// not promised across users: each is durable when the answer comes.
    func changeUsers(_ body: JSONValue) async throws -> JSONValue {
        let authority = try needAuthority()
        let action = body["action"]?.stringValue ?? ""
        let pool = await authority.homePool
        let domains = await authority.state.topology?.sipDomains ?? []
        let records = try (body["users"]?.arrayValue ?? []).map { try Self.record($0, pool: pool, domains: domains) }
        let now = OperatingSystem.wallTime
        var value: [String: JSONValue] = ["schema_version": .integer(1)]
        let changed: Int
        if action == "import" {
            let isReplacing = body["replace"]?.boolValue == true
            let counts = try await authority.users.add(
                contentsOf: records, existing: isReplacing ? .replace : .keep
            ).counts
            changed = counts.added + counts.replaced
            value["added"] = .integer(Int64(counts.added))
            value["replaced"] = .integer(Int64(counts.replaced))
            value["kept"] = .integer(Int64(counts.kept))
            try audit("user.import", "\(counts.added) added, \(counts.replaced) replaced", now)
        } else {
            changed = try await change(action, records, in: authority.users, at: now)
        }
        if changed > 0 { try await authority.usersChanged(at: now) }
        value["changed"] = .bool(changed > 0)
        value["count"] = .integer(Int64(changed))
        return value.object
    }

    /// How many accounts are another than before.
    private func change(
        _ action: String, _ records: [UserRecord], in table: UserTable, at now: WallTime
    ) async throws -> Int {
        var changed = 0
        for record in records {
            switch action {
            case "add": _ = try table.add(record)
            case "remove": _ = try table.remove(record.aor)
            case "enable", "disable":
                let state: UserRecord.State = action == "enable" ? .enabled : .disabled
                if try table.record(for: record.aor)?.state == state { continue }
                _ = try table.setState(state, of: record.aor)
            case "password":
                _ = try table.setPassword(record.verifiers, challengedWith: record.algorithm, of: record.aor)
            default: throw Refused(400, "unknown action `\(action)`")
            }
            changed += 1
            try audit("user.\(action)", record.aor, now)
        }
        return changed
    }

    private static func record(_ user: JSONValue, pool: String, domains: [String]) throws -> UserRecord {
        guard let name = user["aor"]?.stringValue else { throw Refused(400, "`aor` is missing") }
        let verifiers = UserVerifiers(
            sha256: user["sha256"]?.stringValue.flatMap { Hex.decode($0.utf8) },
            md5: user["md5"]?.stringValue.flatMap { Hex.decode($0.utf8) })
        let algorithm = user["digest"]?.stringValue.flatMap(Trust.DigestAlgorithm.init(rawValue:)) ?? .sha256
        let record = UserRecord(aor: name, homePool: pool, verifiers: verifiers, algorithm: algorithm)
        guard domains.contains(record.domain), record.aor.count > record.domain.count + 1 else {
            throw Refused(
                409, "\(record.aor) is not in a domain of ours: \(domains.joined(separator: ", "))",
                next: "entente topology show")
        }
        return record
    }
}
