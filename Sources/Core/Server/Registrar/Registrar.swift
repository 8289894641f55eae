import Basis
import SIP

/// RFC 3261 §10.3 with RFC 5626 §6: what one REGISTER of a proven user does to the bindings of its address-of-record.
///
/// A pure step over one stripe's value: it is given the bindings, changes them or not, and says what to answer.
enum Registrar {
    /// What to tell the client.
    enum Answer: Sendable {
        /// 200; `isChanged` says whether the journal must know first.
        case accepted(isChanged: Bool)
        case refused(UInt16, String, HeaderLines)
    }

    /// What the REGISTER asks for, read before the stripe is locked.
    struct Order {
        var contacts: [NameAddress]
        var isWildcard: Bool
        var defaultSeconds: UInt32
        var isDefaultGiven: Bool
        var callID: [UInt8]
        var cseq: UInt32
        var flow: Flow
        /// Whether RFC 5626 was asked for by option tag.
        var supportsOutbound: Bool
    }

    /// What a REGISTER was read as.
    enum Reading {
        case order(Order)
        case refused(UInt16, String)
    }

    /// Reads the order, and refuses what no binding may be made of.
    static func order(in message: SIPMessage, flow: Flow) -> Reading {
        guard let cseq = message.cSeq, let callID = message.callID else { return badContact }
        let expires = message.expires
        var order = Order(
            contacts: [], isWildcard: false, defaultSeconds: expires ?? ServerLimits.registrationDefaultSeconds,
            isDefaultGiven: expires != nil, callID: Array(callID), cseq: cseq.number, flow: flow,
            supportsOutbound: message.supports("outbound"))
        guard message.has(.contact) else { return .order(order) }
        switch message.contacts {
        case .wildcard?: order.isWildcard = true
        case .addresses(let contacts)?: order.contacts = contacts
        case nil: return badContact
        }
        guard order.contacts.allSatisfy(hasSoundInstance) else { return badContact }
        // Each is compared with every binding while the stripe is locked.
        guard order.contacts.count <= ServerLimits.contactsPerAddressMax else { return .refused(403, tooMany) }
        return .order(order)
    }

    private static let badContact = Reading.refused(400, "Bad Contact")
    private static let tooMany = "Too many contacts"

    /// RFC 5626 §4.1: what is kept is told to others, so it is a URN or it is refused.
    private static func hasSoundInstance(_ contact: NameAddress) -> Bool {
        guard contact.parameters.has("+sip.instance") else { return true }
        return contact.instanceID.map { $0.count <= ServerLimits.contactBytesMax } ?? false
    }

    /// Carries the order out. All of it or nothing: a refusal leaves the bindings as they were.
    static func apply(_ order: Order, to bindings: inout [Binding], at wall: WallTime) -> Answer {
        if order.isWildcard { return removeAll(order, from: &bindings) }
        guard let first = order.contacts.first else { return .accepted(isChanged: false) }
        if order.contacts.count == 1 {
            let before = bindings.count
            if let refusal = apply(first, of: order, to: &bindings, at: wall) { return refusal }
            guard bindings.count > before, before >= ServerLimits.contactsPerAddressMax else {
                return .accepted(isChanged: true)
            }
            // What came last is the new one.
            bindings.removeLast()
            return .refused(403, tooMany, [])
        }
        var changed = bindings
        for contact in order.contacts {
            if let refusal = apply(contact, of: order, to: &changed, at: wall) { return refusal }
        }
        guard changed.count <= ServerLimits.contactsPerAddressMax else { return .refused(403, tooMany, []) }
        bindings = changed
        return .accepted(isChanged: true)
    }

    /// RFC 3261 §10.3 step 6: `*` stands alone, with Expires 0, and each binding's order is respected.
    private static func removeAll(_ order: Order, from bindings: inout [Binding]) -> Answer {
        guard order.contacts.isEmpty, order.isDefaultGiven, order.defaultSeconds == 0 else {
            return .refused(400, "Contact * needs Expires: 0", [])
        }
        guard bindings.allSatisfy({ isInOrder(order, after: $0) }) else { return outOfOrder }
        bindings = []
        return .accepted(isChanged: true)
    }

    /// One contact; a refusal leaves the bindings as they were.
    private static func apply(
        _ contact: NameAddress, of order: Order, to bindings: inout [Binding], at wall: WallTime
    ) -> Answer? {
        guard let uri = contact.uri, contact.uriBytes.count <= ServerLimits.contactBytesMax else {
            return .refused(400, "Bad Contact", [])
        }
        var seconds = contact.expires ?? order.defaultSeconds
        if seconds > 0, seconds < ServerLimits.registrationMinSeconds {
            // RFC 3261 §10.3 step 7: an interval that is too brief is refused with the shortest we take.
            return .refused(423, "Interval Too Brief", minExpires)
        }
        seconds = min(seconds, ServerLimits.registrationMaxSeconds)
        let instanceID = contact.instanceID.map { Array($0) } ?? []
        let regID = instanceID.isEmpty ? 0 : contact.regID ?? 0
        let index = bindings.firstIndex { binding in
            // RFC 5626 §6: instance and reg-id name a binding, whatever its Contact says.
            if regID != 0 { return binding.instanceID == instanceID && binding.regID == regID }
            return contact.uriBytes == binding.contact[...]
                || SIPURI(binding.contact[...]).map { $0.isEquivalent(to: uri) } ?? false
        }
        if let index, !isInOrder(order, after: bindings[index]) { return outOfOrder }
        guard seconds > 0 else {
            if let index { bindings.remove(at: index) }
            return nil
        }
        let binding = Binding(
            contact: Array(contact.uriBytes), expires: wall + .seconds(UInt64(seconds)), callID: order.callID,
            cseq: order.cseq, instanceID: instanceID, regID: regID, q: contact.q ?? 1_000, flow: order.flow)
        if let index { bindings[index] = binding } else { bindings.append(binding) }
        return nil
    }

    /// RFC 3261 §10.3 step 7: within one Call-ID only a higher CSeq may change a binding.
    private static func isInOrder(_ order: Order, after binding: Binding) -> Bool {
        binding.callID != order.callID || binding.cseq < order.cseq
    }

    private static let outOfOrder = Answer.refused(500, "CSeq out of order", [])

    private static let minExpires: HeaderLines = [
        (.minExpires, Array(String(ServerLimits.registrationMinSeconds).utf8))
    ]

    /// The Contact value of a current binding in a 200, with what is left of its time (RFC 3261 §10.3 step 8).
    static func appendContact(of binding: Binding, at wall: WallTime, to value: inout [UInt8]) {
        value.append(UInt8(ascii: "<"))
        value.append(contentsOf: binding.contact)
        value.append(text: ">;expires=")
        value.append(decimal: (binding.expires - wall).wholeSeconds)
        if !binding.instanceID.isEmpty {
            // RFC 5626 §4.1: the URN stands in angle brackets inside the quotes; `instanceID` is kept without them.
            value.append(text: ";+sip.instance=\"<")
            value.append(contentsOf: binding.instanceID)
            value.append(text: ">\"")
        }
        if binding.regID != 0 {
            value.append(text: ";reg-id=")
            value.append(decimal: UInt64(binding.regID))
        }
    }
}
