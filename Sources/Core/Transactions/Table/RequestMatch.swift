internal import Basis
internal import SIP

/// What decides to which transaction a request belongs, taken from the request once.
struct RequestMatch {
    /// The method of the request.
    let method: Method
    /// The key of its own transaction.
    let key: TransactionKey
    /// The key of the INVITE that an ACK or CANCEL means; for other methods the same as `key`.
    let inviteKey: TransactionKey

    init(_ request: ValidRequest, on connection: ConnectionID, key hashKey: KeyedHash.Key) {
        let via = request.topVia
        var hash = KeyedHash(key: hashKey)
        hash.append(connection.rawValue)
        if let branch = via.branch, via.hasMagicCookie {
            // RFC 3261 §17.2.3: branch, sent-by and method. Host names are compared without regard to case.
            hash.append(branch.span)
            hash.endField()
            hash.append(lowercased: via.host.span)
            hash.endField()
            hash.append(via.port.map { UInt64($0) } ?? UInt64.max)
        } else {
            // RFC 3261 §17.2.3: without the cookie, Request-URI, From tag, Call-ID, CSeq number and the whole top Via.
            // Deviation: the To tag is left out, so that an ACK need not be compared with the response that it answers.
            hash.append(request.message.requestURIBytes.span)
            hash.endField()
            if let tag = request.fromTag { hash.append(tag.span) }
            hash.endField()
            hash.append(request.callID.span)
            hash.endField()
            hash.append(UInt64(request.cSeq.number))
            if let line = request.message.value(of: .via) { hash.append(line.span) }
        }
        hash.endField()
        method = request.method
        switch method {
        case .invite, .ack:
            hash.append(Method.invite.text.utf8.span)
            key = hash.finish()
            inviteKey = key
        case .cancel:
            var inviteHash = hash
            inviteHash.append(Method.invite.text.utf8.span)
            inviteKey = inviteHash.finish()
            hash.append(request.message.methodBytes.span)
            key = hash.finish()
        case .bye, .register, .options, .prack, .subscribe, .notify, .publish, .info, .refer, .message, .update, .other:
            hash.append(request.message.methodBytes.span)
            key = hash.finish()
            inviteKey = key
        }
    }

    /// RFC 3261 §8.2.2.2: From tag, Call-ID and CSeq of a request without To tag; nil for any other.
    static func mergeKey(_ request: ValidRequest, key hashKey: KeyedHash.Key) -> TransactionKey? {
        guard request.toTag == nil, let tag = request.fromTag else { return nil }
        var hash = KeyedHash(key: hashKey)
        hash.append(tag.span)
        hash.endField()
        hash.append(request.callID.span)
        hash.endField()
        hash.append(UInt64(request.cSeq.number))
        hash.append(request.cSeq.methodBytes.span)
        return hash.finish()
    }
}

/// What finds a server transaction: a hash over everything that RFC 3261 §17.2.3 compares. A peer that could make two
/// requests with one hash could take a transaction over; it does not know the key, and by accident 128 bits do not meet.
typealias TransactionKey = KeyedHash.Value
