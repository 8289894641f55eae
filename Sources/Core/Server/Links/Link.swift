import Basis
import Trust

/// Who stands at the other end of a link, by one decision: the proof, and what the decision saw. One object, which the link
/// and every request that came over it share.
final class LinkProof: Sendable {
    /// The proof of admission: class, identity, validity.
    let peer: VerifiedPeer
    /// What the decision saw, kept so that it can be made again.
    let evidence: LinkEvidence
    /// The class that the decision gave.
    let peerClass: PeerClass
    /// The other end's address as it stands in a Via; empty when it is not known.
    let source: [UInt8]
    /// The name of a partner's record; empty for any other class.
    let partnerName: [UInt8]

    init(_ peer: VerifiedPeer, _ evidence: LinkEvidence) {
        self.peer = peer
        partnerName = Array((peer.recordName ?? "").utf8)
        self.evidence = evidence
        peerClass = peer.peerClass
        source = evidence.remoteAddress.map { Array($0.host.utf8) } ?? []
    }
}

/// One admitted connection, as the server sees it.
struct Link {
    /// What ends with a link besides itself. Apart, because few links have any: a copy of the others counts nothing for it.
    private struct Ties {
        var registered: [[UInt8]] = []
        var writers: Set<ShardID> = []
    }

    /// By whom the link is held, and how that is known.
    private(set) var proof: LinkProof
    /// One, or none.
    private var ties: [Ties] = []
    /// Whether we dialled: such a link carries our requests out and responses back, never requests in.
    let isOutbound: Bool
    /// Whether a user was ever proven here, or the peer needs no proof; others must hurry (E704).
    var isProven: Bool
    /// When a user was last proven here.
    var provenAt = Instant.zero
    /// Whether a whole message ever came here.
    var hasSpoken = false
    /// Broken messages that came here, as far as they are counted.
    var violations: UInt8 = 0
    /// What its requests have used of their allowance.
    var bucket = TokenBucket()
    /// Until when it is not read, because it asked for too much.
    var heldUntil = Instant.zero
    /// Since when bytes wait for a reader that stands still; nil while none do.
    var congestedSince: Instant?

    init(_ peer: VerifiedPeer, _ evidence: LinkEvidence) {
        proof = LinkProof(peer, evidence)
        isOutbound = evidence.direction.isOutbound
        isProven = peer.peerClass != .client
    }

    /// The proof of admission: class, identity, validity.
    var peer: VerifiedPeer { proof.peer }

    /// What the decision saw, kept so that it can be made again.
    var evidence: LinkEvidence { proof.evidence }

    /// The class that the decision gave.
    var peerClass: PeerClass { proof.peerClass }

    /// The other end's address as it stands in a Via; empty when it is not known.
    var source: [UInt8] { proof.source }

    /// The addresses-of-record with a binding on this flow, so that they end with it.
    var registered: [[UInt8]] { ties.first?.registered ?? [] }

    /// The other shards that wrote here: they have transactions that end with the connection.
    var writers: Set<ShardID> { ties.first?.writers ?? [] }

    /// Ties an address-of-record to the link, or unties it.
    mutating func setRegistered(_ aor: [UInt8], _ isRegistered: Bool) {
        tie { ties in
            ties.registered.removeAll { $0 == aor }
            if isRegistered { ties.registered.append(aor) }
        }
    }

    /// Remembers that a shard wrote here.
    mutating func addWriter(_ shard: ShardID) {
        tie { $0.writers.insert(shard) }
    }

    private mutating func tie(_ change: (inout Ties) -> Void) {
        if ties.isEmpty { ties.append(Ties()) }
        change(&ties[0])
    }

    /// Takes the proof of a later decision about the same evidence.
    mutating func readmit(_ peer: VerifiedPeer) {
        proof = LinkProof(peer, evidence)
    }

    /// Whether bytes wait for a reader that stands still.
    var isCongested: Bool { congestedSince != nil }

    /// Whether bytes have waited all the time that a slow reader is given.
    func hasStoodStill(until now: Instant) -> Bool {
        congestedSince.map { now - $0 >= ServerLimits.congestionLifetime } ?? false
    }

