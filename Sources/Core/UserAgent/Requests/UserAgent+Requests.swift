internal import Basis
internal import SIP
internal import Transactions

/// A request on its way.
struct PendingRequest: Sendable {
    /// What it was sent for.
    enum Purpose: Sendable {
        case register(lifetimeSeconds: UInt32)
        case message(tag: UInt32)
        case options(tag: UInt32)
        case invite(CallHandle, localTag: String)
        case bye
    }

    var request: OutgoingRequest
    let purpose: Purpose
    var transaction: ClientTransactionID
    var branch: String
    /// How often it was sent again for a challenge, and for which nonce last.
    var challenges = 0
    var answeredNonce: [UInt8]?
    /// For an INVITE: the ACK that was sent to each 2xx, by To tag.
    var acknowledged: [(remoteTag: String, bytes: [UInt8])] = []
}

/// How a request ended.
struct Outcome: Sendable {
    let status: UInt16
    let reason: String
    /// Nil when no response came.
    let response: SIPMessage?

    init(_ response: SIPMessage) {
        status = response.status
        reason = response.reasonPhrase.text
        self.response = response
    }

    init(status: UInt16) {
        self.status = status
        reason = reasonPhrase(for: status)
        response = nil
    }

    var isSuccess: Bool { (200...299).contains(status) }
}

extension UserAgent {
    /// RFC 3428 §4: a pager-mode message, outside of any dialog.
    mutating func sendMessage(
        to: String, _ text: String, _ tag: UInt32, at now: Instant, into outputs: inout [UserAgentOutput]
    ) {
        guard isTarget(to) else {
            let (status, reason) = Self.malformedTarget
            return outputs.append(.event(.messageFailed(tag: tag, status: status, reason: reason)))
        }
        var request = requestOutsideDialog(.message, to: to)
        request.contentType = "text/plain;charset=UTF-8"
        request.body = Array(text.utf8)
        send(request, for: .message(tag: tag), at: now, into: &outputs)
    }

    /// RFC 3261 §11.1.
    mutating func sendOptions(to: String, _ tag: UInt32, at now: Instant, into outputs: inout [UserAgentOutput]) {
        guard isTarget(to) else {
            return outputs.append(.event(.optionsAnswered(tag: tag, status: Self.malformedTarget.status)))
        }
        var request = requestOutsideDialog(.options, to: to)
        request.lines.append((.accept, "application/sdp, text/plain"))
        send(request, for: .options(tag: tag), at: now, into: &outputs)
    }

    /// Whether a command names something that a request can go to. What a person typed must not become header lines.
    func isTarget(_ text: String) -> Bool {
        switch SIPURI(text)?.scheme {
        case .sip, .sips: true
        case .tel, .other, nil: false
        }
    }

    /// What a command with a wrong target gets, as if it had been sent: RFC 3261 §21.4.1.
    static var malformedTarget: (status: UInt16, reason: String) { (400, "Malformed address") }

    /// RFC 3261 §8.1.1: a request that belongs to no dialog, with a fresh Call-ID and From tag.
    mutating func requestOutsideDialog(_ method: Method, to: String, tag: String? = nil) -> OutgoingRequest {
        let tag = tag ?? freshTag()
        return OutgoingRequest(
            method: method, uri: to, from: "<\(account.addressOfRecord)>;tag=\(tag)", to: "<\(to)>",
            callID: Hex.encode(chance.bytes(16)), cSeq: 1, routes: registration.serviceRoute)
    }

    /// A tag of 64 bits; RFC 3261 §19.3 wants 32.
    mutating func freshTag() -> String { Hex.encode(chance.bytes(8)) }

    /// Sends a request under a new transaction and returns its tag. Credentials go along when a challenge is known.
    @discardableResult
    mutating func send(
        _ request: OutgoingRequest, for purpose: PendingRequest.Purpose, at now: Instant,
        into outputs: inout [UserAgentOutput]
    ) -> UInt64? {
        var request = request
        let answered = addCredentials(to: &request)
        return start(request, purpose, challenges: 0, answeredNonce: answered, at: now, into: &outputs)
    }

