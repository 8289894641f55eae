import Basis
import SIP
import Transactions
import Trust

/// Links come, are judged, and go.
extension Server {
    mutating func established(
        _ id: ConnectionID, _ evidence: LinkEvidence, at moment: Moment, into outputs: inout Outputs
    ) {
        switch links.establish(id, evidence, at: moment.wall) {
        case .admitted(let peer, let trace):
            guard !isDraining else {
                _ = links.remove(id)
                outputs.items.append(.close(id, .done))
                return
            }
            counters.admit(peer.peerClass)
            outputs.event(.linkAdmitted(id, peer, evidence, trace))
            outputs.items.append(.admit(id, peer))
            if peer.peerClass == .client {
                for duty in [LinkDeadlines.Duty.speak, .prove] { deadlines.start(duty, of: id, at: moment.now) }
            }
            // RFC 5280 §4.1.2.5: the last second is still inside.
            if let end = peer.notAfter { deadlines.expire(id, at: moment.now + (end - moment.wall) + .seconds(1)) }
            if case .outbound(let target) = evidence.direction {
                for waiting in dialler.established(target, as: id) {
                    switch waiting {
                    case .branch(let branch, let context):
                        send(branch: branch, of: context, over: id, at: moment, into: &outputs)
                    case .acknowledgement(let bytes): write(bytes, to: id, into: &outputs)
                    }
                }
            }
        case .refused(let refusal, let trace):
            counters.refused[refusal.code, default: 0] += 1
            outputs.event(.linkRefused(id, refusal, evidence, trace, links.context.epoch))
            outputs.items.append(.close(id, .refused(refusal.code)))
            if case .outbound(let target) = evidence.direction {
                let failure = Dialler.Failure(code: refusal.code, why: refusal.seen)
                failWaiting(for: target, failure, at: moment, into: &outputs)
            }
        }
    }

    mutating func dialFailed(_ target: Dialled, why: String, at moment: Moment, into outputs: inout Outputs) {
        outputs.event(.dialFailed(target, why: why))
        failWaiting(for: target, Dialler.Failure(code: nil, why: why), at: moment, into: &outputs)
    }

    private mutating func failWaiting(
        for target: Dialled, _ failure: Dialler.Failure, at moment: Moment, into outputs: inout Outputs
    ) {
        for waiting in dialler.failed(target, failure, at: moment.now, chance: &chance) {
            guard case .branch(let branch, let context) = waiting else { continue }
            branchFailed(branch, of: context, failure, at: moment, into: &outputs)
        }
    }

    mutating func closed(_ id: ConnectionID, at moment: Moment, into outputs: inout Outputs) {
        guard let link = links.remove(id) else { return }
        forget(link, id, at: moment, into: &outputs)
        outputs.event(.linkClosed(id, link.peer))
    }

    /// What ends with a link: its place among the dialled ones, the proofs and bindings of its flow, and the
    /// transactions that were running over it.
    private mutating func forget(_ link: Link, _ id: ConnectionID, at moment: Moment, into outputs: inout Outputs) {
        counters.live[link.peerClass, default: 1] -= 1
        dialler.closed(id)
        if link.peer.notAfter != nil { deadlines.forget(id) }
        if link.peerClass == .client {
            shared.proven.forget(.direct(id))
            for aor in link.registered { endBindings(of: aor, on: .direct(id), at: moment, into: &outputs) }
        }
        endTransactions(on: id, at: moment, into: &outputs)
        for writer in link.writers.sorted(by: { $0.number < $1.number }) {
            outputs.items.append(.post(writer, MailBox(.connectionEnded(id, epoch: links.context.epoch))))
        }
    }

    /// The connection has gone, here or on another shard.
    mutating func endTransactions(on id: ConnectionID, at moment: Moment, into outputs: inout Outputs) {
        var events: [TransactionEvent] = []
        transactions.connectionClosed(id, into: &events)
        for event in events { transactionEvent(event, at: moment, into: &outputs) }
    }

    mutating func congested(
        _ id: ConnectionID, _ isCongested: Bool, at moment: Moment, into outputs: inout Outputs
    ) {
        links.modify(id) { $0.congestedSince = isCongested ? $0.congestedSince ?? moment.now : nil }
        if isCongested { deadlines.start(.read, of: id, at: moment.now) }
    }

