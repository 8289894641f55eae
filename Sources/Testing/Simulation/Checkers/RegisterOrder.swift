import SIP

/// What a REGISTER asks for, as far as checkers look.
struct RegisterOrder {
    let aor: [UInt8]
    let instance: [UInt8]
    let callID: [UInt8]
    let cseq: UInt32
    let isRemoval: Bool

    /// Nil for anything but a REGISTER with one Contact.
    init?(_ message: SIPMessage) {
        guard message.isRequest, message.method == .register, let cseq = message.cSeq?.number,
            let callID = message.callID, case .addresses(let contacts)? = message.contacts,
            let contact = contacts.first, let uri = message.to?.uri, let user = uri.user
        else { return nil }
        aor = Array(user) + [64] + Array(uri.host)
        instance = contact.instanceID.map { Array($0) } ?? []
        self.callID = Array(callID)
        self.cseq = cseq
        isRemoval = (contact.expires ?? message.expires) == 0
    }
}
