import Basis
import SIP

/// One connection as one shard of one process knows it.
struct Place: Hashable {
    let seat: SeatID
    let connection: ConnectionID

    init(_ seat: SeatID, _ connection: ConnectionID) {
        self.seat = seat
        self.connection = connection
    }
}

/// RFC 3261 §17.2.3: what names a transaction on a connection. CANCEL has the branch of its INVITE, and its own key.
struct Hop: Hashable {
    let place: Place
    let branch: [UInt8]
    let method: [UInt8]

    /// Nil for a message without Via or CSeq.
    init?(_ place: Place, _ message: SIPMessage, as method: String? = nil) {
        guard let branch = message.topVia?.branch, let cseq = message.cSeq else { return nil }
        self.place = place
        self.branch = Array(branch)
        self.method = Array((method ?? cseq.method.text).utf8)
    }

    var text: String {
        "\(String(decoding: method, as: UTF8.self)) \(String(decoding: branch.suffix(8), as: UTF8.self))"
    }
}

/// An INVITE at one server, and what follows it there: ACK and 2xx have its Call-ID and CSeq number.
struct Invitation: Hashable {
    let machine: Int
    let callID: String
    let cseq: UInt32

    init(_ place: Place, _ message: SIPMessage) {
        machine = place.seat.machine
        callID = message.callIDText
        cseq = message.cSeq?.number ?? 0
    }
}

/// RFC 3261 §13.2.2.4: what names a 2xx to INVITE at one server, and the ACK that belongs to it.
struct Success: Hashable {
    let invitation: Invitation
    let toTag: [UInt8]

    init(_ place: Place, _ message: SIPMessage) {
        invitation = Invitation(place, message)
        toTag = Array(message.toTag ?? [])
    }

    var text: String { "\(invitation.callID) \(invitation.cseq)" }
}

extension SIPMessage {
    /// The branches of the Via stack, top first.
    var branches: [[UInt8]] { (vias ?? []).map { $0.branch.map(Array.init) ?? [] } }

    var isFinal: Bool { !isRequest && status >= 200 }

    var callIDText: String { String(decoding: callID ?? [], as: UTF8.self) }
}
