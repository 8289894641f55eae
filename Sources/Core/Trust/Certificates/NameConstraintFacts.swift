import SwiftASN1
import X509

/// The name constraints of one issuer, and what they say to the names of a certificate below it.
struct NameConstraintFacts: Sendable {
    private var permittedDNS: [String] = []
    private var excludedDNS: [String] = []
    private var permittedAddresses: [[UInt8]] = []
    private var excludedAddresses: [[UInt8]] = []
    private var constrainsURI = false
    private var otherKinds: Set<NameKind> = []
    /// How many subtrees there are.
    let count: Int

    init(_ constraints: NameConstraints) throws(CertificateProblem) {
        count = constraints.permittedSubtrees.count + constraints.excludedSubtrees.count
        guard count > 0 else { throw .malformed("name constraints without a subtree") }
        for subtree in constraints.permittedSubtrees { try add(subtree, permitted: true) }
        for subtree in constraints.excludedSubtrees { try add(subtree, permitted: false) }
    }

    private mutating func add(_ subtree: GeneralName, permitted: Bool) throws(CertificateProblem) {
        switch subtree {
        case .dnsName(let text):
            let name = text.lowercased()
            guard name.isEmpty || HostName.isValid(name) else {
                throw .malformed("name constraint DNS:\(PrintableText.of(text))")
            }
            if permitted { permittedDNS.append(name) } else { excludedDNS.append(name) }
        case .ipAddress(let octets):
            guard octets.bytes.count == 8 || octets.bytes.count == 32, Self.isPrefix(Array(octets.bytes)) else {
                throw .malformed("name constraint on addresses")
            }
            if permitted {
                permittedAddresses.append(Array(octets.bytes))
            } else {
                excludedAddresses.append(Array(octets.bytes))
            }
        case .uniformResourceIdentifier: constrainsURI = true
        case .rfc822Name: otherKinds.insert(.email)
        case .directoryName: otherKinds.insert(.directory)
        case .otherName, .x400Address, .ediPartyName, .registeredID: otherKinds.insert(.other)
        }
    }

    /// The first name of `subject` that these constraints forbid, with what they allow; nil when all names pass.
    ///
    /// RFC 5280 §4.2.1.10: a subtree restricts only names of its own kind. The host of a `sip:` URI has no authority
    /// part, so a URI constraint lets none through, and a DNS constraint says nothing about it: our own rule holds it
    /// against the DNS constraint as if it were a DNS name.
    func firstViolation(in subject: CertificateFacts) -> (name: String, allowed: String)? {
        let names = subject.names
        for host in names.hosts where !allows(host) { return (host, allowedText) }
        for name in names.wildcards where !allowsWildcard(name) { return (name, allowedText) }
        if !permittedDNS.isEmpty, let name = names.malformedDNS.first { return (name, allowedText) }
        for address in names.addresses where !allows(address) {
            return ("an address", "addresses inside the constraint")
        }
        if constrainsURI, let host = names.uriHosts.first ?? names.otherURIs.first {
            return ("URI \(host)", "no URI: names of scheme sip have no authority part")
        }
        if otherKinds.contains(.directory), subject.hasSubject || names.otherKinds.contains(.directory) {
            return ("subject \(subject.subjectText)", "constraints on directory names are not supported")
        }
        for kind in otherKinds where kind != .directory && names.otherKinds.contains(kind) {
            return (kind.rawValue, "constraints on this kind of name are not supported")
        }
        return nil
    }

    private var allowedText: String {
        let allowed = permittedDNS.isEmpty ? "any domain" : permittedDNS.prefix(5).joined(separator: ", ")
        return excludedDNS.isEmpty ? allowed : allowed + " but " + excludedDNS.prefix(5).joined(separator: ", ")
    }

    private func allows(_ host: String) -> Bool {
        if excludedDNS.contains(where: { Self.covers($0, host) }) { return false }
        return permittedDNS.isEmpty || permittedDNS.contains { Self.covers($0, host) }
    }

    /// A wildcard passes when all that it could stand for does: it lies inside a permitted subtree, and no excluded
    /// subtree touches it.
    private func allowsWildcard(_ name: String) -> Bool {
        let parent = String(name.drop { $0 != "." }.dropFirst())
        if excludedDNS.contains(where: { Self.covers($0, parent) || HostName.isWithin($0, parent) }) { return false }
        return permittedDNS.isEmpty || permittedDNS.contains { Self.covers($0, parent) }
    }

    private static func covers(_ subtree: String, _ host: String) -> Bool {
        subtree.isEmpty || HostName.isWithin(host, subtree)
    }

    private func allows(_ address: [UInt8]) -> Bool {
        if excludedAddresses.contains(where: { Self.covers($0, address) }) { return false }
        return permittedAddresses.isEmpty || permittedAddresses.contains { Self.covers($0, address) }
    }

    private static func covers(_ range: [UInt8], _ address: [UInt8]) -> Bool {
        guard range.count == address.count * 2 else { return false }
        return zip(address, zip(range.prefix(address.count), range.suffix(address.count))).allSatisfy { octet, pair in
            octet & pair.1 == pair.0 & pair.1
        }
    }

    /// RFC 4632 §3.1: the mask is ones followed by zeros.
    private static func isPrefix(_ range: [UInt8]) -> Bool {
        var ended = false
        for octet in range.suffix(range.count / 2) {
            if ended, octet != 0 { return false }
            if octet != 0xFF { ended = true }
            if (~octet) & (~octet &+ 1) != 0 { return false }
        }
        return true
    }
}