    /// What the way of a message in asks of its link.
    struct Glance {
        let proof: LinkProof
        let isOutbound: Bool
        let isProven: Bool
        let hasSpoken: Bool
        let violations: UInt8

        /// Server transactions that may run here at once. Links between servers carry those of many users.
        var requestsMax: Int {
            guard proof.peerClass == .client else { return .max }
            return isProven ? ServerLimits.transactionsOfClientMax : ServerLimits.transactionsUnprovenMax
        }
    }

    var glance: Glance {
        Glance(
            proof: proof, isOutbound: isOutbound, isProven: isProven, hasSpoken: hasSpoken, violations: violations)
    }
}

/// What a sweep or a handshake decided about one link.
enum Admission {
    case admitted(VerifiedPeer, Trace)
    case refused(Refusal, Trace)
}

/// Every link of a shard, and the only place that calls `decide`.
///
/// A link is registered here by the same step that decides it, and a change of trust is an input like any other: a link
/// that was decided before the change is in the table when the sweep runs, one that comes after is decided by the new
/// context. None slips between.
struct LinkTable {
    private(set) var links: SlotTable<Link>
    private(set) var context: TrustContext

    init(shard: ShardID, context: TrustContext) {
        links = SlotTable(shard: shard, following: true)
        self.context = context
    }

    /// The names of all links, by slot.
    var ids: [ConnectionID] { links.ids }

    /// The link, while it lives.
    subscript(id: ConnectionID) -> Link? { links[id] }

    /// A part of the link without a copy of the rest.
    mutating func glance(at id: ConnectionID) -> Link.Glance? { links.update(id) { $0.glance } }

    /// Takes what a request costs from the link's bucket; false when there is not as much, or no link.
    mutating func take(
        _ charge: Charge, of allowance: Allowance, cut: UInt8, from id: ConnectionID, at now: Instant
    ) -> Bool {
        links.update(id) { $0.bucket.take(charge, of: allowance, cut: cut, at: now) } ?? false
    }

    /// Changes a link in place; nothing happens when it has gone.
    mutating func modify(_ id: ConnectionID, _ change: (inout Link) -> Void) {
        _ = links.update(id, change)
    }

    /// Decides about a new link and registers it when it is admitted.
    mutating func establish(_ id: ConnectionID, _ evidence: LinkEvidence, at wall: WallTime) -> Admission {
        context.now = wall
        switch decide(evidence, in: context) {
        case .admitted(let peer, let trace):
            guard links.adopt(Link(peer, evidence), as: id) else {
                return .refused(Refusal.limit(.connections, seen: "slot of \(id) is taken"), trace)
            }
            return .admitted(peer, trace)
        case .refused(let refusal, let trace):
            return .refused(refusal, trace)
        }
    }

    /// Decides again about one link, at the moment when its certificate ends; nil when it may stay.
    mutating func judge(_ id: ConnectionID, at wall: WallTime) -> (refusal: Refusal, trace: Trace)? {
        context.now = wall
        guard var evidence = links[id]?.evidence else { return nil }
        evidence.isLive = true
        switch decide(evidence, in: context) {
        case .admitted: return nil
        case .refused(let refusal, let trace): return (refusal, trace)
        }
    }

    /// Takes a link out.
    mutating func remove(_ id: ConnectionID) -> Link? { links.remove(id) }

    /// Decides again about every link, now that the context has changed; the links that are refused are still in the
    /// table when this returns, and the caller closes them.
    mutating func sweep(by new: TrustContext) -> [(id: ConnectionID, refusal: Refusal, trace: Trace, link: Link)] {
        context = new
        var refused: [(id: ConnectionID, refusal: Refusal, trace: Trace, link: Link)] = []
        for id in links.ids {
            guard let link = links[id] else { continue }
            // Some rows of the condition table refuse new links and keep those that were checked before.
            var evidence = link.evidence
            evidence.isLive = true
            switch decide(evidence, in: new) {
            case .admitted(let peer, _):
                modify(id) { $0.readmit(peer) }
            case .refused(let refusal, let trace):
                refused.append((id, refusal, trace, link))
            }
        }
        return refused
    }
}
