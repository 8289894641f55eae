public import Basis
public import SIP

extension TransactionTable {
    /// Begins the transaction of an INVITE that is about to be sent on `connection`; starts timer B.
    ///
    /// Nil when `TransactionLimits.clientTransactionsMax` is reached.
    public mutating func startInvite(
        on connection: ConnectionID, userTag: UInt64, at now: Instant
    ) -> ClientTransactionID? {
        let record = ClientRecord(machine: .invite(InviteClientTransaction()), method: .invite, userTag: userTag)
        guard let id = clients.insert(record, on: connection) else { return nil }
        start(.b, for: id, at: now)
        return ClientTransactionID(rawValue: id)
    }

    /// Begins the transaction of a request that is about to be sent on `connection`; starts timer F.
    ///
    /// Not for INVITE (`startInvite`), ACK (it has no transaction) or CANCEL (`cancel`). Nil when
    /// `TransactionLimits.clientTransactionsMax` is reached.
    public mutating func startNonInvite(
        _ method: Method, on connection: ConnectionID, userTag: UInt64, at now: Instant
    ) -> ClientTransactionID? {
        let record = ClientRecord(machine: .nonInvite(NonInviteClientTransaction()), method: method, userTag: userTag)
        guard let id = clients.insert(record, on: connection) else { return nil }
        start(.f, for: id, at: now)
        return ClientTransactionID(rawValue: id)
    }

    /// Asks for the CANCEL of an INVITE. It carries the branch of the INVITE and so the same identifier.
    public mutating func cancel(_ id: ClientTransactionID, at now: Instant) -> CancelVerdict {
        let verdict = clients.update(id.rawValue) { record -> CancelVerdict in
            switch (record.inviteState, record.cancellation) {
            case (.calling, _):
                record.cancellation = .wanted
                return .afterProvisional
            case (.proceeding, .none), (.proceeding, .wanted):
                record.cancellation = .sent(NonInviteClientTransaction())
                return .send
            case (.proceeding, .sent), (.accepted, _), (.terminated, _), (nil, _):
                return .tooLate
            }
        }
        if verdict == .send { start(.cancelWait, for: id.rawValue, at: now) }
        return verdict ?? .tooLate
    }

    /// Takes a response: its status, the method in its CSeq, the identifier from the branch of its top Via, and the
    /// connection on which it came.
    public mutating func receive(
        status: UInt16, method: Method, for id: ClientTransactionID, on connection: ConnectionID, at now: Instant
    ) -> ClientVerdict {
        guard (100...699).contains(status), clients.connection(of: id.rawValue) == connection,
            let record = clients[id.rawValue]
        else { return .unknown }
        if method == .cancel, record.method == .invite { return receiveForCancel(status: status, id.rawValue) }
        guard method == record.method else { return .unknown }
        switch record.machine {
        case .invite: return receiveForInvite(status: status, id.rawValue, record.userTag, at: now)
        case .nonInvite: return receiveForNonInvite(status: status, id.rawValue, record.userTag)
        }
    }

    /// Forgets a transaction without a word: the transaction user gave it up.
    public mutating func end(_ id: ClientTransactionID) {
        endClient(id.rawValue)
    }

    /// Says that a request could not be written, or its connection has gone.
    public mutating func transportFailed(_ id: ClientTransactionID, into events: inout [TransactionEvent]) {
        guard let record = clients[id.rawValue] else { return }
        let ended = clients.update(id.rawValue) { record -> Bool in
            switch record.machine {
            case .invite(var transaction):
                let action = transaction.handle(.transportError)
                record.machine = .invite(transaction)
                return action == .informTransportError
            case .nonInvite(var transaction):
                let action = transaction.handle(.transportError)
                record.machine = .nonInvite(transaction)
                return action == .informTransportError
            }
        }
        guard ended == true else { return }
        endClient(id.rawValue)
        events.append(.clientFailed(id, userTag: record.userTag))
    }

    /// The tag that the transaction was started with; nil when it has ended.
    public func userTag(of id: ClientTransactionID) -> UInt64? { clients[id.rawValue]?.userTag }

    /// The tag of every client transaction that has no final response yet; for checkers.
    public var openClientTags: [UInt64] {
        clients.records.filter { $0.inviteState != .accepted }.map(\.userTag)
    }

    /// The connection that the request left on; nil when the transaction has ended.
    public func connection(of id: ClientTransactionID) -> ConnectionID? { clients.connection(of: id.rawValue) }

