public import Basis

/// What a decision judges by: an immutable snapshot of the trust state, the policy, and the time.
///
/// Making one reads every root certificate once. Make one for each epoch, copy it, and set `now` for each decision.
public struct TrustContext: Sendable {
    /// The verified state; nil on a user's machine, which knows roots only.
    public let state: TrustState?
    /// The topology that counts; nil on a user's machine and before the first topology came.
    public let topology: Topology?
    /// What is done under which condition.
    public let policy: TrustPolicy
    /// The time of the decision: the later of the system's, to which it is set, and that of the newest verified timestamp.
    public var now: WallTime {
        didSet {
            guard let state else { return }
            isClockDoubtful = state.isClockDoubtful(now, by: policy.clockOffsetMax)
            now = state.effectiveTime(now)
        }
    }
    /// The FQDN of the server that decides; nil where no server does (a command, a user's machine).
    public let ownServer: String?
    /// The number of the snapshot that this context was made from.
    public let epoch: TrustEpoch
    /// Whether our clock is further from the authority's timestamps than `TrustPolicy.clockOffsetMax`. Follows `now`.
    public var isClockDoubtful = false
    let anchors: TrustAnchors
    let chains: ChainMemory
    private let revocation: RevocationState?

    /// The context of a server, or of a command that judges as this server. A server gives the `chains` of one epoch to the
    /// context of the next.
    public init(
        state: TrustState, policy: TrustPolicy = .standard, now: WallTime, ownServer: String?,
        publicRoots: [CertificateFacts] = [], chains: ChainMemory = ChainMemory()
    ) {
        self.chains = chains
        self.state = state
        self.topology = state.topology
        self.policy = policy
        self.now = state.effectiveTime(now)
        self.isClockDoubtful = state.isClockDoubtful(now, by: policy.clockOffsetMax)
        self.ownServer = ownServer
        self.epoch = state.epoch
        self.revocation = state.revocation
        self.anchors = TrustAnchors(
            enterprise: state.enterpriseRootFacts,
            named: TrustAnchors.read(state.topology?.roots ?? []), publicRoots: publicRoots)
    }

    /// The same context with another topology, signed or not: what would be decided if it were published.
    public init(trying topology: Topology, insteadOf context: TrustContext) {
        self.state = context.state
        self.topology = topology
        self.policy = context.policy
        self.now = context.now
        self.ownServer = context.ownServer
        self.epoch = context.epoch
        self.isClockDoubtful = context.isClockDoubtful
        self.revocation = context.revocation
        self.chains = context.chains
        self.anchors = TrustAnchors(
            enterprise: context.anchors.enterprise, named: TrustAnchors.read(topology.roots),
            publicRoots: context.anchors.publicRoots)
    }

    /// The same context for another server.
    public init(_ context: TrustContext, asServer name: String) {
        self.state = context.state
        self.topology = context.topology
        self.policy = context.policy
        self.now = context.now
        self.ownServer = name
        self.epoch = context.epoch
        self.isClockDoubtful = context.isClockDoubtful
        self.revocation = context.revocation
        self.chains = context.chains
        self.anchors = context.anchors
    }

    /// The context of a user's machine, which knows the roots (DER) of its organisation and nothing else: for links to a
    /// `Dialled.registrar`. No revocation is looked at. Roots that cannot be read are left out.
    public init(roots: [[UInt8]], now: WallTime) {
        self.init(roots: roots, revocation: nil, now: now)
    }

    /// The same with revocation lists (DER), which one of the roots, or of the `issuers` at hand (DER), must have signed.
    public init(roots: [[UInt8]], lists: [[UInt8]], issuers: [[UInt8]], now: WallTime) throws(TrustStateError) {
        let signers = (roots + issuers).compactMap { try? CertificateFacts(der: $0) }
        var revocation = RevocationState()
        for list in lists { _ = try revocation.apply(list, issuers: signers) }
        self.init(roots: roots, revocation: revocation, now: now)
    }

    private init(roots: [[UInt8]], revocation: RevocationState?, now: WallTime) {
        self.state = nil
        self.topology = nil
        self.policy = .standard
        self.now = now
        self.ownServer = nil
        self.epoch = TrustEpoch(0)
        self.revocation = revocation
        self.chains = ChainMemory()
        self.anchors = TrustAnchors(
            enterprise: roots.compactMap { try? CertificateFacts(der: $0) }, named: [:], publicRoots: [])
    }

    /// What the trust state knows about revocations by the holder of this key.
    func revocation(by issuer: CertificateFacts) -> IssuerRevocation? {
        revocation?[issuer.keyPin]
    }

    /// Whether the topology has expired. One that is only tried has not.
    var isTopologyExpired: Bool { state?.isTopologyExpired(now) ?? false }
}

/// Root certificates by what they may vouch for, read once.
struct TrustAnchors: Sendable {
    let enterprise: [CertificateFacts]
    let named: [String: CertificateFacts]
    let publicRoots: [CertificateFacts]

    /// The roots with these names.
    func roots(named names: [String]) -> [CertificateFacts] {
        names.compactMap { named[$0] }
    }

    static func read(_ roots: [NamedRoot]) -> [String: CertificateFacts] {
        var result: [String: CertificateFacts] = [:]
        for root in roots { result[root.name] = try? CertificateFacts(der: root.certificate) }
        return result
    }
}
