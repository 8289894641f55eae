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

extension SIPMessage {
    /// The branches of the Via stack, top first.
    var branches: [[UInt8]] { (vias ?? []).map { $0.branch.map(Array.init) ?? [] } }

    var isFinal: Bool { !isRequest && status >= 200 }

    var callIDText: String { String(decoding: callID ?? [], as: UTF8.self) }
}
