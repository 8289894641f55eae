import Authority
import Basis
import Storage
import Transport
import Trust
import Web

/// What only the authority can do: topology, certificates, users.
extension AdminAPI {
    func topology() async throws -> JSONValue {
        let state = await runtime.replica.state
        guard let verified = state.verifiedTopology else { throw Refused(404, "no topology was published yet") }
        return [
            "schema_version": .integer(1), "version": .integer(Int64(verified.content.header.version)),
            "expires": .string(verified.content.header.expires.description),
            "envelope": verified.envelope.json, "topology": verified.content.topology.json,
            "source": .string(TopologySource.text(of: verified.content.topology)),
        ].object
    }

    /// Takes a topology that the command signed, with the public keys of servers that join by it.
    func publish(_ body: JSONValue) async throws -> JSONValue {
        let authority = try needAuthority()
        guard let object = body["envelope"] else { throw Refused(400, "`envelope` is missing") }
        let envelope: SignedEnvelope
        do {
            envelope = try SignedEnvelope(json: object)
        } catch {
            throw Refused(400, "the envelope is not one: \(error)")
        }
        var enrolling: [String: [UInt8]] = [:]
        for (server, key) in body["enrolling"]?.objectValue ?? [:] {
            guard let text = key.stringValue, let bytes = Base64.decode(text) else {
                throw Refused(400, "the key of \(server) is not Base64")
            }
            enrolling[server] = bytes
        }
        let now = OperatingSystem.wallTime
        let publication = try await authority.publish(envelope, enrolling: enrolling, at: now)
        try audit(
            "topology.publish", "version \(await authority.state.verifiedTopology?.content.header.version ?? 0)", now)
        return await outcome(publication.epoch)
    }

    func certificates() async throws -> JSONValue {
        let authority = try needAuthority()
        let ledger = await authority.ledger
        let records = try ledger.certificates(profile: nil, subject: nil, limit: 10_000)
        let issuers = Set(records.map(\.issuer))
        var revoked: Set<CertificateSerial> = []
        for issuer in issuers { revoked.formUnion(try ledger.revocations(issuer: issuer).map(\.serial)) }
        return [
            "schema_version": .integer(1),
            "certificates": .array(
                records.sorted { $0.notAfter < $1.notAfter }.map { record in
                    [
                        "serial": .string(record.serial.description), "subject": .string(record.subject),
                        "profile": .string(record.profile.rawValue), "key": .string(record.key.description),
                        "not_before": .string(record.notBefore.description),
                        "not_after": .string(record.notAfter.description),
                        "revoked": .bool(revoked.contains(record.serial)),
                        "der": .string(Base64.encode(record.der)),
                    ].object
                }),
        ].object
    }

    /// Revokes by serial, or the newest certificate of a subject. Answers when every shard here has swept; with `wait`,
    /// when every node that is reachable has.
    func revoke(_ body: JSONValue) async throws -> JSONValue {
        let authority = try needAuthority()
        let what = body["what"]?.stringValue ?? ""
        let reason = Self.reason(body["reason"]?.stringValue)
        let ledger = await authority.ledger
        let serials: [CertificateSerial]
        if let serial = CertificateSerial(what) {
            serials = [serial]
        } else {
            serials = try ledger.certificates(profile: nil, subject: what.lowercased(), limit: 200)
                .filter { $0.notAfter > OperatingSystem.wallTime }.map(\.serial)
        }
        guard !serials.isEmpty else {
            throw Refused(404, "no certificate is known for `\(what)`", next: "entente cert list")
        }
        let now = OperatingSystem.wallTime
        var epoch: TrustEpoch?
        for serial in serials {
            if let publication = try await authority.revoke(serial, reason: reason, at: now) {
                epoch = publication.epoch
            }
        }
        guard let epoch else { return ["schema_version": .integer(1), "changed": .bool(false)].object }
        try audit("certificate.revoke", what, now)
        return await outcome(epoch)
    }

    private static func reason(_ name: String?) -> RevocationReason {
        RevocationReason.allCases.first { "\($0)" == name } ?? .unspecified
    }

