public import Basis
public import X509

/// The verified trust state of one network at one epoch: immutable, the same on every server that has the epoch.
///
/// It changes by `applying` a bundle, which makes a new one or throws and leaves this one as it was. Nothing in it goes
/// back: no version, no CRL number, no known revocation.
///
/// Deviation: an expired object is still taken in, against TUF §5.4.4, because a network must outlive its authority.
/// What expiry refuses is decided where it is used: see `isTopologyExpired` and `isTimestampStale`.
public final class TrustState: Sendable {
    /// The roots from the first one we trusted to the current one.
    public let roots: [VerifiedRoot]
    /// The topology with its proof; nil before the first bundle.
    public let verifiedTopology: VerifiedTopology?
    /// The snapshot with its proof; nil before the first bundle.
    public let verifiedSnapshot: VerifiedSnapshot?
    /// The timestamp with its proof; nil before the first bundle.
    public let verifiedTimestamp: VerifiedTimestamp?
    /// When the timestamp was taken in, by our own clock: what the offset of our clock is judged from. Nil also for one that
    /// was loaded after a restart.
    public let timestampReceived: WallTime?
    /// Every revocation that we know.
    public let revocation: RevocationState

    /// At which epoch each object came in, for `bundle(since:)`. After a restart: the epoch of the restart.
    let introduced: Introduced
    private let currentRoot: VerifiedRoot
    private let authorities: EnterpriseAuthorities
    private let named: NamedAuthorities

    /// The epochs in which objects came in.
    struct Introduced: Sendable {
        var roots: [UInt64: TrustEpoch] = [:]
        var topology = TrustEpoch(0)
        var crls: [KeyPin: TrustEpoch] = [:]
    }

    private init(
        roots: [VerifiedRoot], current: VerifiedRoot, authorities: EnterpriseAuthorities, named: NamedAuthorities,
        topology: VerifiedTopology?, snapshot: VerifiedSnapshot?, timestamp: VerifiedTimestamp?, received: WallTime?,
        revocation: RevocationState, introduced: Introduced
    ) {
        self.roots = roots
        self.currentRoot = current
        self.authorities = authorities
        self.named = named
        self.verifiedTopology = topology
        self.verifiedSnapshot = snapshot
        self.verifiedTimestamp = timestamp
        self.timestampReceived = received
        self.revocation = revocation
        self.introduced = introduced
    }

    /// The state that knows a root and nothing else, at epoch 0: the beginning of trust.
    /// - Parameter expectedHash: the hash of the root from the invitation; nil only for what our own disk kept.
    public static func initial(root bytes: [UInt8], expectedHash: [UInt8]?) throws(TrustStateError) -> TrustState {
        let envelope: SignedEnvelope
        do {
            envelope = try SignedEnvelope(parsing: bytes)
        } catch {
            throw TrustStateError(.root, .malformed(error.description))
        }
        let root = try VerifiedRoot(first: envelope, expectedHash: expectedHash)
        return TrustState(
            roots: [root], current: root, authorities: try EnterpriseAuthorities(root.content),
            named: NamedAuthorities(nil), topology: nil, snapshot: nil, timestamp: nil, received: nil,
            revocation: RevocationState(), introduced: Introduced())
    }

    /// The state of a server that joins: `bundle` holds the root whose hash the invitation names, and everything else.
    public static func joining(
        _ bundle: TrustBundle, expectedRootHash: [UInt8], now: WallTime
    ) throws(TrustStateError) -> TrustState {
        guard let root = bundle.roots.first(where: { $0.hash == expectedRootHash }) else {
            throw TrustStateError(.root, .wrongHash(promisedBy: "invitation"))
        }
        return try initial(root: root.bytes, expectedHash: expectedRootHash).applying(bundle, now: now)
    }