    /// Takes a response from the connection.
    mutating func receiveResponse(_ message: SIPMessage, at now: Instant, into outputs: inout [UserAgentOutput]) {
        // RFC 3261 §8.1.3.3: a response with more than one Via was not meant for a UAC.
        guard let valid = try? ValidResponse(message), message.vias?.count == 1, let branch = valid.topVia.branch,
            let id = ClientBranch.transaction(in: branch), let tag = table.userTag(of: id), let known = pending[tag],
            branch.equals(known.branch)
        else { return }
        let response = valid.message
        let verdict = table.receive(
            status: response.status, method: valid.cSeq.method, for: id, on: connection, at: now)
        switch verdict {
        case .unknown, .absorbed: return
        case .provisional: receiveProvisional(response, known, into: &outputs)
        case .provisionalThenCancel:
            sendCancel(known, into: &outputs)
        case .success: receiveInviteSuccess(response, tag, at: now, into: &outputs)
        case .failure:
            let ack = known.request.acknowledgement(to: response.value(of: .to)?.text ?? known.request.to)
            outputs.append(.send(ack.bytes(branch: known.branch, sentBy: account.sentBy)))
            finish(tag, Outcome(response), at: now, into: &outputs)
        case .final: finish(tag, Outcome(response), at: now, into: &outputs)
        }
    }

    /// Takes what time or the transport did to transactions.
    mutating func receive(
        _ events: [TransactionEvent], at now: Instant, into outputs: inout [UserAgentOutput]
    ) {
        for event in events {
            switch event {
            // RFC 3261 §8.1.3.1: silence is a 408, a lost connection a 503.
            case .clientTimedOut(_, let tag): finish(tag, Outcome(status: 408), at: now, into: &outputs)
            case .clientFailed(_, let tag): finish(tag, Outcome(status: 503), at: now, into: &outputs)
            case .clientEnded(_, let tag): pending[tag] = nil
            case .serverEnded, .serverNotAcknowledged, .serverUnreachable: continue
            }
        }
    }

    /// Sends the CANCEL of an INVITE, under the branch of the INVITE.
    mutating func sendCancel(_ invite: PendingRequest, into outputs: inout [UserAgentOutput]) {
        outputs.append(
            .send(invite.request.cancellation.bytes(branch: invite.branch, sentBy: account.sentBy)))
    }

    /// A request that has no transaction: the ACK to a 2xx.
    mutating func sendAcknowledgement(
        _ request: OutgoingRequest, into outputs: inout [UserAgentOutput]
    ) -> [UInt8] {
        let bytes = request.bytes(branch: ClientBranch.fresh(&chance), sentBy: account.sentBy)
        outputs.append(.send(bytes))
        return bytes
    }

    private mutating func finish(
        _ tag: UInt64, _ outcome: Outcome, at now: Instant, into outputs: inout [UserAgentOutput]
    ) {
        guard let known = pending.removeValue(forKey: tag) else { return }
        if outcome.status == 401 || outcome.status == 407, let response = outcome.response,
            retry(known, for: response, at: now, into: &outputs)
        {
            return
        }
        switch known.purpose {
        case .register(let seconds): finishRegister(lifetimeSeconds: seconds, outcome, at: now, into: &outputs)
        case .message(let number):
            outputs.append(
                .event(
                    outcome.isSuccess
                        ? .messageDelivered(tag: number, status: outcome.status)
                        : .messageFailed(tag: number, status: outcome.status, reason: outcome.reason)))
        case .options(let number): outputs.append(.event(.optionsAnswered(tag: number, status: outcome.status)))
        case .invite(let handle, _): finishInvite(handle, outcome, into: &outputs)
        case .bye: return
        }
    }

