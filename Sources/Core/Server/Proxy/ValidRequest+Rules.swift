import SIP

/// What the rules ask of a request.
extension ValidRequest {
    /// The caller's address in canonical form, the key of every table of users; empty for a URI without a user.
    var fromAddress: [UInt8] { fromURI.userAtHost }

    /// Outside a dialog, so that From must be proven; a request that creates one is outside it.
    var isOutsideDialog: Bool { toTag == nil }

    /// RFC 3323: the caller hides behind `anonymous@anonymous.invalid`.
    var isAnonymous: Bool { fromURI.host.equalsIgnoringCase("anonymous.invalid") }

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