    mutating func closeOverdueLinks(at moment: Moment, into outputs: inout Outputs) {
        while let (duty, id) = deadlines.takeOverdue(until: moment.now) {
            guard let link = links[id] else { continue }
            switch duty {
            case .speak where !link.hasSpoken, .prove where !link.isProven,
                .renew where moment.now - link.provenAt >= ServerLimits.unrenewedLifetime,
                .read where link.hasStoodStill(until: moment.now):
                counters.refused[.e704, default: 0] += 1
                outputs.items.append(.close(id, .limit(.e704)))
            case .renew:
                deadlines.start(.renew, of: id, at: moment.now)
            case .speak, .prove, .read:
                break
            case .expire:
                // trust.md, Continuous trust: a link ends at the peer's notAfter, whether the authority is heard of or not.
                guard let (refusal, trace) = links.judge(id, at: moment.wall) else { continue }
                cut(id, link, refusal, trace, at: moment, into: &outputs)
            }
        }
    }

    /// The trust changed: every link is judged again, users that ended lose flows and bindings, and the sweep is reported.
    mutating func trustChanged(_ update: TrustUpdate, at moment: Moment, into outputs: inout Outputs) {
        directory = update.directory
        usualAlgorithm = directory.usualAlgorithm
        surroundings = Surroundings(context: update.context)
        dialler.forgetFailures()
        let refused = links.sweep(by: update.context)
        for (id, refusal, trace, link) in refused {
            cut(id, link, refusal, trace, at: moment, into: &outputs)
        }
        endUsers(update, at: moment, into: &outputs)
        outputs.event(.swept(update.context.epoch, linksClosed: refused.count))
    }

    private mutating func cut(
        _ id: ConnectionID, _ link: Link, _ refusal: Refusal, _ trace: Trace, at moment: Moment,
        into outputs: inout Outputs
    ) {
        counters.refused[refusal.code, default: 0] += 1
        outputs.event(.linkCut(id, refusal, link.evidence, trace, links.context.epoch))
        outputs.items.append(.close(id, .refused(refusal.code)))
        _ = links.remove(id)
        forget(link, id, at: moment, into: &outputs)
    }

    /// Accounts were disabled, removed or given new passwords: their proofs, bindings and connections end.
    private mutating func endUsers(_ update: TrustUpdate, at moment: Moment, into outputs: inout Outputs) {
        let ended = Set(update.endedUsers.map { Array($0.utf8) })
        guard !ended.isEmpty || update.endsEverybody else { return }
        var flows = ended.flatMap { endUser($0, at: moment, into: &outputs) }
        // At an edge there is neither proof nor binding, but the home server named the user of each flow.
        flows += links.ids.filter { id in
            guard let users = links[id]?.registered else { return false }
            return update.endsEverybody ? !users.isEmpty : users.contains(where: ended.contains)
        }.map { .direct($0) }
        var done: Set<Flow> = []
        for flow in flows where done.insert(flow).inserted { endFlow(flow, at: moment, into: &outputs) }
    }

    /// Ends what an account has, and returns the flows that it had it on.
    private mutating func endUser(_ aor: [UInt8], at moment: Moment, into outputs: inout Outputs) -> [Flow] {
        let flows = shared.proven.forgetEverywhere(aor)
        var bound: [Binding] = []
        let (_, change) = shared.location.update(aor, at: moment.wall) { bindings in
            swap(&bound, &bindings)
            return !bound.isEmpty
        }
        if let change { record(change, into: &outputs) }
        return flows + bound.compactMap(\.flow)
    }

    private mutating func endFlow(_ flow: Flow, at moment: Moment, into outputs: inout Outputs) {
        // A flow at an edge is the edge's to close; here its proofs are gone, so its next request is challenged in vain.
        guard case .direct(let id) = flow else { return }
        if id.shard == shard {
            outputs.items.append(.close(id, .done))
        } else {
            outputs.items.append(.post(id.shard, MailBox(.endFlow(id, epoch: links.context.epoch))))
        }
    }
}

extension Outputs {
    mutating func event(_ event: ServerEvent) {
        items.append(.event(EventBox(event)))
    }

    /// Tells of a single message, when that is wanted: the event is not even made otherwise.
    mutating func detail(_ event: @autoclosure () -> ServerEvent) {
        if tellsEachMessage { self.event(event()) }
    }
}
