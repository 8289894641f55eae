internal import Basis
internal import SIP
internal import Transactions

extension UserAgent {
    /// RFC 3261 §13.3.1: an INVITE outside of any dialog rings.
    mutating func receiveInvite(
        _ request: SIPMessage, _ id: ServerTransactionID, at now: Instant, into outputs: inout [UserAgentOutput]
    ) {
        guard calls.count < limits.callsMax else {
            return respond(486, to: request, in: id, at: now, into: &outputs)
        }
        let tag = freshTag()
        guard let dialog = Dialog(incoming: request, localTag: tag) else {
            return respond(400, to: request, in: id, at: now, into: &outputs)
        }
        let key = chance.bytes(SessionDescription.keyBytes)
        guard description(answering: request, key: key) != nil else {
            return respond(488, to: request, in: id, at: now, into: &outputs)
        }
        lastIncomingHandle = lastIncomingHandle == .max ? 0x8000_0000 : lastIncomingHandle + 1
        let handle = CallHandle(lastIncomingHandle)
        calls.append(Call(handle: handle, localTag: tag, phase: .offered(id, request), dialog: dialog, key: key))
        respond(180, to: request, in: id, tag: tag, lines: contactLine, at: now, into: &outputs)
        outputs.append(.event(.incomingCall(handle, from: request.from?.uriBytes.text ?? "")))
    }

    /// RFC 3261 §13.3.1.4: answers with 200 and waits for the ACK.
    ///
    /// Deviation: the 200 is not sent again until the ACK comes, because every hop of this network is a reliable
    /// transport.
    mutating func answer(_ handle: CallHandle, at now: Instant, into outputs: inout [UserAgentOutput]) {
        guard let index = index(of: handle), case .offered(let id, let request) = calls[index].phase,
            let description = description(answering: request, key: calls[index].key)
        else { return }
        calls[index].phase = .answered(ackDeadline: now + TransactionTimers.timerH, hangsUp: false)
        respond(
            200, to: request, in: id, tag: calls[index].localTag, lines: answerLines, description: description, at: now,
            into: &outputs)
    }

    /// Refuses a call that rings.
    mutating func reject(
        _ handle: CallHandle, status: UInt16, at now: Instant, into outputs: inout [UserAgentOutput]
    ) {
        guard let index = index(of: handle), case .offered(let id, let request) = calls[index].phase else { return }
        let call = calls.remove(at: index)
        let status = (300...699).contains(status) ? status : 603
        respond(status, to: request, in: id, tag: call.localTag, at: now, into: &outputs)
        outputs.append(.event(.callEnded(handle, .local)))
    }

    /// RFC 3261 §9.2: 200 to the CANCEL, and 487 to the INVITE while it has no final response.
    mutating func receiveCancel(
        _ request: SIPMessage, _ id: ServerTransactionID, of invite: ServerTransactionID?, at now: Instant,
        into outputs: inout [UserAgentOutput]
    ) {
        guard let invite else { return respond(481, to: request, in: id, at: now, into: &outputs) }
        let offered = calls.firstIndex { call in
            if case .offered(invite, _) = call.phase { true } else { false }
        }
        guard let index = offered, case .offered(_, let original) = calls[index].phase else {
            return respond(200, to: request, in: id, at: now, into: &outputs)
        }
        let call = calls.remove(at: index)
        // RFC 3261 §9.2: the To tag of the 200 is that of the responses to the INVITE.
        respond(200, to: request, in: id, tag: call.localTag, at: now, into: &outputs)
        respond(487, to: original, in: invite, tag: call.localTag, at: now, into: &outputs)
        outputs.append(.event(.callEnded(call.handle, .cancelled)))
    }

    /// The ACK to our 200.
    mutating func receiveACK(_ request: SIPMessage, at now: Instant, into outputs: inout [UserAgentOutput]) {
        guard let index = index(ofDialogOf: request), case .answered(_, let hangsUp) = calls[index].phase else {
            return
        }
        calls[index].phase = .established
        outputs.append(.event(.callAnswered(calls[index].handle)))
        if hangsUp { hangUp(calls[index].handle, at: now, into: &outputs) }
    }

