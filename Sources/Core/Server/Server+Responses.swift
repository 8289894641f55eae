import Basis
import SIP
import Transactions
import Trust

/// RFC 3261 §16.7: responses on their way back, branches that end, and what another shard hands over.
extension Server {
    mutating func response(
        _ message: SIPMessage, on id: ConnectionID, at moment: Moment, into outputs: inout Outputs
    ) {
        // A branch that we did not write, or not for this connection, leads to no transaction: dropped (RFC 6026 §7.3).
        guard let response = try? ValidResponse(message), let branch = response.topVia.branch,
            let transaction = branches.transaction(in: branch)
        else { return }
        guard transaction.shard == shard else {
            let mail = Mail.response(message, from: id, epoch: links.context.epoch)
            outputs.items.append(.post(transaction.shard, MailBox(mail)))
            return
        }
        switch transactions.receive(
            status: message.status, method: response.cSeq.method, for: transaction, on: id, at: moment.now)
        {
        case .unknown, .absorbed:
            break
        case .provisional(let tag):
            provisional(message, transaction, tag, at: moment, into: &outputs)
        case .provisionalThenCancel(let tag):
            provisional(message, transaction, tag, at: moment, into: &outputs)
            writeCancel(for: transaction, of: tag, into: &outputs)
        case .success(let tag):
            final(message, transaction, tag, isInvite: true, at: moment, into: &outputs)
        case .final(let tag):
            final(message, transaction, tag, isInvite: false, at: moment, into: &outputs)
        case .failure(let tag):
            acknowledge(message, transaction, tag, into: &outputs)
            final(message, transaction, tag, isInvite: true, at: moment, into: &outputs)
        }
    }

    private mutating func provisional(
        _ message: SIPMessage, _ transaction: ClientTransactionID, _ tag: UInt64, at moment: Moment,
        into outputs: inout Outputs
    ) {
        let step = contexts.update(tag) { $0.proceed(transaction, status: message.status, at: moment.now) }
        guard let wayBack = step ?? nil, !refusesMedia(of: message) else { return }
        passBack(message, wayBack, at: moment, into: &outputs)
    }

    private mutating func final(
        _ message: SIPMessage, _ transaction: ClientTransactionID, _ tag: UInt64, isInvite: Bool, at moment: Moment,
        into outputs: inout Outputs
    ) {
        let status = Int(message.status)
        if status < 300, isInvite, refusesMedia(of: message) {
            return endBranch(of: transaction, tag, by: message, at: moment, into: &outputs)
        }
        let step = contexts.update(tag) { $0.finish(transaction, status: status) }
        guard let (branch, wayBack) = step ?? nil else { return }
        if let wayBack { passBack(message, wayBack, at: moment, into: &outputs) }
        if status >= 300 {
            if failed(message, branch: branch, of: tag, at: moment, into: &outputs) { return }
        } else if isInvite {
            _ = contexts.update(tag) { $0.cancelReason = Self.completedElsewhere }
            cancelBranches(of: tag, at: moment, into: &outputs)
        }
        settle(tag, at: moment, into: &outputs)
    }

    /// RFC 3326 §2: what the other branches are told when one was answered.
    private static let completedElsewhere = Array("SIP;cause=200;text=\"Call completed elsewhere\"".utf8)

    /// Keeps the best failure so far. Whether the branch goes on over another hop.
    private mutating func failed(
        _ message: SIPMessage, branch index: Int, of tag: UInt64, at moment: Moment, into outputs: inout Outputs
    ) -> Bool {
        guard let context = contexts[tag] else { return false }
        let (status, branch) = (Int(message.status), context.branches[index])
        if status == 430, branch.target.isInside { flowFailed(branch.target, at: moment, into: &outputs) }
        if status == 503, startNext(after: index, of: tag, at: moment, into: &outputs) { return true }
        if context.isBetter(status) {
            let passes = isForPreviousHop(status, from: branch)
            _ = contexts.update(tag) { $0.keep(status, passes ? message : nil, from: index) }
        }
        if status == 503, branch.target.isInside,
            let reason = message.elements(of: .reason).first(where: Self.isOwnReason)
        {
            _ = contexts.update(tag) { $0.reason = Array(reason) }
        }
        if status >= 600 { cancelBranches(of: tag, at: moment, into: &outputs) }
        return false
    }

    /// Decision 0009: whether a response to an INVITE describes media that the policy does not let through. The one place where an answer
    /// is looked at, and an offer that comes late.
    private func refusesMedia(of response: SIPMessage) -> Bool {
        guard surroundings.isFrontEnd else { return false }
        switch surroundings.media.judge(response) {
        case .passes: return false
        case .malformed, .unreadable, .open: return true
        }
    }