    func issue(_ body: JSONValue) async throws -> JSONValue {
        let authority = try needAuthority()
        guard let text = body["key"]?.stringValue, let key = Base64.decode(text) else {
            throw Refused(400, "`key` is not a public key in Base64")
        }
        let now = OperatingSystem.wallTime
        let chain: [[UInt8]]
        if let aor = body["user"]?.stringValue {
            chain = try await authority.issue(userAOR: aor, subjectPublicKeyInfo: key, at: now)
        } else {
            let server = body["server"]?.stringValue ?? ""
            let publication = try await authority.issue(server: server, subjectPublicKeyInfo: key, at: now)
            let issuing = await authority.state.root.issuingCertificates
            chain = Array(publication.issued.map(\.der).prefix(1)) + Array(issuing.prefix(1))
        }
        try audit("certificate.issue", body["user"]?.stringValue ?? body["server"]?.stringValue ?? "", now)
        return ["schema_version": .integer(1), "chain": .array(chain.map { .string(Base64.encode($0)) })].object
    }

    func admission(of server: String) async throws -> JSONValue {
        let authority = try needAuthority()
        let admission = try await authority.admission(of: server, at: OperatingSystem.wallTime)
        return ["schema_version": .integer(1), "admission": try JSONValue(parsing: admission.bytes)].object
    }

    // MARK: Users

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

    /// `{action: add|remove|enable|disable|password, users: [{aor, sha256?, md5?, digest?}]}`; all of it or nothing is not
    /// promised across users: each is durable when the answer comes.
    func changeUsers(_ body: JSONValue) async throws -> JSONValue {
        let authority = try needAuthority()
        let table = await authority.users
        let pool = await authority.homePool
        let now = OperatingSystem.wallTime
        let action = body["action"]?.stringValue ?? ""
        var changed = 0
        for user in body["users"]?.arrayValue ?? [] {
            guard let name = user["aor"]?.stringValue else { throw Refused(400, "`aor` is missing") }
            let aor = UserRecord.normalised(name)
            let domains = await authority.state.topology?.sipDomains ?? []
            guard let at = aor.lastIndex(of: "@"), domains.contains(String(aor[aor.index(after: at)...])) else {
                throw Refused(409, "\(aor) is not in a domain of ours: \(domains.joined(separator: ", "))")
            }
            let verifiers = UserVerifiers(
                sha256: user["sha256"]?.stringValue.flatMap { Hex.decode($0.utf8) },
                md5: user["md5"]?.stringValue.flatMap { Hex.decode($0.utf8) })
            let algorithm = user["digest"]?.stringValue.flatMap(Trust.DigestAlgorithm.init(rawValue:)) ?? .sha256
            switch action {
            case "add":
                _ = try table.add(
                    UserRecord(
                        aor: aor, homePool: pool, verifiers: verifiers, algorithm: algorithm, aliases: [],
                        state: .enabled))
            case "remove": _ = try table.remove(aor)
            case "enable": _ = try table.setState(.enabled, of: aor)
            case "disable": _ = try table.setState(.disabled, of: aor)
            case "password": _ = try table.setPassword(verifiers, challengedWith: algorithm, of: aor)
            default: throw Refused(400, "unknown action `\(action)`")
            }
            changed += 1
            try audit("user.\(action)", aor, now)
        }
        try await authority.usersChanged(at: now)
        return ["schema_version": .integer(1), "changed": .bool(changed > 0), "count": .integer(Int64(changed))].object
    }

    // MARK: Parts

    /// The epoch, when every shard of this server has swept it, and the links that this closed since the start.
    private func outcome(_ epoch: TrustEpoch) async -> JSONValue {
        let closed = await runtime.replica.waitUntilSwept(epoch)
        return [
            "schema_version": .integer(1), "changed": .bool(true), "epoch": .integer(Int64(epoch.number)),
            "links_closed": .integer(Int64(clamping: closed)),
        ].object
    }

    private func audit(_ action: String, _ subject: String, _ time: WallTime) throws {
        _ = try runtime.database.audit.add(
            AuditEntry(time: time, actor: "admin.sock", action: action, subject: subject))
    }
}
