internal import Basis
internal import SwiftASN1
internal import Trust
internal import X509

/// What one operation puts into the next snapshot.
struct Change {
    var root: SignedEnvelope?
    var topology: SignedEnvelope?
    var issued: [CertificateRecord] = []
    var revocation: RevocationRecord?
    /// Whether the CRL is signed anew; it always is when there is none.
    var renewsList = false
}

// The steps that the operations are made of. Each works on a draft that the operation takes over when all have passed.
extension Publisher {
    // MARK: Certificates

    /// A certificate for a server's key, with the names that the topology gives it.
    mutating func certify(
        _ server: String, key: [UInt8], in topology: Topology, now: WallTime
    ) throws(AuthorityError) -> CertificateRecord {
        guard let record = topology.server(named: server) else { throw .unknownServer(name: server) }
        let pin = KeyPin(subjectPublicKeyInfo: key)
        guard record.keys.contains(pin) else { throw .keyNotPinned(server: server, key: pin) }
        guard !barred.contains(pin) else { throw .keyBarred(subject: server, key: pin) }
        let certificate = try authority.issueServer(
            names: ServerNames.names(for: server, in: topology), subjectPublicKeyInfo: key, now: now, chance: &chance)
        newest[pin] = certificate
        return certificate
    }

    /// New certificates for the pinned keys whose newest one is past half of its life, has other names than the topology
    /// gives now, or comes from another issuing CA. Keys that never had a certificate wait for a request.
    mutating func certifyDue(in topology: Topology, now: WallTime) throws(AuthorityError) -> [CertificateRecord] {
        var issued: [CertificateRecord] = []
        for server in topology.servers {
            let names = Set(topology.names(of: server.name))
            for pin in server.keys where !barred.contains(pin) {
                guard let last = newest[pin], let facts = try? CertificateFacts(der: last.der) else { continue }
                let isCurrent =
                    !last.isPastHalf(at: now) && Set(facts.names.dnsNames) == names
                    && last.issuer == authority.issuingKey.pin
                    && last.subject == server.name
                guard !isCurrent, let key = DERCoding.encode(facts.certificate.publicKey) else {
                    continue
                }
                issued.append(try certify(server.name, key: key, in: topology, now: now))
            }
        }
        return issued
    }

    /// For each server of the topology that has a certificate: the chain of its first such key.
    func chains(in topology: Topology) -> [String: [[UInt8]]] {
        var chains: [String: [[UInt8]]] = [:]
        for server in topology.servers {
            guard let record = server.keys.lazy.compactMap({ newest[$0] }).first else { continue }
            chains[server.name] = authority.chain(for: record)
        }
        return chains
    }

    // MARK: Due

    func isListDue(at now: WallTime) -> Bool {
        guard let list = state.revocation[authority.issuingKey.pin]?.list else { return true }
        return Self.isPastHalf(from: list.thisUpdate, to: list.nextUpdate, at: now)
    }

    /// Whether the ledger numbers a list that the state does not have: a crash came after the commit and before the state was
    /// stored. The revocation that the list was signed for is in force when the next one is out.
    func isListBehind(_ ledger: any Ledger) throws(AuthorityError) -> Bool {
        guard let list = state.revocation.references[authority.issuingKey.pin] else { return true }
        do {
            return try ledger.counters().listNumber > list.version
        } catch {
            throw .ledger(error)
        }
    }

    func isSnapshotDue(at now: WallTime) -> Bool {
        guard let header = state.snapshot?.header else { return true }
        return Self.isPastHalf(from: header.issued, to: header.expires, at: now)
    }

    private static func isPastHalf(from start: WallTime, to end: WallTime, at now: WallTime) -> Bool {
        now - start > Interval(nanoseconds: (end - start).nanoseconds / 2)
    }

    // MARK: The next snapshot

