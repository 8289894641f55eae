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
        guard ResponseValidation.check(message) == nil, let branch = message.topVia?.branch,
            let transaction = branches.transaction(in: branch), let method = message.cSeq?.method
        else { return }
        guard transaction.shard == shard else {
            let mail = Mail.response(message, from: id, epoch: links.context.epoch)
            outputs.items.append(.post(transaction.shard, MailBox(mail)))
            return
        }
        switch transactions.receive(status: message.status, method: method, for: transaction, on: id, at: moment.now) {
        case .unknown, .absorbed:
            break
        case .provisional(let tag):
            provisional(message, transaction, tag, at: moment, into: &outputs)
        case .provisionalThenCancel(let tag):
            provisional(message, transaction, tag, at: moment, into: &outputs)
            writeCancel(for: transaction, of: tag, into: &outputs)
        case .success(let tag), .final(let tag):
            final(message, transaction, tag, at: moment, into: &outputs)
        case .failure(let tag):
            acknowledge(message, transaction, tag, into: &outputs)
            final(message, transaction, tag, at: moment, into: &outputs)
        }
    }

    private mutating func provisional(
        _ message: SIPMessage, _ transaction: ClientTransactionID, _ tag: UInt64, at moment: Moment,
        into outputs: inout Outputs
    ) {
        guard let context = contexts[tag], let index = context.branchIndex(of: transaction) else { return }
        contexts[tag]?.branches[index].progress = .proceeding
        if context.branches[index].timerC != nil {
            contexts[tag]?.branches[index].timerC = moment.now + ServerLimits.timerC
        }
        // RFC 3261 §16.7 step 5: a 100 is for the next hop only. RFC 4320 §4.1: no other request than INVITE has more.
        guard message.status > 100, context.request.method == .invite, !refusesMedia(of: message, context) else {
            return
        }
        if !context.isAnswered {
            passBack(message, from: index, of: tag, at: moment, into: &outputs)
        }
    }

    private mutating func final(
        _ message: SIPMessage, _ transaction: ClientTransactionID, _ tag: UInt64, at moment: Moment,
        into outputs: inout Outputs
    ) {
        guard let context = contexts[tag], let index = context.branchIndex(of: transaction) else { return }
        let status = Int(message.status)
        if status < 300, refusesMedia(of: message, context) {
            return endBranch(index, of: tag, by: message, at: moment, into: &outputs)
        }
        contexts[tag]?.branches[index].progress = .completed(status: status)
        if status == 430, context.branches[index].target.isInside {
            flowFailed(context.branches[index].target, at: moment, into: &outputs)
        }
        if status == 503, startNext(after: index, of: tag, at: moment, into: &outputs) { return }
        if status < 300 {
            // Every 2xx to an INVITE goes back at once, also a second one (RFC 3261 §16.7 step 5).
            if !context.isAnswered || context.request.method == .invite {
                contexts[tag]?.isAnswered = true
                passBack(message, from: index, of: tag, at: moment, into: &outputs)
            }
            contexts[tag]?.cancelReason = Array("SIP;cause=200;text=\"Call completed elsewhere\"".utf8)
            cancelBranches(of: tag, at: moment, into: &outputs)
        } else {
            if context.isBetter(status) {
                let passes = isForPreviousHop(status, from: context.branches[index])
                contexts[tag]?.best = passes ? message : nil
                contexts[tag]?.bestBranch = index
                contexts[tag]?.bestStatus = status
            }
            if status == 503, context.branches[index].target.isInside,
                let reason = message.elements(of: .reason).first(where: Self.isOwnReason)
            {
                contexts[tag]?.reason = Array(reason)
            }
            if status >= 600 { cancelBranches(of: tag, at: moment, into: &outputs) }
        }
        settle(tag, at: moment, into: &outputs)
    }

    /// Decision 0009: whether a response describes media that the policy does not let through. The one place where an answer
    /// is looked at, and an offer that comes late.
    private func refusesMedia(of response: SIPMessage, _ context: ResponseContext) -> Bool {
        guard context.request.method == .invite, surroundings.roles.contains(.frontEnd) else { return false }
        switch surroundings.media.judge(response) {
        case .passes: return false
        case .malformed, .unreadable, .open: return true
        }
    }

    /// A 2xx with media that may not be: its dialog is ended, and the branch has failed.
    private mutating func endBranch(
        _ index: Int, of tag: UInt64, by message: SIPMessage, at moment: Moment, into outputs: inout Outputs
    ) {
        endDialog(
            of: message, branch: index, of: tag, reason: "SIP;cause=488;text=\"Media must be SRTP\"", into: &outputs)
        complete(branch: index, of: tag, status: 488, at: moment, into: &outputs)
    }

    /// Whether a failure may go on as it came. RFC 5626 §11.2: 430 is for the server that keeps the binding, and ends
    /// there. RFC 3261 §16.7 step 6: 503 speaks of the hop that sent it, which for a client outside is its home server.
    private func isForPreviousHop(_ status: Int, from branch: ResponseContext.Branch) -> Bool {
        switch status {
        case 430: !surroundings.roles.contains(.frontEnd)
        case 503: !surroundings.roles.contains(.frontEnd) && branch.target.isInside
        default: true
        }
    }

    /// A branch ended in our own hands: no link, no answer, connection gone.
    mutating func complete(
        branch index: Int, of tag: UInt64, status: Int, at moment: Moment, into outputs: inout Outputs
    ) {
        guard let context = contexts[tag], context.branches[index].isPending else { return }
        contexts[tag]?.branches[index].progress = .completed(status: status)
        if context.isBetter(status) {
            contexts[tag]?.best = nil
            contexts[tag]?.bestStatus = status
        }
        settle(tag, at: moment, into: &outputs)
    }

    /// The link of a branch did not come up.
    mutating func branchFailed(
        _ index: Int, of tag: UInt64, _ failure: Dialler.Failure, at moment: Moment, into outputs: inout Outputs
    ) {
        if let code = failure.code { contexts[tag]?.reason = Self.reason(code, why: failure.why) }
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
        contexts[tag]?.branches[index] = ResponseContext.Branch(target: next)
        start(branch: index, of: tag, at: moment, into: &outputs)
        return true
    }

    /// Answers with the best response once nothing is pending, and forgets the context when nothing can come any more.
    private mutating func settle(_ tag: UInt64, at moment: Moment, into outputs: inout Outputs) {
        guard let context = contexts[tag], !context.hasPendingBranch else { return }
        if !context.isAnswered {
            contexts[tag]?.isAnswered = true
            if context.bestStatus == 408, context.request.method != .invite {
                // RFC 4320 §4.2: too late for the client, too; a 408 would only meet a transaction that has ended.
                transactions.end(context.transaction)
            } else if let best = context.best {
                passBack(best, from: context.bestBranch, of: tag, at: moment, into: &outputs)
            } else {
                answerOwnFailure(context, at: moment, into: &outputs)
            }
        }
        // Another 2xx may follow for as long as the transaction that took the first one waits for it (RFC 6026 §7.2). It may
        // have ended before the last branch did; then nobody would come by here again.
        let mayFollow = context.branches.contains { branch in
            if case .completed(let status) = branch.progress {
                return status < 300 && context.request.method == .invite
                    && branch.transaction.flatMap { transactions.userTag(of: $0) } != nil
            }
            return true
        }
        if !mayFollow { contexts[tag] = nil }
    }

    private mutating func answerOwnFailure(_ context: ResponseContext, at moment: Moment, into outputs: inout Outputs) {
        let isServer = links[context.connection]?.peerClass == .server
        var fields: HeaderFields = isServer ? context.reason.map { [(.reason, $0)] } ?? [] : []
        if context.bestStatus == 488 { fields.append((.warning, mediaWarning)) }
        let (status, reason): (UInt16, String) =
            switch context.bestStatus {
            case 408: (408, "Request Timeout")
            // A server behind us learns that the flow failed; a client learns that the user is not there.
            case 430:
                isServer && !surroundings.roles.contains(.frontEnd)
                    ? (430, "Flow Failed") : (480, "Temporarily Unavailable")
            case 487: (487, "Request Terminated")
            // RFC 3261 §12.2.1.2: 481 tells the caller that the dialog is over, at the other end as well.
            case 488: context.request.toTag == nil ? (488, "Not Acceptable Here") : (481, "Media must be SRTP")
            case 513: (513, "Message Too Large")
            // RFC 3261 §16.7: a 503 of the next hop is a 500 to the one before.
            default: isServer ? (503, "Service Unavailable") : (500, "Next hop unreachable")
            }
        respond(
            status, reason, fields, to: context.request, in: context.transaction, on: context.connection, at: moment,
            into: &outputs)
    }

    /// RFC 3261 §16.7 step 9: without our Via, to the connection that the request came on.
    private mutating func passBack(
        _ message: SIPMessage, from branch: Int, of tag: UInt64, at moment: Moment, into outputs: inout Outputs
    ) {
        guard let context = contexts[tag], context.branches.indices.contains(branch) else { return }
        // RFC 6026 §7.1: also when the connection has gone, because nothing but a final response and its timer ends the
        // transaction of an INVITE.
        switch transactions.respond(message.status, in: context.transaction, at: moment.now) {
        case .discard: return
        case .send, .sendAndEnd: break
        }
        guard let link = links[context.connection] else { return }
        if (200..<300).contains(message.status), link.peerClass == .client {
            admitted(context.request, message, on: context.connection, at: moment, into: &outputs)
        }
        var edits = MessageEdits()
        edits.removeFirst(.via)
        let isFromInside = context.branches[branch].target.isInside
        if !isFromInside { edits.remove(.claims) }
        // What the network says about itself stays inside.
        if link.peerClass != .server { edits.remove(.identities) }
        if !isFromInside || link.peerClass != .server { removeOwnReasons(of: message, &edits) }
        write(message, edits, to: context.connection, into: &outputs)
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
        _ request: SIPMessage, _ success: SIPMessage, on id: ConnectionID, at moment: Moment,
        into outputs: inout Outputs
    ) {
        guard !surroundings.roles.contains(.frontEnd), request.method == .register,
            let user = success.assertedIdentities?.first?.uri?.addressOfRecord, !user.isEmpty
        else { return }
        markProven(id, at: moment, into: &outputs)
        links.modify(id) { link in
            link.registered.removeAll { $0 == user }
            if success.has(.contact) { link.registered.append(user) }
        }
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
            if contexts[tag]?.hasPendingBranch == false { contexts[tag] = nil }
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
                contexts[tag]?.branches[index].timerC = nil
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
                100, "Trying", to: context.request, in: context.transaction, on: context.connection, at: moment,
                into: &outputs)
        }
    }

    mutating func receive(_ mail: Mail, at moment: Moment, into outputs: inout Outputs) {
        switch mail {
        case .write(let id, let bytes, let writer, _):
            // Judged again by this shard's own epoch: a link that a sweep closed is not there any more.
            guard let link = links[id] else { return unreachable(bytes, isCongested: false, into: &outputs) }
            if link.isCongested, beginsTransaction(bytes) {
                return unreachable(bytes, isCongested: true, into: &outputs)
            }
            if !link.writers.contains(writer) { links.modify(id) { $0.writers.insert(writer) } }
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

    /// Whether a parcel is a request that somebody waits for. ACK and CANCEL belong to one that has left already.
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
