internal import Basis
internal import SIP
internal import Transactions

extension UserAgent {
    /// RFC 3261 §13.2.1: sends an INVITE with an offer.
    mutating func call(_ to: String, _ handle: CallHandle, at now: Instant, into outputs: inout [UserAgentOutput]) {
        guard calls.count < limits.callsMax, index(of: handle) == nil else {
            return outputs.append(.event(.callEnded(handle, .failed(status: 486, reason: "Too many calls"))))
        }
        guard isTarget(to) else {
            let (status, reason) = Self.malformedTarget
            return outputs.append(.event(.callEnded(handle, .failed(status: status, reason: reason))))
        }
        let tag = freshTag()
        let key = chance.bytes(SessionDescription.keyBytes)
        var request = requestOutsideDialog(.invite, to: to, tag: tag)
        request.lines = [
            (.contact, "<\(account.contactURI)>"), (.allow, Self.allowedMethods), (.supported, "path, outbound"),
        ]
        request.contentType = "application/sdp"
        request.body = Array(SessionDescription.offer(host: mediaHost, session: 1, key: key).text.utf8)
        let call = Call(
            handle: handle, localTag: tag, phase: .calling(request: lastTag &+ 1, isRinging: false), dialog: nil,
            key: key)
        calls.append(call)
        send(request, for: .invite(handle, localTag: tag), at: now, into: &outputs)
    }

    /// Ends a call in the way that its phase allows.
    mutating func hangUp(_ handle: CallHandle, at now: Instant, into outputs: inout [UserAgentOutput]) {
        guard let index = index(of: handle) else { return }
        switch calls[index].phase {
        case .calling(let tag, _):
            calls[index].phase = .cancelling(request: tag)
            guard let invite = pending[tag] else { return }
            switch table.cancel(invite.transaction, at: now) {
            case .send: sendCancel(invite, into: &outputs)
            case .afterProvisional, .tooLate: return
            }
        case .cancelling: return
        // RFC 3261 §21.6.2: 603 when the called side wants nobody to ring on.
        case .offered: reject(handle, status: 603, at: now, into: &outputs)
        // RFC 3261 §15: the called side sends no BYE before the ACK.
        case .answered(let deadline, _): calls[index].phase = .answered(ackDeadline: deadline, hangsUp: true)
        case .established:
            let call = calls.remove(at: index)
            sendBye(call.dialog, at: now, into: &outputs)
            outputs.append(.event(.callEnded(handle, .local)))
        }
    }

    /// RFC 3261 §15.1.1.
    mutating func sendBye(_ dialog: Dialog?, at now: Instant, into outputs: inout [UserAgentOutput]) {
        guard var dialog else { return }
        send(dialog.request(.bye), for: .bye, at: now, into: &outputs)
    }

    /// Takes a response from 100 to 199 to an INVITE; to other methods it means nothing here.
    mutating func receiveProvisional(
        _ response: SIPMessage, _ known: PendingRequest, into outputs: inout [UserAgentOutput]
    ) {
        switch known.purpose {
        case .invite(let handle, _):
            guard response.status > 100, let index = index(of: handle) else { return }
            switch calls[index].phase {
            case .calling(let tag, false):
                calls[index].phase = .calling(request: tag, isRinging: true)
                outputs.append(.event(.callRinging(handle)))
            case .calling(_, true), .cancelling, .offered, .answered, .established: return
            }
        case .register, .message, .options, .bye: return
        }
    }

    /// RFC 3261 §13.2.2.4: acknowledges every 2xx. The first makes the call; a call that nobody wants any more, and each
    /// further branch of a fork, gets its BYE at once.
    mutating func receiveInviteSuccess(
        _ response: SIPMessage, _ tag: UInt64, at now: Instant, into outputs: inout [UserAgentOutput]
    ) {
        guard let known = pending[tag], case .invite(let handle, let localTag) = known.purpose else { return }
        if let again = known.acknowledged.first(where: { response.toTag?.equals($0.remoteTag) == true }) {
            return outputs.append(.send(again.bytes))
        }
        guard known.acknowledged.count < Self.forksMax,
            let dialog = Dialog(request: known.request, localTag: localTag, response: response)
        else { return }
        var acknowledgement = dialog.acknowledgement(cSeq: known.request.cSeq)
        acknowledgement.credentials = known.request.credentials
        let bytes = sendAcknowledgement(acknowledgement, into: &outputs)
        pending[tag]?.acknowledged.append((dialog.remoteTag, bytes))
        guard let index = index(of: handle) else { return sendBye(dialog, at: now, into: &outputs) }
        switch calls[index].phase {
        case .calling:
            calls[index].phase = .established
            calls[index].dialog = dialog
            outputs.append(.event(.callAnswered(handle)))
        case .cancelling:
            calls.remove(at: index)
            sendBye(dialog, at: now, into: &outputs)
            outputs.append(.event(.callEnded(handle, .local)))
        case .offered, .answered, .established: sendBye(dialog, at: now, into: &outputs)
        }
    }

    /// Takes a final response other than 2xx to an INVITE, or silence.
    mutating func finishInvite(_ handle: CallHandle, _ outcome: Outcome, into outputs: inout [UserAgentOutput]) {
        guard let index = index(of: handle) else { return }
        switch calls[index].phase {
        case .calling:
            calls.remove(at: index)
            outputs.append(.event(.callEnded(handle, .failed(status: outcome.status, reason: outcome.reason))))
        case .cancelling:
            calls.remove(at: index)
            outputs.append(.event(.callEnded(handle, .local)))
        case .offered, .answered, .established: return
        }
    }

    /// Whether a request is still worth a second try: an INVITE that was cancelled is not.
    func isWanted(_ purpose: PendingRequest.Purpose) -> Bool {
        switch purpose {
        case .invite(let handle, _):
            guard let index = index(of: handle) else { return false }
            switch calls[index].phase {
            case .calling: return true
            case .cancelling, .offered, .answered, .established: return false
            }
        case .register, .message, .options, .bye: return true
        }
    }

    /// An INVITE was sent again for a challenge: the call follows the new request.
    mutating func followInvite(_ purpose: PendingRequest.Purpose, to tag: UInt64) {
        switch purpose {
        case .invite(let handle, _):
            guard let index = index(of: handle) else { return }
            calls[index].phase = .calling(request: tag, isRinging: false)
        case .register, .message, .options, .bye: return
        }
    }

    /// Where the call with this handle is.
    func index(of handle: CallHandle) -> Int? { calls.firstIndex { $0.handle == handle } }

    /// The host of the media description: that of the Contact, without its port.
    var mediaHost: String { String(account.sentBy.prefix { $0 != ":" }) }

    /// 2xx of one INVITE that are told apart; more are dropped.
    private static var forksMax: Int { 16 }
}
