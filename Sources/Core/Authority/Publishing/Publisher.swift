public import Basis
internal import SwiftASN1
public import Trust
internal import X509

/// The online half of the authority: issues, revokes, renews, and signs a new snapshot for every change.
///
/// Holds the issuing CA's key and the snapshot key, the trust state that it has published, and the newest certificate
/// for each pinned key. Every operation either succeeds as a whole or changes nothing, and the ledger has its entries
/// before anything is returned.
public struct Publisher: Sendable {
    /// The CA.
    public internal(set) var authority: CertificateAuthority
    /// The trust state as last published: verified by the code that every server runs.
    public internal(set) var state: TrustState
    /// The sequence of the user directory that the next snapshot will carry.
    public internal(set) var directorySequence: UInt64

    let snapshotKey: SigningKey
    var chance: Chance
    /// The newest certificate of each server key, whether it is still valid or not.
    var newest: [KeyPin: CertificateRecord]
    /// Keys of which a certificate was revoked: none is issued for them again.
    var barred: Set<KeyPin>

    /// What an operation changed.
    public struct Publication: Sendable {
        /// The epoch of the new snapshot.
        public let epoch: TrustEpoch
        /// The objects that changed.
        public let bundle: TrustBundle
        /// The certificates that were issued; they are in the ledger.
        public let issued: [CertificateRecord]
        /// The results of the topology's expectations, where they were evaluated.
        public let expectations: [ExpectationResult]
    }

    /// Takes up an authority where it stopped.
    /// - Throws: `keyUnusable` when the snapshot key is not the one that `root` names; `ledger`.
    public init(
        state: TrustState, authority: CertificateAuthority, snapshotKey: SigningKey, chance: Chance,
        ledger: any Ledger
    ) throws(AuthorityError) {
        guard state.root.snapshot.keys.contains(snapshotKey.publicKey),
            state.root.timestamp.keys.contains(snapshotKey.publicKey)
        else { throw .keyUnusable(what: "a snapshot key that `root` does not name") }
        self.state = state
        self.authority = authority
        self.snapshotKey = snapshotKey
        self.newest = [:]
        self.barred = []
        do {
            // A start after a restart must not repeat the serial numbers of the one before.
            let counters = try ledger.counters()
            self.chance = chance.derived(for: "publisher \(counters.epoch) \(counters.listNumber)")
            self.directorySequence = max(counters.directorySequence, state.snapshot?.directorySequence ?? 0)
            for revocation in try ledger.revocations(issuer: authority.issuingKey.pin) {
                guard revocation.reason != .superseded,
                    let record = try ledger.certificate(serial: revocation.serial)
                else { continue }
                barred.insert(record.key)
            }
            for server in state.topology?.servers ?? [] {
                let records = try ledger.certificates(
                    profile: .server, subject: server.name, limit: Self.recordsPerServerMax)
                for record in records.reversed() where server.keys.contains(record.key) {
                    newest[record.key] = record
                }
            }
        } catch {
            throw .ledger(error)
        }
    }

    /// How many certificates of one server are looked at on start: two keys, renewed twice a week, half a year.
    static let recordsPerServerMax = 128

    // MARK: Operations

    /// Publishes a signed topology: checks signatures and version, evaluates its expectations, issues what the new
    /// names and the enrolled keys need, and signs the next snapshot.
    /// - Parameter enrolling: SubjectPublicKeyInfo (DER) by server, for servers that join with this topology; each must be pinned by it.
    /// - Throws: `objectRefused`, `expectationsFailed` (never for a document that only removes or blocks), `keyNotPinned`,
    ///   `nameNotPermitted`, `ledger`.
    public mutating func publish(
        _ envelope: SignedEnvelope, enrolling: [String: [UInt8]] = [:], now: WallTime, ledger: any Ledger
    ) throws(AuthorityError) -> Publication {
        let object: TopologyObject
        do {
            object = try TopologyObject(json: envelope.signed)
        } catch {
            throw .objectRefused(what: "the topology", reason: error.description)
        }
        var draft = self
        var issued: [CertificateRecord] = []
        for (server, key) in enrolling.sorted(by: { $0.key < $1.key }) {
            issued.append(try draft.certify(server, key: key, in: object.topology, now: now))
        }
        issued += try draft.certifyDue(in: object.topology, now: now)
        let step = try draft.advance(Change(topology: envelope, issued: issued), now: now, ledger: ledger)
        let results = ExpectationEvaluation(
            topology: object.topology, state: draft.state, now: now, chains: draft.chains(in: object.topology),
            chance: chance
        ).results()
        let mayFail = state.topology.map { object.topology.onlyRestricts($0) } ?? false
        guard mayFail || results.allSatisfy(\.holds) else { throw .expectationsFailed(results) }
        try Self.commit(step.entries, to: ledger)
        self = draft
        return Publication(epoch: draft.state.epoch, bundle: step.bundle, issued: issued, expectations: results)
    }