    /// Fires a timer of an INVITE.
    mutating func fireClient(
        _ id: UInt64, invite event: InviteClientTransaction.Event, into events: inout [TransactionEvent]
    ) {
        guard let record = clients[id] else { return }
        switch handleInvite(id, event) {
        case .informTimeout:
            endClient(id)
            events.append(.clientTimedOut(ClientTransactionID(rawValue: id), userTag: record.userTag))
        case .end:
            endClient(id)
            events.append(.clientEnded(ClientTransactionID(rawValue: id), userTag: record.userTag))
        case .ignore, .pass, .passAndStartTimerM, .acknowledgeAndPass, .informTransportError, nil:
            return
        }
    }

    /// Fires timer F.
    mutating func fireNonInviteClient(_ id: UInt64, into events: inout [TransactionEvent]) {
        guard let record = clients[id] else { return }
        switch handleNonInvite(id, .timerF) {
        case .informTimeout:
            endClient(id)
            events.append(.clientTimedOut(ClientTransactionID(rawValue: id), userTag: record.userTag))
        case .ignore, .pass, .informTransportError, nil:
            return
        }
    }

    private mutating func receiveForInvite(
        status: UInt16, _ id: UInt64, _ userTag: UInt64, at now: Instant
    ) -> ClientVerdict {
        switch handleInvite(id, status < 200 ? .provisional : status < 300 ? .success : .failure) {
        case .pass:
            if status >= 200 { return .success(userTag: userTag) }
            trim(.b)
            guard sendWantedCancel(id, at: now) else { return .provisional(userTag: userTag) }
            return .provisionalThenCancel(userTag: userTag)
        case .passAndStartTimerM:
            start(.m, for: id, at: now)
            trim(.b)
            trim(.cancelWait)
            return .success(userTag: userTag)
        case .acknowledgeAndPass:
            endClient(id)
            return .failure(userTag: userTag)
        case .ignore: return .absorbed
        case .informTimeout, .informTransportError, .end, nil: return .unknown
        }
    }

    private mutating func receiveForNonInvite(status: UInt16, _ id: UInt64, _ userTag: UInt64) -> ClientVerdict {
        switch handleNonInvite(id, status < 200 ? .provisional : .final) {
        case .pass:
            if status < 200 { return .provisional(userTag: userTag) }
            endClient(id)
            return .final(userTag: userTag)
        case .ignore: return .absorbed
        case .informTimeout, .informTransportError, nil: return .unknown
        }
    }

    private mutating func receiveForCancel(status: UInt16, _ id: UInt64) -> ClientVerdict {
        let verdict = clients.update(id) { record -> ClientVerdict in
            switch record.cancellation {
            case .none, .wanted: return .unknown
            case .sent(var transaction):
                let action = transaction.handle(status < 200 ? .provisional : .final)
                record.cancellation = .sent(transaction)
                return action == .pass ? .absorbed : .unknown
            }
        }
        return verdict ?? .unknown
    }

    private mutating func sendWantedCancel(_ id: UInt64, at now: Instant) -> Bool {
        switch clients[id]?.cancellation {
        case .wanted: cancel(ClientTransactionID(rawValue: id), at: now) == .send
        case .none?, .sent, nil: false
        }
    }

    private mutating func handleInvite(
        _ id: UInt64, _ event: InviteClientTransaction.Event
    ) -> InviteClientTransaction.Action? {
        clients.update(id) { record -> InviteClientTransaction.Action in
            switch record.machine {
            case .invite(var transaction):
                let action = transaction.handle(event)
                record.machine = .invite(transaction)
                return action
            case .nonInvite: return .ignore
            }
        }
    }

    private mutating func handleNonInvite(
        _ id: UInt64, _ event: NonInviteClientTransaction.Event
    ) -> NonInviteClientTransaction.Action? {
        clients.update(id) { record -> NonInviteClientTransaction.Action in
            switch record.machine {
            case .nonInvite(var transaction):
                let action = transaction.handle(event)
                record.machine = .nonInvite(transaction)
                return action
            case .invite: return .ignore
            }
        }
    }

    private mutating func endClient(_ id: UInt64) {
        switch clients.remove(id)?.machine {
        case .invite:
            trim(.b)
            trim(.m)
            trim(.cancelWait)
        case .nonInvite: trim(.f)
        case nil: return
        }
    }
}
