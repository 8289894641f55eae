public import Basis
public import SIP

extension TransactionTable {
    /// Takes a request that came on `connection`, and begins a transaction when it belongs to none.
    ///
    /// It answers nothing by itself, not even an INVITE with 100: the owner writes a response and asks `respond` first.
    public mutating func receive(
        _ request: ValidRequest, on connection: ConnectionID, at now: Instant
    ) -> RequestVerdict {
        let match = RequestMatch(request, on: connection, key: hashKey)
        switch match.method {
        case .ack: return receiveACK(match.inviteKey)
        case .invite:
            if let id = serversByKey[match.key] {
                _ = handleInvite(id, .invite)
                return .absorbed
            }
            return begin(.invite(InviteServerTransaction()), match.key, on: connection).map { .new($0) } ?? .full
        case .cancel:
            if absorbs(match.key) { return .absorbed }
            guard let id = begin(.nonInvite(NonInviteServerTransaction()), match.key, on: connection) else {
                return .full
            }
            return .cancel(id, invite: serversByKey[match.inviteKey].map(ServerTransactionID.init(rawValue:)))
        case .bye, .register, .options, .prack, .subscribe, .notify, .publish, .info, .refer, .message, .update, .other:
            if absorbs(match.key) { return .absorbed }
            return begin(.nonInvite(NonInviteServerTransaction()), match.key, on: connection).map { .new($0) } ?? .full
        }
    }

    /// Whether the request of transaction `id` reached this element already on another path.
    ///
    /// RFC 3261 §8.2.2.2: a UAS answers 482 when a request without To tag has the From tag, Call-ID and CSeq of another
    /// transaction that is still alive. Only for a UAS: to a proxy the same thing is a spiral and lawful, so it never asks.
    public mutating func isMerged(_ request: ValidRequest, in id: ServerTransactionID) -> Bool {
        guard let key = RequestMatch.mergeKey(request, key: hashKey) else { return false }
        if let other = serversByMergeKey[key] { return other != id.rawValue }
        let isKnown = servers.update(id.rawValue) { record -> Bool in
            record.mergeKey = key
            return true
        }
        if isKnown == true { serversByMergeKey[key] = id.rawValue }
        return false
    }

    /// Says that the transaction user wants to send a response with this status, and whether it may.
    public mutating func respond(_ status: UInt16, in id: ServerTransactionID, at now: Instant) -> RespondVerdict {
        guard (100...699).contains(status), let record = servers[id.rawValue] else { return .discard }
        switch record.machine {
        case .invite: return respondToInvite(status, id.rawValue, at: now)
        case .nonInvite: return respondToNonInvite(status, id.rawValue)
        }
    }

    /// Forgets a transaction that will never be answered. Only for other methods than INVITE, whose client gives up by
    /// itself.
    public mutating func end(_ id: ServerTransactionID) {
        endServer(id.rawValue)
    }

    /// Gives the transaction a tag of its owner; 0 before.
    public mutating func setUserTag(_ tag: UInt64, of id: ServerTransactionID) {
        _ = servers.update(id.rawValue) { $0.userTag = tag }
    }

    /// The owner's tag; nil when the transaction has ended.
    public func userTag(of id: ServerTransactionID) -> UInt64? { servers[id.rawValue]?.userTag }

    /// The connection that the request came on; nil when the transaction has ended.
    public func connection(of id: ServerTransactionID) -> ConnectionID? { servers.connection(of: id.rawValue) }

    /// Fires timer H or L.
    mutating func fireServer(
        _ id: UInt64, _ event: InviteServerTransaction.Event, into events: inout [TransactionEvent]
    ) {
        guard let record = servers[id] else { return }
        switch handleInvite(id, event) {
        case .end:
            endServer(id)
            events.append(.serverEnded(ServerTransactionID(rawValue: id), userTag: record.userTag))
        case .informNoACK:
            endServer(id)
            events.append(.serverNotAcknowledged(ServerTransactionID(rawValue: id), userTag: record.userTag))
        case .ignore, .pass, .send, .sendAndStartTimerL, .sendAndStartTimerH, .confirm, .informTransportError, nil:
            return
        }
    }