    /// Takes a new `root` that the root keys signed, for example with a new issuing CA, and publishes it.
    /// - Parameter authority: The CA that the new root names; its records are in the ledger already.
    public mutating func publish(
        root: SignedEnvelope, authority: CertificateAuthority, now: WallTime, ledger: any Ledger
    ) throws(AuthorityError) -> Publication {
        var draft = self
        draft.authority = authority
        let step = try draft.advance(Change(root: root), now: now, ledger: ledger)
        guard draft.state.root.issuingCertificates.contains(authority.issuingCertificate) else {
            throw .objectRefused(what: "the root", reason: "it does not name the issuing CA")
        }
        try Self.commit(step.entries, to: ledger)
        self = draft
        return Publication(epoch: draft.state.epoch, bundle: step.bundle, issued: [], expectations: [])
    }

    /// Revokes a certificate and publishes the new CRL and snapshot at once. Nil when it is revoked already.
    ///
    /// Unless the reason is `superseded`, the key of a revoked server certificate is never certified again.
    public mutating func revoke(
        _ serial: CertificateSerial, reason: RevocationReason, now: WallTime, ledger: any Ledger
    ) throws(AuthorityError) -> Publication? {
        let record: CertificateRecord?
        let known: [RevocationRecord]
        do {
            record = try ledger.certificate(serial: serial)
            known = try ledger.revocations(issuer: authority.issuingKey.pin)
        } catch {
            throw .ledger(error)
        }
        guard let record else { throw .unknownSerial(serial) }
        guard record.issuer == authority.issuingKey.pin else {
            throw .certificateUnusable(what: "the issuer of \(serial), whose key is not here,")
        }
        guard !known.contains(where: { $0.serial == serial }) else { return nil }
        var draft = self
        if reason != .superseded { draft.barred.insert(record.key) }
        let revocation = RevocationRecord(serial: serial, issuer: record.issuer, reason: reason, time: now)
        let step = try draft.advance(Change(revocation: revocation, renewsList: true), now: now, ledger: ledger)
        try Self.commit(step.entries, to: ledger)
        self = draft
        return Publication(epoch: draft.state.epoch, bundle: step.bundle, issued: [], expectations: [])
    }

    /// Issues a certificate for a server's pinned key on demand, and publishes a snapshot so that the server fetches it.
    /// - Throws: `unknownServer`, `keyNotPinned`, `keyBarred`, `nameNotPermitted`.
    public mutating func issue(
        server: String, subjectPublicKeyInfo: [UInt8], now: WallTime, ledger: any Ledger
    ) throws(AuthorityError) -> Publication {
        guard let topology = state.topology else { throw .unknownServer(name: server) }
        var draft = self
        let record = try draft.certify(server, key: subjectPublicKeyInfo, in: topology, now: now)
        let step = try draft.advance(Change(issued: [record]), now: now, ledger: ledger)
        try Self.commit(step.entries, to: ledger)
        self = draft
        return Publication(epoch: draft.state.epoch, bundle: step.bundle, issued: [record], expectations: [])
    }

