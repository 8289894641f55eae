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

    /// Nil when the fields that are compared cannot be read.
    init?(_ request: SIPMessage, on connection: ConnectionID, key hashKey: KeyedHash.Key) {
        guard request.isRequest, let via = request.topVia, let cSeq = request.cSeq, cSeq.method == request.method else {
            return nil
        }
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
            guard let callID = request.callID else { return nil }
            hash.append(request.requestURIBytes.span)
            hash.endField()
            if let tag = request.fromTag { hash.append(tag.span) }
            hash.endField()
            hash.append(callID.span)
            hash.endField()
            hash.append(UInt64(cSeq.number))
            if let line = request.value(of: .via) { hash.append(line.span) }
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
            hash.append(request.methodBytes.span)
            key = hash.finish()
        case .bye, .register, .options, .prack, .subscribe, .notify, .publish, .info, .refer, .message, .update, .other:
            hash.append(request.methodBytes.span)
            key = hash.finish()
            inviteKey = key
        }
    }

    /// RFC 3261 §8.2.2.2: From tag, Call-ID and CSeq of a request without To tag; nil for any other.
    static func mergeKey(_ request: SIPMessage, key hashKey: KeyedHash.Key) -> TransactionKey? {
        guard request.isRequest, let to = request.to, to.tag == nil, let tag = request.fromTag,
            let callID = request.callID, let cSeq = request.cSeq
        else { return nil }
        var hash = KeyedHash(key: hashKey)
        hash.append(tag.span)
        hash.endField()
        hash.append(callID.span)
        hash.endField()
        hash.append(UInt64(cSeq.number))
        hash.append(cSeq.methodBytes.span)
        return hash.finish()
    }
}

/// What finds a server transaction: a hash over everything that RFC 3261 §17.2.3 compares. A peer that could make two
/// requests with one hash could take a transaction over; it does not know the key, and by accident 128 bits do not meet.
typealias TransactionKey = KeyedHash.Value