    /// Signs CRL, snapshot and timestamp for a change, and verifies the whole as every server will.
    /// - Returns: What goes to the servers, and what goes into the ledger before.
    mutating func advance(
        _ change: Change, now: WallTime, ledger: any Ledger
    ) throws(AuthorityError) -> (bundle: TrustBundle, entries: [LedgerEntry]) {
        let counters: LedgerCounters
        var revoked: [RevocationRecord]
        do {
            counters = try ledger.counters()
            revoked = try ledger.revocations(issuer: authority.issuingKey.pin)
        } catch {
            throw .ledger(error)
        }
        let epoch = TrustEpoch(max(counters.epoch, state.epoch).number &+ 1)
        var entries = change.issued.map(LedgerEntry.certificate)
        if let revocation = change.revocation {
            entries.append(.revocation(revocation))
            revoked.append(revocation)
        }
        var references = state.revocation.references
        var lists: [[UInt8]] = []
        if change.renewsList || references[authority.issuingKey.pin] == nil {
            // The state may have a list that the ledger never heard of: its disk was full, and then the process ended.
            let last = references[authority.issuingKey.pin]?.version ?? 0
            let number = max(counters.listNumber, last) &+ 1
            let list = try revocationList(number: number, revoked: revoked, now: now)
            references[authority.issuingKey.pin] = ObjectReference(version: number, hash: Digest.sha256(list))
            lists.append(list)
            entries.append(.listNumber(number))
        }
        let snapshot = try snapshot(change, references: references, epoch: epoch, now: now)
        let bundle = TrustBundle(
            roots: change.root.map { [$0] } ?? [], topology: change.topology, crls: lists, snapshot: snapshot,
            timestamp: try timestamp(of: snapshot, epoch: epoch, now: now))
        state = try Self.apply(bundle, to: state, now: now)
        entries.append(.epoch(epoch))
        return (bundle, entries)
    }

    func timestamp(
        of snapshot: SignedEnvelope, epoch: TrustEpoch, now: WallTime
    ) throws(AuthorityError) -> SignedEnvelope {
        // TUF §5.4.3: each timestamp has a version of its own that only grows; many name the same snapshot.
        let version = (state.timestamp?.header.version ?? 0) + 1
        let object = TimestampObject(
            header: ObjectHeader(version: version, issued: now, expires: now + AuthorityTimes.timestamp),
            epoch: epoch, snapshotHash: snapshot.hash)
        return try TopologySigning.envelope(object.json, with: [snapshotKey])
    }

    static func apply(_ bundle: TrustBundle, to state: TrustState, now: WallTime) throws(AuthorityError) -> TrustState {
        do {
            return try state.applying(bundle, now: now)
        } catch {
            throw .objectRefused(what: "the publication", reason: error.description)
        }
    }

    static func commit(_ entries: [LedgerEntry], to ledger: any Ledger) throws(AuthorityError) {
        do {
            try ledger.commit(entries)
        } catch {
            throw .ledger(error)
        }
    }

    private func snapshot(
        _ change: Change, references: [KeyPin: ObjectReference], epoch: TrustEpoch, now: WallTime
    ) throws(AuthorityError) -> SignedEnvelope {
        let root = change.root ?? state.verifiedRoot.envelope
        guard let topology = change.topology ?? state.verifiedTopology?.envelope,
            let rootVersion = root.signed["version"]?.integerValue.flatMap({ UInt64(exactly: $0) }),
            let topologyVersion = topology.signed["version"]?.integerValue.flatMap({ UInt64(exactly: $0) })
        else { throw .objectRefused(what: "the publication", reason: "there is no topology yet") }
        let object = SnapshotObject(
            header: ObjectHeader(version: epoch.number, issued: now, expires: now + AuthorityTimes.snapshot),
            root: ObjectReference(version: rootVersion, hash: root.hash),
            topology: ObjectReference(version: topologyVersion, hash: topology.hash), crls: references,
            directorySequence: directorySequence)
        return try TopologySigning.envelope(object.json, with: [snapshotKey])
    }

    private func revocationList(
        number: UInt64, revoked: [RevocationRecord], now: WallTime
    ) throws(AuthorityError) -> [UInt8] {
        do {
            return try RevocationList.issue(
                number: number, thisUpdate: now - AuthorityTimes.backDate,
                nextUpdate: now + AuthorityTimes.revocationList,
                revoked: revoked.sorted { $0.serial < $1.serial }.compactMap {
                    RevokedCertificate(serial: $0.serial.bytes, revokedAt: $0.time, reason: $0.reason)
                },
                issuer: Certificate(derEncoded: authority.issuingCertificate), key: authority.issuingKey.x509)
        } catch {
            throw .signingFailed
        }
    }
}