    /// The state after `bundle`: roots, topology, CRLs, snapshot and timestamp, each verified, and all bound by
    /// snapshot and timestamp. What the bundle leaves out stays as it is; what it repeats changes nothing.
    public func applying(_ bundle: TrustBundle, now: WallTime) throws(TrustStateError) -> TrustState {
        let chain = try extendedRoots(bundle.roots)
        let rootVerified = chain.last ?? currentRoot
        let root = rootVerified.content
        // Whatever the old root's keys had signed must be good under the new one too.
        let rootChanged = rootVerified.hash != currentRoot.hash
        let topology = try Self.renewed(bundle.topology, verifiedTopology, again: rootChanged, .topology) {
            (envelope) throws(TrustStateError) in try VerifiedTopology(envelope, root: root, after: verifiedTopology)
        }
        let snapshot = try Self.renewed(bundle.snapshot, verifiedSnapshot, again: rootChanged, .snapshot) {
            (envelope) throws(TrustStateError) in try VerifiedSnapshot(envelope, root: root, after: verifiedSnapshot)
        }
        let timestamp = try Self.renewed(bundle.timestamp, verifiedTimestamp, again: rootChanged, .timestamp) {
            (envelope) throws(TrustStateError) in try VerifiedTimestamp(envelope, root: root, after: verifiedTimestamp)
        }
        let authorities = rootChanged ? try EnterpriseAuthorities(root) : self.authorities
        let topologyChanged = topology.hash != verifiedTopology?.hash
        let named = topologyChanged ? NamedAuthorities(topology.content.topology) : self.named
        var revocation = self.revocation
        let issuers = Self.issuers(authorities, named)
        for der in bundle.crls {
            let issuer = try revocation.apply(der, issuers: issuers)
            if snapshot.content.crls[issuer] == nil {
                throw TrustStateError(.revocationList, .wrongHash(promisedBy: "snapshot"))
            }
        }
        try Self.requireBinding(rootVerified, topology, revocation, of: Set(issuers.map(\.keyPin)), snapshot, timestamp)
        let introduced = self.introduced.updated(
            roots: chain, topologyChanged: topologyChanged, before: self.revocation, after: revocation,
            epoch: snapshot.content.epoch)
        return TrustState(
            roots: chain, current: rootVerified, authorities: authorities, named: named, topology: topology,
            snapshot: snapshot, timestamp: timestamp,
            received: timestamp.hash == verifiedTimestamp?.hash ? timestampReceived : now, revocation: revocation,
            introduced: introduced)
    }

    /// The same state after a restart, with the revocations that were known before.
    func remembering(_ serials: [KeyPin: Set<[UInt8]>]) -> TrustState {
        var revocation = self.revocation
        for (issuer, numbers) in serials { revocation.remember(numbers, issuer: issuer) }
        return TrustState(
            roots: roots, current: currentRoot, authorities: authorities, named: named, topology: verifiedTopology,
            snapshot: verifiedSnapshot, timestamp: verifiedTimestamp, received: nil,
            revocation: revocation, introduced: introduced)
    }

    /// The CAs whose lists count: those that the root names, and the roots that the topology names.
    var issuers: [CertificateFacts] { Self.issuers(authorities, named) }

    /// The same once the roots and the topology of `bundle` are taken in.
    func issuers(after bundle: TrustBundle) throws(TrustStateError) -> [CertificateFacts] {
        let root = try extendedRoots(bundle.roots).last ?? currentRoot
        let topology = bundle.topology.flatMap { try? TopologyObject(json: $0.signed).topology } ?? topology
        return Self.issuers(try EnterpriseAuthorities(root.content), NamedAuthorities(topology))
    }

    private static func issuers(_ authorities: EnterpriseAuthorities, _ named: NamedAuthorities) -> [CertificateFacts] {
        authorities.issuing + authorities.roots + named.all
    }

    /// Roots that we have already are passed over; every later one must follow the one before.
    private func extendedRoots(_ envelopes: [SignedEnvelope]) throws(TrustStateError) -> [VerifiedRoot] {
        var chain = roots
        var last = currentRoot
        for envelope in envelopes {
            let version = UInt64(clamping: envelope.signed["version"]?.integerValue ?? 0)
            if version > last.content.header.version {
                last = try VerifiedRoot(envelope, after: last)
                chain.append(last)
            } else if version == last.content.header.version, envelope.hash != last.hash {
                throw TrustStateError(.root, .forked(version: version))
            }
        }
        return chain
    }