    /// A 2xx with media that may not be: its dialog is ended, and the branch has failed.
    private mutating func endBranch(
        of transaction: ClientTransactionID, _ tag: UInt64, by message: SIPMessage, at moment: Moment,
        into outputs: inout Outputs
    ) {
        guard let index = contexts[tag]?.branchIndex(of: transaction) else { return }
        endDialog(
            of: message, branch: index, of: tag, reason: "SIP;cause=488;text=\"Media must be SRTP\"", into: &outputs)
        complete(branch: index, of: tag, status: 488, at: moment, into: &outputs)
    }

    /// Whether a failure may go on as it came. RFC 5626 §11.2: 430 is for the server that keeps the binding, and ends
    /// there. RFC 3261 §16.7 step 6: 503 speaks of the hop that sent it, which for a client outside is its home server.
    private func isForPreviousHop(_ status: Int, from branch: ResponseContext.Branch) -> Bool {
        switch status {
        case 430: !surroundings.isFrontEnd
        case 503: !surroundings.isFrontEnd && branch.target.isInside
        default: true
        }
    }

    /// A branch ended in our own hands: no link, no answer, connection gone.
    mutating func complete(
        branch index: Int, of tag: UInt64, status: Int, at moment: Moment, into outputs: inout Outputs
    ) {
        let isNew = contexts.update(tag) { context in
            guard context.branches[index].isPending else { return false }
            context.branches[index].progress = .completed(status: status)
            if context.isBetter(status) { context.keep(status, nil, from: index) }
            return true
        }
        guard isNew == true else { return }
        settle(tag, at: moment, into: &outputs)
    }

    /// The link of a branch did not come up.
    mutating func branchFailed(
        _ index: Int, of tag: UInt64, _ failure: Dialler.Failure, at moment: Moment, into outputs: inout Outputs
    ) {
        if let code = failure.code {
            _ = contexts.update(tag) { $0.reason = Self.reason(code, why: failure.why) }
        }
        if startNext(after: index, of: tag, at: moment, into: &outputs) { return }
        complete(branch: index, of: tag, status: 503, at: moment, into: &outputs)
    }

    /// RFC 3263 §4.3: a hop that is not reachable or answers 503 gives way to the next that does as well. False when there is
    /// none, or nobody waits any more.
    private mutating func startNext(
        after index: Int, of tag: UInt64, at moment: Moment, into outputs: inout Outputs
    ) -> Bool {
        guard let context = contexts[tag], !context.isAnswered, !context.isCancelled,
            let next = context.branches[index].target.next
        else { return false }
        _ = contexts.update(tag) { $0.branches[index] = ResponseContext.Branch(target: next) }
        start(branch: index, of: tag, at: moment, into: &outputs)
        return true
    }

    /// Answers with the best response once nothing is pending, and forgets the context when nothing can come any more.
    private mutating func settle(_ tag: UInt64, at moment: Moment, into outputs: inout Outputs) {
        var remainder = contexts.update(tag) { $0.remainder }
        if case .answers = remainder {
            answerBest(of: tag, at: moment, into: &outputs)
            remainder = contexts.update(tag) { $0.remainder }
        }
        switch remainder {
        case .ends(isInvite: false): contexts.remove(tag)
        case .ends(isInvite: true): if !mayFollow(tag) { contexts.remove(tag) }
        case .waits, .answers, nil: break
        }
    }

    /// Whether another 2xx may follow: for as long as the transaction that took the first one waits for it (RFC 6026 §7.2). It
    /// may have ended before the last branch did; then nobody would come by here again.
    private func mayFollow(_ tag: UInt64) -> Bool {
        contexts[tag]?.branches.contains { branch in
            branch.isSuccess && branch.transaction.flatMap { transactions.userTag(of: $0) } != nil
        } ?? false
    }

    private mutating func answerBest(of tag: UInt64, at moment: Moment, into outputs: inout Outputs) {
        _ = contexts.update(tag) { $0.isAnswered = true }
        guard let context = contexts[tag] else { return }
        if context.bestStatus == 408, !context.isInvite {
            // RFC 4320 §4.2: too late for the client, too; a 408 would only meet a transaction that has ended.
            transactions.end(context.transaction)
        } else if let best = context.best {
            passBack(best, context.wayBack(from: context.bestBranch), at: moment, into: &outputs)
        } else {
            answerOwnFailure(context, at: moment, into: &outputs)
        }
    }