    /// RFC 3261 §22.2: sends the request again with credentials and the next CSeq number; false when it is no use.
    private mutating func retry(
        _ known: PendingRequest, for response: SIPMessage, at now: Instant, into outputs: inout [UserAgentOutput]
    ) -> Bool {
        guard known.challenges < limits.challengesMax, isWanted(known.purpose) else { return false }
        let isProxy = known.request.method != .register
        let isStale = response.challenges(in: response.status == 407 ? .proxyAuthenticate : .wwwAuthenticate)
            .contains { $0.stale }
        guard isProxy ? proxyAuthenticator.accept(response) : registrarAuthenticator.accept(response) else {
            return false
        }
        // The same password would be refused again, unless only the nonce was too old or not ours yet.
        let nonce = isProxy ? proxyAuthenticator.nonce : registrarAuthenticator.nonce
        if known.challenges > 0, !isStale { return false }
        if known.answeredNonce == nonce { return false }
        var request = known.request
        request.cSeq &+= 1
        if request.method == .register { registration.cSeq = request.cSeq }
        request.credentials = []
        let answered = addCredentials(to: &request)
        let tag = start(
            request, known.purpose, challenges: known.challenges + 1, answeredNonce: answered, at: now, into: &outputs)
        if let tag { followInvite(known.purpose, to: tag) }
        return true
    }

    private mutating func addCredentials(to request: inout OutgoingRequest) -> [UInt8]? {
        let line =
            request.method == .register
            ? registrarAuthenticator.credentials(
                for: account, method: request.method, uri: request.uri, chance: &chance)
            : proxyAuthenticator.credentials(for: account, method: request.method, uri: request.uri, chance: &chance)
        guard let line else { return nil }
        request.credentials = [line]
        return request.method == .register ? registrarAuthenticator.nonce : proxyAuthenticator.nonce
    }

    private mutating func start(
        _ request: OutgoingRequest, _ purpose: PendingRequest.Purpose, challenges: Int, answeredNonce: [UInt8]?,
        at now: Instant, into outputs: inout [UserAgentOutput]
    ) -> UInt64? {
        lastTag &+= 1
        let tag = lastTag
        let id =
            pending.count >= limits.requestsMax
            ? nil
            : request.method == .invite
                ? table.startInvite(on: connection, userTag: tag, at: now)
                : table.startNonInvite(request.method, on: connection, userTag: tag, at: now)
        guard let id else {
            // Too much is on its way: the request fails as if the connection had refused it.
            pending[tag] = PendingRequest(
                request: request, purpose: purpose, transaction: ClientTransactionID(rawValue: 0), branch: "")
            finish(tag, Outcome(status: 503), at: now, into: &outputs)
            return nil
        }
        let branch = ClientBranch.make(id, &chance)
        pending[tag] = PendingRequest(
            request: request, purpose: purpose, transaction: id, branch: branch, challenges: challenges,
            answeredNonce: answeredNonce)
        outputs.append(.send(request.bytes(branch: branch, sentBy: account.sentBy)))
        return tag
    }
}

/// The branch of a request of this user agent: cookie, transaction, chance.
enum ClientBranch {
    /// RFC 3261 §8.1.1.7.
    private static let cookie = "z9hG4bK"

    static func make(_ id: ClientTransactionID, _ chance: inout Chance) -> String {
        let digits = String(id.rawValue, radix: 16)
        return cookie + String(repeating: "0", count: 16 - digits.count) + digits + Hex.encode(chance.bytes(8))
    }

    /// A branch without a transaction, for an ACK to a 2xx.
    static func fresh(_ chance: inout Chance) -> String { cookie + Hex.encode(chance.bytes(16)) }

    /// The transaction in a branch that `make` made; nil for other branches.
    static func transaction(in branch: ArraySlice<UInt8>) -> ClientTransactionID? {
        let text = branch.text
        guard text.hasPrefix(cookie) else { return nil }
        return UInt64(text.dropFirst(cookie.count).prefix(16), radix: 16).map(ClientTransactionID.init(rawValue:))
    }
}
