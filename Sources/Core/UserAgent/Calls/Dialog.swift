internal import SIP

/// RFC 3261 §12: what two user agents share about their call.
struct Dialog: Sendable {
    let callID: String
    let localTag: String
    let remoteTag: String
    private let localURI: String
    private let remoteURI: String
    private var remoteTarget: String
    private let routeSet: [String]
    private(set) var localCSeq: UInt32
    private var remoteCSeq: UInt32?

    /// RFC 3261 §12.1.2: at the calling side, from the INVITE that was sent and the 2xx; nil without To tag or Contact.
    init?(request: OutgoingRequest, localTag: String, response: SIPMessage) {
        guard let to = response.to, let tag = response.toTag, let from = response.from,
            let contact = response.firstNameAddress(of: .contact)
        else { return nil }
        callID = request.callID
        self.localTag = localTag
        remoteTag = tag.text
        localURI = from.uriBytes.text
        remoteURI = to.uriBytes.text
        remoteTarget = contact.uriBytes.text
        routeSet = response.elements(of: .recordRoute).map(\.text).reversed()
        localCSeq = request.cSeq
        remoteCSeq = nil
    }

    /// RFC 3261 §12.1.1: at the called side, from the INVITE that came; nil without From tag or Contact.
    init?(incoming request: SIPMessage, localTag: String) {
        guard let to = request.to, let from = request.from, let tag = request.fromTag, let callID = request.callID,
            let contact = request.firstNameAddress(of: .contact), let cSeq = request.cSeq
        else { return nil }
        self.callID = callID.text
        self.localTag = localTag
        remoteTag = tag.text
        localURI = to.uriBytes.text
        remoteURI = from.uriBytes.text
        remoteTarget = contact.uriBytes.text
        routeSet = request.elements(of: .recordRoute).map(\.text)
        localCSeq = 0
        remoteCSeq = cSeq.number
    }

    /// RFC 3261 §12.2.2: whether a request belongs here: its To tag is ours, its From tag theirs.
    func matches(_ request: SIPMessage) -> Bool {
        guard let id = request.callID, let to = request.toTag, let from = request.fromTag else { return false }
        return id.equals(callID) && to.equals(localTag) && from.equals(remoteTag)
    }

    /// RFC 3261 §12.2.2: false when the request is older than one seen before, which is answered 500.
    mutating func accepts(cSeq: UInt32) -> Bool {
        if let last = remoteCSeq, cSeq <= last { return false }
        remoteCSeq = cSeq
        return true
    }

    /// RFC 3261 §12.2.2: a target refresh request replaces the remote target.
    mutating func refreshTarget(from request: SIPMessage) {
        if let contact = request.firstNameAddress(of: .contact) { remoteTarget = contact.uriBytes.text }
    }

    /// RFC 3261 §12.2.1.1: a request inside the dialog, with the next CSeq number.
    mutating func request(_ method: Method) -> OutgoingRequest {
        localCSeq &+= 1
        return request(method, cSeq: localCSeq)
    }

    /// RFC 3261 §13.2.2.4: the ACK to a 2xx has the CSeq number of its INVITE.
    func acknowledgement(cSeq: UInt32) -> OutgoingRequest { request(.ack, cSeq: cSeq) }

    private func request(_ method: Method, cSeq: UInt32) -> OutgoingRequest {
        var uri = remoteTarget
        var routes = routeSet
        // RFC 3261 §12.2.1.1: a first hop that is no loose router gets the request in its own name.
        if let first = routeSet.first.flatMap({ NameAddress(Array($0.utf8)[...]) }),
            first.uri?.hasLooseRouting != true
        {
            uri = first.uriBytes.text
            routes = Array(routeSet.dropFirst()) + ["<\(remoteTarget)>"]
        }
        return OutgoingRequest(
            method: method, uri: uri, from: "<\(localURI)>;tag=\(localTag)", to: "<\(remoteURI)>;tag=\(remoteTag)",
            callID: callID, cSeq: cSeq, routes: routes)
    }
}
