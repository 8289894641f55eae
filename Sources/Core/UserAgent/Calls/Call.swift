internal import Basis
internal import SIP
internal import Transactions

/// One call, from the first INVITE to the BYE.
struct Call: Sendable {
    /// How far the call has come.
    enum Phase: Sendable {
        /// Our INVITE is on its way; the tag is that of the request.
        case calling(request: UInt64, isRinging: Bool)
        /// Our INVITE is on its way and we want no answer any more.
        case cancelling(request: UInt64)
        /// Their INVITE waits for an answer.
        case offered(ServerTransactionID, SIPMessage)
        /// Our 200 is sent, its ACK has not come; hanging up waits for it, RFC 3261 §15.
        case answered(ackDeadline: Instant, hangsUp: Bool)
        /// The call is up.
        case established
    }

    let handle: CallHandle
    /// Our tag in the dialog.
    let localTag: String
    var phase: Phase
    var dialog: Dialog?
    /// Our media description; it stays the same when the other side asks again.
    var key: [UInt8]
}
