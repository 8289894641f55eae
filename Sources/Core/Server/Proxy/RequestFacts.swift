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
    /// The caller's address in canonical form, the key of every table of users; empty for a URI without a user.
    let fromAddress: [UInt8]

    /// Reads the facts; nil when one is missing or broken, which `RequestValidation` has answered before.
    init?(_ message: SIPMessage) {
        guard let target = message.requestURI, let fromField = message.from, let from = fromField.uri,
            let toField = message.to, let to = toField.uri, let callID = message.callID
        else { return nil }
        self.message = message
        self.target = target
        self.from = from
        self.to = to
        fromTag = fromField.tag ?? []
        toTag = toField.tag ?? []
        self.callID = callID
        fromAddress = from.userAtHost
    }

    /// Outside a dialog, so that From must be proven; a request that creates one is outside it.
    var isOutsideDialog: Bool { toTag.isEmpty }

    /// RFC 3323: the caller hides behind `anonymous@anonymous.invalid`.
    var isAnonymous: Bool { from.host.equalsIgnoringCase("anonymous.invalid") }
}

extension RequestFacts {
    /// Whom a request on a partner's link is from: From, or of an anonymous caller P-Asserted-Identity (Decision 0010), if
    /// that is in one of the partner's domains; nil otherwise.
    func identity(in domains: [String]) -> [UInt8]? {
        let address =
            isAnonymous ? message.firstNameAddress(of: .pAssertedIdentity)?.uri?.userAtHost ?? [] : fromAddress
        let domain = address.drop { $0 != UInt8(ascii: "@") }.dropFirst()
        return domains.contains { domain.equalsIgnoringCase($0) } ? address : nil
    }
}

extension SIPURI {
    /// The host in lower case.
    var canonicalHost: [UInt8] { host.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 } }
}