    private mutating func answerOwnFailure(_ context: ResponseContext, at moment: Moment, into outputs: inout Outputs) {
        let isServer = links[context.job.connection]?.peerClass == .server
        var lines: HeaderLines = isServer ? context.reason.map { [(.reason, $0)] } ?? [] : []
        if context.bestStatus == 488 { lines.add(.warning, mediaWarning) }
        let (status, reason): (UInt16, String) =
            switch context.bestStatus {
            case 408: (408, "Request Timeout")
            // A server behind us learns that the flow failed; a client learns that the user is not there.
            case 430:
                isServer && !surroundings.isFrontEnd
                    ? (430, "Flow Failed") : (480, "Temporarily Unavailable")
            case 487: (487, "Request Terminated")
            // RFC 3261 §12.2.1.2: 481 tells the caller that the dialog is over, at the other end as well.
            case 488: context.job.request.toTag == nil ? (488, "Not Acceptable Here") : (481, "Media must be SRTP")
            case 513: (513, "Message Too Large")
            // RFC 3261 §16.7: a 503 of the next hop is a 500 to the one before.
            default: isServer ? (503, "Service Unavailable") : (500, "Next hop unreachable")
            }
        respond(
            status, reason, lines, to: context.job.request.message, in: context.transaction, on: context.job.connection,
            at: moment,
            into: &outputs)
    }

    /// RFC 3261 §16.7 step 9: without our Via, to the connection that the request came on.
    private mutating func passBack(
        _ message: SIPMessage, _ back: ResponseContext.WayBack, at moment: Moment, into outputs: inout Outputs
    ) {
        // RFC 6026 §7.1: also when the connection has gone, because nothing but a final response and its timer ends the
        // transaction of an INVITE.
        switch transactions.respond(message.status, in: back.transaction, at: moment.now) {
        case .discard: return
        case .send, .sendAndEnd: break
        }
        guard let peerClass = links[back.connection]?.peerClass else { return }
        if (200..<300).contains(message.status), peerClass == .client {
            admitted(back.method, message, on: back.connection, at: moment, into: &outputs)
        }
        var edits = takeSpareEdits()
        edits.removeFirst(.via)
        if !back.isFromInside { edits.remove(.claims) }
        // What the network says about itself stays inside.
        if peerClass != .server { edits.remove(.identities) }
        if !back.isFromInside || peerClass != .server { removeOwnReasons(of: message, &edits) }
        write(message, edits, to: back.connection, into: &outputs)
        spareEdits = edits
    }

    /// RFC 3326 §2: what others say about why passes; a code of refusal of ours is said by our servers to our servers, in
    /// responses alone.
    func removeOwnReasons(of message: SIPMessage, _ edits: inout MessageEdits) {
        guard message.has(.reason) else { return }
        let reasons = Array(message.elements(of: .reason))
        let foreign = reasons.filter { !Self.isOwnReason($0) }
        guard foreign.count < reasons.count else { return }
        edits.remove(.reason)
        for reason in foreign { edits.append(.reason, reason) }
    }

    /// At an edge, the success of a REGISTER says which address-of-record the home server has proven on this flow.
    ///
    /// No other success proves anybody: a server answers OPTIONS to itself for whoever asks.
    private mutating func admitted(
        _ method: Method, _ success: SIPMessage, on id: ConnectionID, at moment: Moment, into outputs: inout Outputs
    ) {
        guard method == .register, !surroundings.isFrontEnd,
            let user = success.firstNameAddress(of: .pAssertedIdentity)?.uri?.userAtHost, !user.isEmpty
        else { return }
        markProven(id, at: moment, into: &outputs)
        links.modify(id) { $0.setRegistered(user, success.has(.contact)) }
    }

    /// RFC 5626 §6: a flow that an edge calls failed has no bindings and no proven users any more.
    private mutating func flowFailed(_ target: Target, at moment: Moment, into outputs: inout Outputs) {
        guard case .link(.server(let edge), _) = target.hop, let route = target.routes.first,
            let user = NameAddress(route[...])?.uri?.user
        else { return }
        let flow = Flow.edge(EdgeFlow(edge: edge, token: Array(user)))
        // The proof may be over and the binding not: then the target says whose it is.
        var users = shared.proven.users(on: flow, at: moment.now)
        if !target.user.isEmpty, !users.contains(target.user) { users.append(target.user) }
        shared.proven.forget(flow)
        for aor in users { endBindings(of: aor, on: flow, at: moment, into: &outputs) }
    }

    mutating func transactionEvent(_ event: TransactionEvent, at moment: Moment, into outputs: inout Outputs) {
        switch event {
        case .clientTimedOut(let id, let tag):
            completeTransaction(id, of: tag, status: 408, at: moment, into: &outputs)
        case .clientFailed(let id, let tag):
            guard let context = contexts[tag], let index = context.branchIndex(of: id) else { return }
            switch context.branches[index].target.hop {
            // RFC 5626 §5.3: the flow failed, and with it the only way to this client.
            case .connection: complete(branch: index, of: tag, status: 430, at: moment, into: &outputs)
            case .link:
                branchFailed(index, of: tag, Dialler.Failure(code: nil, why: "link lost"), at: moment, into: &outputs)
            }
        case .clientEnded(_, let tag):
            if contexts[tag]?.hasPendingBranch == false { contexts.remove(tag) }
        case .serverEnded, .serverNotAcknowledged:
            break
        case .serverUnreachable(_, let tag):
            // RFC 3261 §16.9: nobody waits for the answer, so nobody should go on ringing.
            cancelBranches(of: tag, at: moment, into: &outputs)
        }
    }