    /// RFC 3261 §12.2.2: a request inside a dialog.
    mutating func receiveInDialog(
        _ request: SIPMessage, _ id: ServerTransactionID, at now: Instant, into outputs: inout [UserAgentOutput]
    ) {
        guard let index = index(ofDialogOf: request), let cSeq = request.cSeq else {
            return respond(481, to: request, in: id, at: now, into: &outputs)
        }
        guard calls[index].dialog?.accepts(cSeq: cSeq.number) == true else {
            return respond(500, to: request, in: id, at: now, into: &outputs)
        }
        switch request.method {
        case .bye: receiveBye(request, id, index, at: now, into: &outputs)
        case .invite: receiveReInvite(request, id, index, at: now, into: &outputs)
        case .message: receiveMessage(request, id, at: now, into: &outputs)
        case .ack, .cancel, .register, .options, .prack, .subscribe, .notify, .publish, .info, .refer, .update, .other:
            answerOptions(request, id, at: now, into: &outputs)
        }
    }

    /// RFC 3261 §13.3.1.4: a call whose 200 was never acknowledged ends with a BYE after 64*T1.
    mutating func endUnacknowledgedCalls(at now: Instant, into outputs: inout [UserAgentOutput]) {
        while let index = calls.firstIndex(where: { $0.ackDeadline.map { $0 <= now } ?? false }) {
            let call = calls.remove(at: index)
            sendBye(call.dialog, at: now, into: &outputs)
            outputs.append(.event(.callEnded(call.handle, .failed(status: 408, reason: "No ACK"))))
        }
    }

    /// RFC 3261 §15.1.2: a BYE ends the call; an INVITE that still rings gets its 487.
    private mutating func receiveBye(
        _ request: SIPMessage, _ id: ServerTransactionID, _ index: Int, at now: Instant,
        into outputs: inout [UserAgentOutput]
    ) {
        let call = calls.remove(at: index)
        respond(200, to: request, in: id, at: now, into: &outputs)
        switch call.phase {
        case .offered(let invite, let original):
            respond(487, to: original, in: invite, tag: call.localTag, at: now, into: &outputs)
        case .calling, .cancelling, .answered, .established: break
        }
        outputs.append(.event(.callEnded(call.handle, .remote)))
    }

    /// RFC 3261 §14.2: the same description again, for a new target.
    private mutating func receiveReInvite(
        _ request: SIPMessage, _ id: ServerTransactionID, _ index: Int, at now: Instant,
        into outputs: inout [UserAgentOutput]
    ) {
        guard case .established = calls[index].phase else {
            // RFC 3261 §14.2: another INVITE of the same dialog has no final response or no ACK yet.
            return respond(
                500, to: request, in: id, lines: [(.retryAfter, "5")], at: now, into: &outputs)
        }
        guard let description = description(answering: request, key: calls[index].key) else {
            return respond(488, to: request, in: id, at: now, into: &outputs)
        }
        calls[index].dialog?.refreshTarget(from: request)
        respond(200, to: request, in: id, lines: answerLines, description: description, at: now, into: &outputs)
    }

    /// RFC 3261 §13.2.1: an INVITE without offer gets one in the 200. Nil when the offer cannot be taken.
    private func description(answering request: SIPMessage, key: [UInt8]) -> SessionDescription? {
        guard !request.body.isEmpty else {
            return SessionDescription.offer(host: mediaHost, session: 1, key: key)
        }
        return SessionDescription.answer(to: Array(request.body), host: mediaHost, session: 1, key: key)
    }

    private func index(ofDialogOf request: SIPMessage) -> Int? {
        calls.firstIndex { $0.dialog?.matches(request) == true }
    }

    private var contactLine: [(name: HeaderName, value: String)] { [(.contact, "<\(account.contactURI)>")] }

    private var answerLines: [(name: HeaderName, value: String)] {
        contactLine + [(.allow, Self.allowedMethods), (.supported, "path, outbound")]
    }
}