    /// Tells a server transaction that its connection has gone.
    mutating func serverTransportFailed(_ id: UInt64, into events: inout [TransactionEvent]) {
        guard let record = servers[id] else { return }
        let name = ServerTransactionID(rawValue: id)
        switch record.machine {
        case .invite:
            guard handleInvite(id, .transportError) == .informTransportError else { return }
            // Only this connection could have brought the ACK.
            guard record.inviteState != .completed else {
                endServer(id)
                return events.append(.serverEnded(name, userTag: record.userTag))
            }
            events.append(.serverUnreachable(name, userTag: record.userTag))
        case .nonInvite:
            guard handleNonInvite(id, .transportError) == .informTransportError else { return }
            endServer(id)
            events.append(.serverEnded(name, userTag: record.userTag))
        }
    }

    /// Whether a request other than INVITE was seen before.
    private mutating func absorbs(_ key: TransactionKey) -> Bool {
        guard let id = serversByKey[key] else { return false }
        return handleNonInvite(id, .request) == .ignore
    }

    private mutating func begin(
        _ machine: ServerRecord.Machine, _ key: TransactionKey, on connection: ConnectionID
    ) -> ServerTransactionID? {
        guard let id = servers.insert(ServerRecord(machine: machine, key: key), on: connection) else { return nil }
        serversByKey[key] = id
        return ServerTransactionID(rawValue: id)
    }

    /// RFC 3261 §17.2.3: an ACK matches the transaction of its INVITE; one to a 2xx has a branch of its own.
    private mutating func receiveACK(_ key: TransactionKey) -> RequestVerdict {
        guard let id = serversByKey[key], let record = servers[id] else { return .acknowledgesSuccess(nil) }
        switch handleInvite(id, .ack) {
        case .confirm:
            endServer(id)
            return .acknowledged(userTag: record.userTag)
        case .pass: return .acknowledgesSuccess(ServerTransactionID(rawValue: id))
        case .ignore, .send, .sendAndStartTimerL, .sendAndStartTimerH, .end, .informNoACK, .informTransportError, nil:
            return .absorbed
        }
    }

    private mutating func respondToInvite(_ status: UInt16, _ id: UInt64, at now: Instant) -> RespondVerdict {
        switch handleInvite(id, status < 200 ? .sendProvisional : status < 300 ? .sendSuccess : .sendFailure) {
        case .send: return .send
        case .sendAndStartTimerL:
            start(.l, for: id, at: now)
            return .send
        case .sendAndStartTimerH:
            start(.h, for: id, at: now)
            return .send
        case .ignore, .pass, .confirm, .end, .informNoACK, .informTransportError, nil: return .discard
        }
    }

    private mutating func respondToNonInvite(_ status: UInt16, _ id: UInt64) -> RespondVerdict {
        switch handleNonInvite(id, status < 200 ? .sendProvisional : .sendFinal) {
        case .send:
            if status < 200 { return .send }
            endServer(id)
            return .sendAndEnd
        case .ignore, .informTransportError, nil: return .discard
        }
    }

    private mutating func handleInvite(
        _ id: UInt64, _ event: InviteServerTransaction.Event
    ) -> InviteServerTransaction.Action? {
        servers.update(id) { record -> InviteServerTransaction.Action in
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
        _ id: UInt64, _ event: NonInviteServerTransaction.Event
    ) -> NonInviteServerTransaction.Action? {
        servers.update(id) { record -> NonInviteServerTransaction.Action in
            switch record.machine {
            case .nonInvite(var transaction):
                let action = transaction.handle(event)
                record.machine = .nonInvite(transaction)
                return action
            case .invite: return .ignore
            }
        }
    }

    private mutating func endServer(_ id: UInt64) {
        guard let record = servers.remove(id) else { return }
        serversByKey[record.key] = nil
        if let mergeKey = record.mergeKey { serversByMergeKey[mergeKey] = nil }
        switch record.machine {
        case .invite:
            trim(.h)
            trim(.l)
        case .nonInvite: return
        }
    }
}