    private mutating func completeTransaction(
        _ id: ClientTransactionID, of tag: UInt64, status: Int, at moment: Moment, into outputs: inout Outputs
    ) {
        guard let index = contexts[tag]?.branchIndex(of: id) else { return }
        complete(branch: index, of: tag, status: status, at: moment, into: &outputs)
    }

    /// RFC 3261 §16.8: timer C ends a branch that rings for ever: CANCEL when it was heard of, otherwise as if 408 had come.
    mutating func endSilentBranches(at moment: Moment, into outputs: inout Outputs) {
        for (tag, index) in contexts.silentBranches(at: moment.now) {
            guard let branch = contexts[tag]?.branches[index], let id = branch.transaction else { continue }
            if branch.progress == .proceeding {
                _ = contexts.update(tag) { $0.branches[index].timerC = nil }
                if case .send = transactions.cancel(id, at: moment.now) {
                    writeCancel(for: id, of: tag, into: &outputs)
                }
            } else {
                transactions.end(id)
                complete(branch: index, of: tag, status: 408, at: moment, into: &outputs)
            }
        }
    }

    /// RFC 4320 §4.1: a request that is no INVITE and had no answer yet is answered 100, so that its client waits.
    mutating func answerOverdue(at moment: Moment, into outputs: inout Outputs) {
        for tag in contexts.overdue(at: moment.now) {
            guard let context = contexts[tag] else { continue }
            respond(
                100, "Trying", to: context.job.request.message, in: context.transaction, on: context.job.connection,
                at: moment,
                into: &outputs)
        }
    }

    mutating func receive(_ mail: Mail, at moment: Moment, into outputs: inout Outputs) {
        switch mail {
        case .write(let id, let bytes, let writer, _):
            // Judged again by this shard's own epoch: a link that a sweep closed is not there any more.
            let link = links[id]
            if link?.isCongested ?? true, beginsTransaction(bytes) {
                return unreachable(bytes, isCongested: link != nil, into: &outputs)
            }
            guard let link else { return }
            if !link.writers.contains(writer) { links.modify(id) { $0.addWriter(writer) } }
            let start = outputs.bytes.count
            outputs.bytes.append(contentsOf: bytes)
            outputs.items.append(.send(id, ByteRange(start, outputs.bytes.count)))
        case .response(let message, let id, let epoch):
            // Decided in an older epoch than this shard has swept: the link it came over may be refused by now, and only
            // the shard that holds it knows.
            guard epoch >= links.context.epoch else {
                outputs.items.append(
                    .post(id.shard, MailBox(.returned(message, from: id, epoch: links.context.epoch))))
                return
            }
            response(message, on: id, at: moment, into: &outputs)
        case .returned(let message, let id, _):
            // The link is gone, or it has passed the sweep, or the sweep is still to come and this comes back once more.
            guard links[id] != nil else { return }
            response(message, on: id, at: moment, into: &outputs)
        case .unreachable(let transaction, let isCongested, _):
            guard let tag = transactions.userTag(of: transaction) else { return }
            transactions.end(transaction)
            completeTransaction(transaction, of: tag, status: isCongested ? 503 : 430, at: moment, into: &outputs)
        case .connectionEnded(let id, _):
            endTransactions(on: id, at: moment, into: &outputs)
        case .endFlow(let id, _):
            if links[id] != nil { outputs.items.append(.close(id, .done)) }
        }
    }

    /// Whether a parcel is a request that somebody waits for. ACK and CANCEL belong to one that has left already, and have its
    /// branch: when the connection has gone, that one was told.
    private func beginsTransaction(_ bytes: [UInt8]) -> Bool {
        !bytes.starts(with: "ACK ".utf8) && !bytes.starts(with: "CANCEL ".utf8)
    }

    /// The parcel's connection has gone or takes no more: tells the shard whose request it was.
    private func unreachable(_ bytes: [UInt8], isCongested: Bool, into outputs: inout Outputs) {
        guard let message = try? SIPMessage.parse(bytes), message.isRequest, let branch = message.topVia?.branch,
            let transaction = branches.transaction(in: branch)
        else { return }
        let mail = Mail.unreachable(transaction, isCongested: isCongested, epoch: links.context.epoch)
        outputs.items.append(.post(transaction.shard, MailBox(mail)))
    }
}