    private static func renewed<Content>(
        _ new: SignedEnvelope?, _ old: VerifiedObject<Content>?, again: Bool, _ kind: TrustObjectKind,
        verify: (SignedEnvelope) throws(TrustStateError) -> VerifiedObject<Content>
    ) throws(TrustStateError) -> VerifiedObject<Content> {
        if let new, new.hash != old?.hash || again { return try verify(new) }
        guard let old else { throw TrustStateError(kind, .missing) }
        return again ? try verify(old.envelope) : old
    }

    /// TUF §5.4 to §5.6: the timestamp names the snapshot, the snapshot names everything else. The list of an issuer that
    /// has left the root and the topology is not asked for: nothing that it signed could be verified.
    private static func requireBinding(
        _ root: VerifiedRoot, _ topology: VerifiedTopology, _ revocation: RevocationState, of issuers: Set<KeyPin>,
        _ snapshot: VerifiedSnapshot, _ timestamp: VerifiedTimestamp
    ) throws(TrustStateError) {
        let named = snapshot.content
        guard named.root == ObjectReference(version: root.content.header.version, hash: root.hash) else {
            throw TrustStateError(.root, .wrongHash(promisedBy: "snapshot"))
        }
        guard named.topology == ObjectReference(version: topology.content.header.version, hash: topology.hash) else {
            throw TrustStateError(.topology, .wrongHash(promisedBy: "snapshot"))
        }
        for (issuer, reference) in named.crls.sorted(by: { $0.key < $1.key }) {
            guard let known = revocation[issuer]?.reference else {
                guard issuers.contains(issuer) else { continue }
                throw TrustStateError(.revocationList, .missing)
            }
            guard known == reference else {
                throw TrustStateError(.revocationList, .wrongHash(promisedBy: "snapshot"))
            }
        }
        guard timestamp.content.epoch == named.epoch, timestamp.content.snapshotHash == snapshot.hash else {
            throw TrustStateError(.snapshot, .wrongHash(promisedBy: "timestamp"))
        }
    }
}

extension TrustState.Introduced {
    fileprivate func updated(
        roots: [VerifiedRoot], topologyChanged: Bool, before: RevocationState, after: RevocationState, epoch: TrustEpoch
    ) -> Self {
        var result = self
        for root in roots where result.roots[root.content.header.version] == nil {
            result.roots[root.content.header.version] = epoch
        }
        if topologyChanged { result.topology = epoch }
        for issuer in after.issuers where after[issuer]?.hash != before[issuer]?.hash { result.crls[issuer] = epoch }
        return result
    }
}

extension TrustState {
    /// The number of the snapshot; 0 before the first.
    public var epoch: TrustEpoch { verifiedSnapshot?.content.epoch ?? TrustEpoch(0) }
    /// Who may sign what, and the enterprise's CAs.
    public var root: RootObject { currentRoot.content }
    /// The current root with its proof.
    public var verifiedRoot: VerifiedRoot { currentRoot }
    /// Who belongs to the network; nil before the first bundle.
    public var topology: Topology? { verifiedTopology?.content.topology }
    /// The current snapshot; nil before the first bundle.
    public var snapshot: SnapshotObject? { verifiedSnapshot?.content }
    /// The newest timestamp; nil before the first bundle.
    public var timestamp: TimestampObject? { verifiedTimestamp?.content }
    /// The roots of the enterprise's CA.
    public var enterpriseRoots: [Certificate] { authorities.roots.map(\.certificate) }
    /// The enterprise's issuing CAs.
    public var issuingAuthorities: [Certificate] { authorities.issuing.map(\.certificate) }
    /// The roots of the enterprise's CA, as the rules read them.
    public var enterpriseRootFacts: [CertificateFacts] { authorities.roots }
    /// The enterprise's issuing CAs, as the rules read them.
    public var issuingAuthorityFacts: [CertificateFacts] { authorities.issuing }

    /// The root certificate of this name in the topology, as the rules read it.
    public func facts(ofRoot name: String) -> CertificateFacts? { named[name] }

    /// The root certificate of this name in the topology; nil when there is none or it cannot be read.
    public func certificate(ofRoot name: String) -> Certificate? { named[name]?.certificate }

    /// The root certificates of these names in the topology, without those that are not there.
    public func certificates(ofRoots names: [String]) -> [Certificate] { names.compactMap { certificate(ofRoot: $0) } }
}
