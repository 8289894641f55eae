public import Basis

/// Decides about one link: who is at the other end, and whether it may be read.
///
/// Pure: no clock, no input but the arguments, the same answer for the same arguments; what the context remembers of chains
/// makes it fast and decides nothing. The code of a refusal is that of
/// the first rule that fails; the rules after it run for the trace only. Nothing else makes a `VerifiedPeer`.
///
/// Without a network at hand, a server's chain (DER, its own certificate first) is judged by roots, name and time:
///
///     let evidence = LinkEvidence(direction: .outbound(.registrar("fe1.example.org")), chain: chain)
///     let verdict = decide(evidence, in: TrustContext(roots: roots, now: now))
public func decide(_ evidence: LinkEvidence, in context: TrustContext) -> Verdict {
    var course = Course()
    course.take(HandshakeRule.check(evidence))
    let presented = context.chains.read(evidence.chain)
    course.take([PresentedChainRule.check(presented, evidence), AlgorithmRule.check(presented)])
    let (claim, classification) = Classification.claim(evidence, presented, in: context)
    course.take([classification, ListenerRule.check(claim, evidence)])
    guard let leaf = presented.leaf else {
        course.take([
            ClockRule.check(claim, isPinned: false, evidence, context), FederationRule.check(claim, context.topology),
            RolePairRule.check(claim, server: nil, context),
        ])
        return course.verdict { VerifiedPeer(unproven: claim, context) }
    }
    let found = PathBuilder.build(
        leaf: leaf, intermediates: presented.others, anchors: claim.roots(evidence, context), now: context.now)
    let subject = Case(evidence: evidence, context: context, claim: claim, leaf: leaf, path: found.path)
    course.take(claim.hasNoRecord ? [FederationRule.check(claim, context.topology)] : [])
    course.take(found.chain + [ConfinementRule.check(subject)] + found.time)
    course.take([ClockRule.check(claim, isPinned: TopologyRule.isPinned(subject), evidence, context)])
    course.take([IdentityRule.check(subject), UsageRule.check(subject), RevocationRule.check(subject)])
    course.take([NameRule.check(subject), FederationRule.check(claim, context.topology)])
    course.take(TopologyRule.check(subject))
    course.take([RolePairRule.check(claim, server: TopologyRule.server(subject), context)])
    return course.verdict {
        guard let path = found.path else { return nil }
        if claim.peerClass != .client { context.chains.keep(presented, of: evidence.chain) }
        return VerifiedPeer(proven: subject, by: path)
    }
}

/// A peer that was admitted to a class: the proof that `decide` said so. The code that reads SIP takes one.
public final class VerifiedPeer: Sendable {
    /// Its class.
    public let peerClass: PeerClass
    /// Server and application: its FQDN. Partner: the first domain of its record. Client: nil, until its user is proven.
    public let identity: String?
    /// The key of its record in the topology; nil for a client.
    public let recordName: String?
    /// A server's roles; empty for other classes.
    public let roles: Set<ServerRole>
    /// A partner's domains: what it may send from; empty for other classes.
    public let domains: [String]
    /// What an application may do.
    public let grant: ApplicationGrant?
    /// The address-of-record, `user@domain`, that a certificate of our user profile proves.
    public let userAOR: String?
    /// The identities of the certificate, for showing.
    public let provenNames: [String]
    /// The certificate's serial number, big-endian without leading zeros.
    public let serial: [UInt8]?
    /// The key of the certificate's issuer.
    public let issuerKey: KeyPin?
    /// The certificate's key.
    public let keyPin: KeyPin?
    /// When the first certificate of the path expires: the link ends then.
    public let notAfter: WallTime?
    /// The epoch in which it was admitted.
    public let epoch: TrustEpoch

    /// A device without certificate.
    fileprivate init?(unproven claim: Claim, _ context: TrustContext) {
        guard case .anonymous = claim else { return nil }
        peerClass = .client
        identity = nil
        recordName = nil
        roles = []
        domains = []
        grant = nil
        userAOR = nil
        provenNames = []
        serial = nil
        issuerKey = nil
        keyPin = nil
        notAfter = nil
        epoch = context.epoch
    }

    /// A peer whose certificate held every rule.
    fileprivate init(proven subject: Case, by path: CertificatePath) {
        let record = PeerRecord(subject)
        peerClass = subject.claim.peerClass
        identity = record.identity
        recordName = record.name
        roles = record.roles
        domains = record.domains
        grant = record.grant
        userAOR = record.userAOR
        provenNames = subject.leaf.names.sipIdentities
        serial = subject.leaf.serial
        issuerKey = path.issuer.keyPin
        keyPin = subject.leaf.keyPin
        notAfter = path.certificates.map(\.notAfter).min()
        epoch = subject.context.epoch
    }
}

/// The findings of one decision, in their order, and the first refusal among them.
private struct Course {
    private var trace = Trace()
    private var refusal: Refusal?

    mutating func take(_ findings: [Finding]) {
        for finding in findings {
            trace.steps.append(finding.step)
            refusal = refusal ?? finding.refusal
        }
    }

    /// `mint` is asked only when nothing refused. It has no answer only for a peer without a proof, and a decision that
    /// got that far without a refusal would have a hole: it refuses.
    func verdict(_ mint: () -> VerifiedPeer?) -> Verdict {
        if let refusal { return .refused(refusal, trace) }
        if let peer = mint() { return .admitted(peer, trace) }
        let missing = Refusal(
            code: .e101, seen: "no proof", expected: "a certificate", rule: "RFC 5922 §7.4", next: "entente check")
        return .refused(missing, trace)
    }
}
