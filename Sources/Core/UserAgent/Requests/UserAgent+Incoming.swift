internal import Basis
internal import SIP
internal import Transactions

extension UserAgent {
    /// RFC 3261 §20.5: what this user agent takes.
    static var allowedMethods: String { "INVITE, ACK, CANCEL, BYE, MESSAGE, OPTIONS" }

    /// Takes a request from the connection.
    mutating func receiveRequest(_ message: SIPMessage, at now: Instant, into outputs: inout [UserAgentOutput]) {
        let request: ValidRequest
        do throws(RequestProblem) {
            request = try ValidRequest(message)
        } catch {
            // RFC 3261 §8.2.7: an answer that needs no transaction. An ACK has none.
            guard message.method != .ack else { return }
            var writer = ResponseWriter(to: message, status: error.status, reason: error.reason)
            writer.toTag = Array(freshTag().utf8)
            return write(writer, into: &outputs)
        }
        switch table.receive(request, on: connection, at: now) {
        case .new(let id): serve(request, id, at: now, into: &outputs)
        case .cancel(let id, let invite): receiveCancel(message, id, of: invite, at: now, into: &outputs)
        case .acknowledgesSuccess: receiveACK(message, at: now, into: &outputs)
        case .full: write(ResponseWriter(to: message, status: 503), into: &outputs)
        case .absorbed, .acknowledged: return
        }
    }

    /// RFC 3261 §8.2: the checks of a UAS in their order, then the method.
    private mutating func serve(
        _ valid: ValidRequest, _ id: ServerTransactionID, at now: Instant, into outputs: inout [UserAgentOutput]
    ) {
        let request = valid.message
        switch request.method {
        case .invite, .bye, .message, .options: break
        // RFC 3261 §8.2.1: 405 with Allow for a method that is understood and not allowed; RFC 3261 §21.5.2: 501 otherwise.
        case .other: return respond(501, to: request, in: id, at: now, into: &outputs)
        case .ack, .cancel, .register, .prack, .subscribe, .notify, .publish, .info, .refer, .update:
            return respond(
                405, to: request, in: id, lines: [(.allow, Self.allowedMethods)], at: now, into: &outputs)
        }
        if let problem = valid.problem(for: .userAgentServer, supportedOptions: Self.supportedOptions) {
            let names = problem.unsupported.map(\.text).joined(separator: ", ")
            return respond(
                problem.status, to: request, in: id, lines: names.isEmpty ? [] : [(.unsupported, names)], at: now,
                into: &outputs)
        }
        // RFC 3261 §8.2.2.2.
        if table.isMerged(valid, in: id) { return respond(482, to: request, in: id, at: now, into: &outputs) }
        if request.toTag != nil { return receiveInDialog(request, id, at: now, into: &outputs) }
        switch request.method {
        case .invite: receiveInvite(request, id, at: now, into: &outputs)
        case .message: receiveMessage(request, id, at: now, into: &outputs)
        case .options: answerOptions(request, id, at: now, into: &outputs)
        // RFC 3261 §15.1.2: a BYE outside of a dialog.
        case .bye, .ack, .cancel, .register, .prack, .subscribe, .notify, .publish, .info, .refer, .update, .other:
            respond(481, to: request, in: id, at: now, into: &outputs)
        }
    }

    /// RFC 3428 §7: a message that can be shown is answered 200 at once.
    mutating func receiveMessage(
        _ request: SIPMessage, _ id: ServerTransactionID, at now: Instant, into outputs: inout [UserAgentOutput]
    ) {
        respond(200, to: request, in: id, at: now, into: &outputs)
        outputs.append(
            .event(
                .messageReceived(
                    from: request.from?.uriBytes.text ?? "",
                    contentType: request.value(of: .contentType)?.text ?? "text/plain", body: Array(request.body))))
    }

    /// RFC 3261 §11.2.
    mutating func answerOptions(
        _ request: SIPMessage, _ id: ServerTransactionID, at now: Instant, into outputs: inout [UserAgentOutput]
    ) {
        let lines: [(name: HeaderName, value: String)] = [
            (.allow, Self.allowedMethods), (.accept, "application/sdp, text/plain"), (.supported, "path, outbound"),
        ]
        respond(200, to: request, in: id, lines: lines, at: now, into: &outputs)
    }

    /// Sends a response when its transaction lets it.
    mutating func respond(
        _ status: UInt16, to request: SIPMessage, in id: ServerTransactionID, tag: String? = nil,
        lines: [(name: HeaderName, value: String)] = [], description: SessionDescription? = nil, at now: Instant,
        into outputs: inout [UserAgentOutput]
    ) {
        switch table.respond(status, in: id, at: now) {
        case .discard: return
        case .send, .sendAndEnd: break
        }
        var writer = ResponseWriter(to: request, status: status)
        writer.toTag = Array((tag ?? freshTag()).utf8)
        // RFC 3261 §12.1.1: the routes go back with every response that makes a dialog.
        writer.copiesRecordRoute = request.method == .invite && status > 100 && status < 300
        for line in lines { writer.add(line.name, line.value) }
        if let description { writer.setBody(type: "application/sdp", Array(description.text.utf8)) }
        write(writer, into: &outputs)
    }

    private func write(_ writer: ResponseWriter, into outputs: inout [UserAgentOutput]) {
        var bytes: [UInt8] = []
        writer.write(into: &bytes)
        outputs.append(.send(bytes))
    }

    private static var supportedOptions: [String] { ["path", "outbound"] }
}
