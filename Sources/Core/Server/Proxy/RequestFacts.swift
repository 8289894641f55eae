import Basis
import SIP

/// What every rule about a request asks for, read once. Slices share the message's storage.
struct RequestFacts {
    let message: SIPMessage
    /// The request URI.
    let target: SIPURI
    let from: SIPURI
    let to: SIPURI
    let fromTag: ArraySlice<UInt8>
    /// Empty outside a dialog.
    let toTag: ArraySlice<UInt8>
    let callID: ArraySlice<UInt8>

    /// Reads the facts; nil when one is missing or broken, which `RequestValidation` has answered before.
    init?(_ message: SIPMessage) {
        guard let target = message.requestURI, let from = message.from?.uri, let to = message.to?.uri,
            let callID = message.callID
        else { return nil }
        self.message = message
        self.target = target
        self.from = from
        self.to = to
        fromTag = message.fromTag ?? []
        toTag = message.toTag ?? []
        self.callID = callID
    }

    /// Outside a dialog, so that From must be proven; a request that creates one is outside it.
    var isOutsideDialog: Bool { toTag.isEmpty }

    /// The caller's address in canonical form; empty for a URI that has none, such as `tel:`.
    var fromAddress: [UInt8] { from.addressOfRecord }

    /// RFC 3323: the caller hides behind `anonymous@anonymous.invalid`.
    var isAnonymous: Bool { from.host.equalsIgnoringCase("anonymous.invalid") }
}

extension RequestFacts {
    /// Whom a request on a partner's link is from: From, or of an anonymous caller P-Asserted-Identity (Decision 0010), if
    /// that is in one of the partner's domains; nil otherwise.
    func identity(in domains: [String]) -> [UInt8]? {
        let address = isAnonymous ? message.assertedIdentities?.first?.uri?.addressOfRecord ?? [] : fromAddress
        let domain = address.drop { $0 != UInt8(ascii: "@") }.dropFirst()
        return domains.contains { domain.equalsIgnoringCase($0) } ? address : nil
    }
}

extension SIPURI {
    /// `user@host` in the canonical form of RFC 3261 §10.3, the key of every table of users; empty when there is none.
    var addressOfRecord: [UInt8] {
        guard let address = AddressOfRecord(self), !address.user.isEmpty else { return [] }
        return Array(address.user) + [UInt8(ascii: "@")] + Array(address.host)
    }

    /// The host in lower case.
    var canonicalHost: [UInt8] { host.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 } }
}
