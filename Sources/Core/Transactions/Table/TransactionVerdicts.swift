/// What a response means to the transaction user.
public enum ClientVerdict: Hashable, Sendable {
    /// No such transaction, or another method, or another connection. RFC 6026 §7.3: such a response is dropped.
    case unknown
    /// It belongs to a transaction and is nothing for the user: the answer to a CANCEL, or what came too late.
    case absorbed
    /// 1xx: pass it on.
    case provisional(userTag: UInt64)
    /// 1xx: pass it on, and send the CANCEL that was asked for before anything had come back.
    case provisionalThenCancel(userTag: UInt64)
    /// 2xx to an INVITE: pass on each one. The transaction stays until `TransactionEvent.clientEnded`.
    case success(userTag: UInt64)
    /// 300 to 699 to an INVITE: send the ACK with the branch of the INVITE on the same connection, then pass it on.
    /// The transaction has ended.
    case failure(userTag: UInt64)
    /// 200 to 699 to another method: pass it on. The transaction has ended.
    case final(userTag: UInt64)
}

/// What a CANCEL of a client transaction may do now.
public enum CancelVerdict: Hashable, Sendable {
    /// Send the CANCEL, with the branch of the INVITE.
    case send
    /// RFC 3261 §9.1: a CANCEL waits for the first provisional response; `ClientVerdict.provisionalThenCancel` says when.
    case afterProvisional
    /// The final response is here, or the CANCEL has left already.
    case tooLate
}

/// What a request means to the transaction user.
public enum RequestVerdict: Hashable, Sendable {
    /// A new transaction: pass it on. For an INVITE the user sends 100 at once, RFC 3261 §17.2.1.
    case new(ServerTransactionID)
    /// A new transaction of a CANCEL, and the INVITE that it means; nil is 481 by RFC 3261 §9.2. The CANCEL is answered
    /// through `respond` like any request.
    case cancel(ServerTransactionID, invite: ServerTransactionID?)
    /// It was seen before; or an ACK with no final response to acknowledge.
    case absorbed
    /// The ACK to a final response other than 2xx. That transaction has ended.
    case acknowledged(userTag: UInt64)
    /// An ACK to a 2xx, which belongs to the user. The transaction is named when the ACK carries the branch of the INVITE.
    case acknowledgesSuccess(ServerTransactionID?)
    /// `TransactionLimits.serverTransactionsMax` is reached: answer 503 without a transaction.
    case full
}

/// What becomes of a response that the transaction user wants to send.
public enum RespondVerdict: Hashable, Sendable {
    /// Send it.
    case send
    /// Send it; the transaction has ended.
    case sendAndEnd
    /// A final response has left already, or the transaction has ended: do not send it.
    case discard
}

/// What time or the transport did to a transaction.
public enum TransactionEvent: Hashable, Sendable {
    /// No final response in time: timer B, timer F, or 64*T1 after the CANCEL. To be taken as a 408, RFC 3261 §8.1.3.1.
    /// The transaction has ended.
    case clientTimedOut(ClientTransactionID, userTag: UInt64)
    /// The connection went before the final response. To be taken as a 503, RFC 3261 §8.1.3.1. The transaction has ended.
    case clientFailed(ClientTransactionID, userTag: UInt64)
    /// Timer M: no more 2xx can come. The transaction has ended.
    case clientEnded(ClientTransactionID, userTag: UInt64)
    /// Timer L, or the connection of a request other than INVITE went before its final response. The transaction has ended.
    case serverEnded(ServerTransactionID, userTag: UInt64)
    /// Timer H: the final response other than 2xx was never acknowledged. The transaction has ended.
    case serverNotAcknowledged(ServerTransactionID, userTag: UInt64)
    /// The connection of an INVITE went. RFC 6026 §7.1: its transaction stays, and its timers end it.
    case serverUnreachable(ServerTransactionID, userTag: UInt64)
}