    /// Issues a user certificate. It needs no snapshot: no server has to know it.
    /// - Throws: `foreignUser` when the domain is not ours.
    public mutating func issue(
        userAOR aor: String, subjectPublicKeyInfo: [UInt8], now: WallTime, ledger: any Ledger
    ) throws(AuthorityError) -> CertificateRecord {
        let domain = aor.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).last.map(String.init)
        guard let domain, state.topology?.isOwn(sipDomain: domain) == true else { throw .foreignUser(aor: aor) }
        let key = KeyPin(subjectPublicKeyInfo: subjectPublicKeyInfo)
        guard !barred.contains(key) else { throw .keyBarred(subject: aor, key: key) }
        let record = try authority.issueUser(
            aor: aor, subjectPublicKeyInfo: subjectPublicKeyInfo, now: now, chance: &chance)
        try Self.commit([.certificate(record)], to: ledger)
        return record
    }

    /// Publishes that the user directory has a new sequence. Nil when it is not higher than the one published.
    public mutating func publish(
        directorySequence sequence: UInt64, now: WallTime, ledger: any Ledger
    ) throws(AuthorityError) -> Publication? {
        guard sequence > directorySequence else { return nil }
        var draft = self
        draft.directorySequence = sequence
        let step = try draft.advance(Change(), now: now, ledger: ledger)
        try Self.commit(step.entries + [.directorySequence(sequence)], to: ledger)
        self = draft
        return Publication(epoch: draft.state.epoch, bundle: step.bundle, issued: [], expectations: [])
    }

    // MARK: Handing out

    /// The chains for a server's pinned keys as last issued, leaf first, the current key's first. Expired ones are left
    /// out.
    public func chains(of server: String, at now: WallTime) -> [[[UInt8]]] {
        guard let record = state.topology?.server(named: server) else { return [] }
        return record.keys.compactMap { newest[$0] }.filter { $0.notAfter > now }.map(authority.chain)
    }

    /// What a server that has `epoch` is to get.
    /// - Parameter directory: The changes of the user directory since the sequence that the server told; they are left
    ///   out for servers that are neither front end nor director, and for those whose key is barred: verifiers are as good
    ///   as passwords, and a server that was broken into stays pinned until the next topology.
    /// - Parameter userEnded: The users who ended since; left out for servers that get the directory itself.
    public func delivery(
        to server: String, since epoch: TrustEpoch, directory: DirectoryChanges?, userEnded: EndedUsers? = nil,
        now: WallTime
    ) -> NodeDelivery {
        NodeDelivery(
            bundle: state.bundle(since: epoch), chains: chains(of: server, at: now),
            directory: givesDirectory(to: server) ? directory : nil, userEnded: keepsUsers(server) ? nil : userEnded)
    }

    /// Whether the server authenticates users: a front end or a director.
    public func keepsUsers(_ server: String) -> Bool {
        state.topology?.roles(of: server).authenticatesUsers == true
    }

    /// Whether the server is sent the user directory: it keeps users, and none of its keys is barred.
    public func givesDirectory(to server: String) -> Bool { keepsUsers(server) && !isBarred(server) }

    /// Whether any key of the server is barred: one machine holds them all.
    private func isBarred(_ server: String) -> Bool {
        state.topology?.server(named: server)?.keys.contains(where: barred.contains) ?? false
    }

    /// What a server that joins by file takes home.
    /// - Throws: `unknownServer` when the published topology does not name it.
    public func admission(of server: String, now: WallTime) throws(AuthorityError) -> NodeAdmission {
        guard let topology = state.topology, topology.server(named: server) != nil,
            let authorityServer = topology.servers(with: .authority).first
        else { throw .unknownServer(name: server) }
        return NodeAdmission(
            name: server, authority: authorityServer.name, root: state.verifiedRoot.envelope,
            bundle: state.bundle(since: TrustEpoch(0)), chains: chains(of: server, at: now))
    }

    // MARK: Renewing

    /// What `renew` did, and what it could not do alone.
    public struct Renewal: Sendable {
        /// The new snapshot; nil when nothing was due.
        public let publication: Publication?
        /// What a person has to do.
        public let needs: [AuthorityNeed]
    }

    /// Does what is due: server certificates past half of their life, for the same pinned keys; CRL and snapshot past
    /// half of theirs; the timestamp. To be called on start and then every `AuthorityTimes.renewalPeriod`.
    public mutating func renew(now: WallTime, ledger: any Ledger) throws(AuthorityError) -> Renewal {
        let needs = needs(at: now)
        guard authority.issuingNotAfter > now, let topology = state.topology else {
            return Renewal(publication: nil, needs: needs)
        }
        var draft = self
        let issued = try draft.certifyDue(in: topology, now: now)
        let isBehind = try isListBehind(ledger)
        let listIsDue = isBehind || isListDue(at: now)
        guard !issued.isEmpty || listIsDue || isSnapshotDue(at: now) else {
            return Renewal(publication: nil, needs: needs)
        }
        let step = try draft.advance(Change(issued: issued, renewsList: listIsDue), now: now, ledger: ledger)
        try Self.commit(step.entries, to: ledger)
        self = draft
        return Renewal(
            publication: Publication(epoch: draft.state.epoch, bundle: step.bundle, issued: issued, expectations: []),
            needs: needs)
    }

    /// A new timestamp for the same snapshot, when the last one is `AuthorityTimes.timestampPeriod` old; nil before.
    public mutating func stamp(now: WallTime) throws(AuthorityError) -> SignedEnvelope? {
        guard let snapshot = state.verifiedSnapshot?.envelope, let last = state.timestamp else { return nil }
        guard now - last.header.issued >= AuthorityTimes.timestampPeriod else { return nil }
        let stamp = try timestamp(of: snapshot, epoch: state.epoch, now: now)
        state = try Self.apply(TrustBundle(timestamp: stamp), to: state, now: now)
        return stamp
    }

    /// What a person has to do, most urgent first.
    public func needs(at now: WallTime) -> [AuthorityNeed] {
        var needs: [AuthorityNeed] = []
        if authority.issuingNotAfter <= now {
            needs.append(.issuingExpired(notAfter: authority.issuingNotAfter))
        }
        if let topology = state.verifiedTopology?.content.header {
            if topology.expires <= now {
                needs.append(.topologyExpired(at: topology.expires))
            } else if topology.expires <= now + AuthorityTimes.topologyWarning {
                needs.append(.topologyExpires(at: topology.expires))
            }
        }
        for server in state.topology?.servers ?? [] {
            if server.keys.contains(where: barred.contains) {
                needs.append(.newKey(server: server.name))
            } else if !server.keys.contains(where: { newest[$0] != nil }) {
                needs.append(.enrolment(server: server.name))
            }
        }
        if authority.issuingNotAfter > now, authority.isIssuingPastHalf(at: now) {
            needs.append(.issuingExpires(notAfter: authority.issuingNotAfter))
        }
        return needs
    }
}
