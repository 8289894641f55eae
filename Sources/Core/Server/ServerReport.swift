public import Basis
public import Trust

/// One live link, as `entente connections` shows it.
public struct LinkReport: Sendable {
    /// Its number.
    public let id: ConnectionID
    /// What the decision proved.
    public let peer: VerifiedPeer
    /// What the decision saw.
    public let evidence: LinkEvidence
    /// The users proven on it, oldest first; empty for anything but a client's connection.
    public let users: [String]
}

extension Server {
    /// Every live link of this shard, by slot.
    public func linkReports(at now: Instant) -> [LinkReport] {
        links.ids.compactMap { id in
            guard let link = links[id] else { return nil }
            let users = shared.proven.users(on: .direct(id), at: now).map { String(decoding: $0, as: UTF8.self) }
            return LinkReport(id: id, peer: link.peer, evidence: link.evidence, users: users)
        }
    }

    /// Requests under way: transactions of both kinds, and answers that wait for the journal.
    public var runningTransactions: Int {
        contexts.count + journal.count
    }

    /// Requests that still want an answer: those that were sent on, and those that wait for the journal. An INVITE that was
    /// answered is not among them, although its transaction stays for a while.
    public var unansweredRequests: Int {
        contexts.unansweredCount + journal.count
    }

    /// The epoch by which every link of this shard was judged.
    public var epoch: TrustEpoch { links.context.epoch }
}
