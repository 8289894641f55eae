import Authority
import Basis
import Storage
import Transport
import Trust

/// The certificates of our CA. Only the authority can answer.
extension AdminAPI {
    func certificates() async throws -> JSONValue {
        let authority = try needAuthority()
        let ledger = authority.ledger
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
        let ledger = authority.ledger
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
        let closed = await runtime.replica.linksClosed
        var epoch: TrustEpoch?
        var unstored: TrustReplica.Failure?
        for serial in serials {
            do {
                epoch = try await authority.revoke(serial, reason: reason, at: now)?.epoch ?? epoch
            } catch let failure as TrustReplica.Failure {
                // In force all the same: the others must be too.
                unstored = failure
            }
        }
        if let unstored { throw unstored }
        guard let epoch else { return ["schema_version": .integer(1), "changed": .bool(false)].object }
        try audit("certificate.revoke", what, now)
        return await outcome(epoch, closedBefore: closed)
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
}
