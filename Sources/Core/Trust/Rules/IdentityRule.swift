/// E301 and E304: the certificate has a name that can be a SIP identity.
enum IdentityRule {
    static let rule = Rule("identity.usable", "RFC 5922 §7.1")
    private static let expected = "URI:sip:DOMAIN or DNS:HOST in the subject alternative name"

    /// RFC 5922 §7.1, §7.2: `sip:` URIs without a user part, else DNS names; a wildcard is no identity, and the common
    /// name never counts.
    /// Deviation: RFC 5922 §7.1 lets an implementation fall back to the common name; ours does not.
    static func check(_ subject: Case) -> Finding {
        let names = subject.leaf.names
        switch subject.claim {
        case .user, .device, .anonymous:
            return .passed(rule, saw: names.summary, expected: "none: the user is proven later")
        case .server:
            // Our own profile writes no wildcards, so one of our CA's certificates with one was not made for a server.
            if let wildcard = names.wildcards.first { return failed(.e304, "DNS:\(wildcard)") }
        case .homeServer:
            // RFC 9525 §6.3: a user's machine compares DNS names, as every softphone does.
            return check(names.dnsNames, names, subject.leaf)
        case .application, .partner: break
        }
        return check(names.sipIdentities, names, subject.leaf)
    }

    private static func check(_ identities: [String], _ names: CertificateNames, _ leaf: CertificateFacts) -> Finding {
        if !identities.isEmpty { return .passed(rule, saw: names.summary, expected: expected) }
        if let wildcard = names.wildcards.first { return failed(.e304, "DNS:\(wildcard)") }
        // A user's certificate is a good certificate of the wrong profile.
        if let user = names.sipUsers.first { return failed(.e302, "the certificate of user \(user)") }
        return failed(.e301, "\(names.summary); subject \(leaf.subjectText)")
    }

    private static func failed(_ code: TrustCode, _ saw: String) -> Finding {
        .failed(rule, code, saw: saw, expected: expected, next: "entente cert show FILE.pem")
    }
}
