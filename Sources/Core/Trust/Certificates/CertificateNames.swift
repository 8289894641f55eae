import SwiftASN1
import X509

/// The subject alternative names of a certificate, read for SIP.
public struct CertificateNames: Sendable, Hashable {
    /// Domains of `URI:sip:` names without a user part, lower case.
    public private(set) var sipDomains: [String] = []
    /// `user@domain` of `URI:sip:` names with a user part; the domain in lower case.
    public private(set) var sipUsers: [String] = []
    /// Other URIs, `sips:` among them: no identities.
    public private(set) var otherURIs: [String] = []
    /// `DNS:` names that are host names, lower case.
    public private(set) var dnsNames: [String] = []
    /// `DNS:` names with a `*`, lower case.
    public private(set) var wildcards: [String] = []
    /// Addresses, 4 or 16 bytes each.
    public private(set) var addresses: [[UInt8]] = []
    /// Names of other kinds, and names with characters that no host name has, for showing.
    public private(set) var unusable: [String] = []
    /// `DNS:` names that are none, for showing: no constraint that permits names can permit them.
    private(set) var malformedDNS: [String] = []
    /// The kinds of names beside DNS, URI and address.
    private(set) var otherKinds: Set<NameKind> = []
    /// Hosts of every `sip:` and `sips:` URI, with or without a user part: what name constraints are held against.
    private(set) var uriHosts: [String] = []

    /// No names.
    init() {}

    init(_ names: SubjectAlternativeNames) {
        for name in names { add(name) }
    }

    /// How many names there are.
    public var count: Int {
        sipDomains.count + sipUsers.count + otherURIs.count + dnsNames.count + wildcards.count + addresses.count
            + unusable.count
    }

    /// RFC 5922 §7.1: the domains of `URI:sip:` names, and only when there is none the `DNS:` names.
    public var sipIdentities: [String] { sipDomains.isEmpty ? dnsNames : sipDomains }

    /// Every host that a name speaks of, wildcards left out.
    var hosts: [String] { dnsNames + uriHosts }

    /// For people: the names as OpenSSL writes them, at most ten.
    public var summary: String {
        let all =
            sipDomains.map { "URI:sip:" + $0 } + sipUsers.map { "URI:sip:" + $0 } + otherURIs.map { "URI:" + $0 }
            + dnsNames.map { "DNS:" + $0 } + wildcards.map { "DNS:" + $0 } + unusable
        if all.isEmpty { return "no names" }
        return all.prefix(10).joined(separator: ", ") + (all.count > 10 ? ", and \(all.count - 10) more" : "")
    }

    /// Whether a wildcard name would cover `host` by the rules of the web, which are not ours.
    func wildcardCovers(_ host: String) -> Bool {
        wildcards.contains { $0.hasPrefix("*.") && host.split(separator: ".", maxSplits: 1).last == $0.dropFirst(2) }
    }

    private mutating func add(_ name: GeneralName) {
        switch name {
        case .dnsName(let text): addDNS(text)
        case .uniformResourceIdentifier(let text): addURI(text)
        case .ipAddress(let octets): addresses.append(Array(octets.bytes))
        case .rfc822Name(let text): addOther(.email, "email:" + text)
        case .directoryName: addOther(.directory, "a directory name")
        case .otherName, .x400Address, .ediPartyName, .registeredID: addOther(.other, "a name of another kind")
        }
    }

    private mutating func addOther(_ kind: NameKind, _ text: String) {
        otherKinds.insert(kind)
        unusable.append(PrintableText.of(text))
    }

    private mutating func addDNS(_ text: String) {
        let name = text.lowercased()
        if name.contains("*") {
            wildcards.append(PrintableText.of(name))
        } else if HostName.isValid(name) {
            dnsNames.append(name)
        } else {
            malformedDNS.append(PrintableText.of(text))
            unusable.append("DNS:" + PrintableText.of(text))
        }
    }

    /// RFC 5922 §7.1: scheme `sip` and no user part make a domain; everything else about the URI is left out.
    private mutating func addURI(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let scheme = parts.first?.lowercased()
        guard parts.count == 2, scheme == "sip" || scheme == "sips" else {
            otherURIs.append(PrintableText.of(text))
            return
        }
        let address = parts[1].split(separator: "@", omittingEmptySubsequences: false)
        let hostPort = address.last ?? ""
        let host = String(hostPort.prefix { !":;?".contains($0) }).lowercased()
        if !host.isEmpty { uriHosts.append(PrintableText.of(host)) }
        if scheme == "sips" {
            otherURIs.append(PrintableText.of(text))
        } else if host.contains("*") {
            wildcards.append(PrintableText.of(host))
        } else if !HostName.isValid(host) || address.count > 2 {
            unusable.append("URI:" + PrintableText.of(text))
        } else if address.count == 2 {
            sipUsers.append(PrintableText.of(String(address[0])) + "@" + host)
        } else {
            sipDomains.append(host)
        }
    }
}

/// Kinds of names that no rule of ours reads, for name constraints that speak of them.
enum NameKind: String, Sendable, Hashable {
    case email = "rfc822Name"
    case directory = "directoryName"
    case other = "another kind of name"
}

/// The form of host names in certificates.
enum HostName {
    /// Letters, digits and `-` in labels of 1 to 63 characters, at most 253 in all; no dot at the end.
    static func isValid(_ name: String) -> Bool {
        guard (1...253).contains(name.utf8.count) else { return false }
        return name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.count) && label.allSatisfy(isLabelCharacter)
        }
    }

    /// Whether `name` is `domain` or lies below it.
    static func isWithin(_ name: String, _ domain: String) -> Bool {
        name == domain || name.hasSuffix("." + domain)
    }

    private static func isLabelCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default:
            false
        }
    }
}

/// Text of a peer made safe to show: printable ASCII, everything else escaped, at most `lengthMax` characters.
enum PrintableText {
    static let lengthMax = 256

    static func of(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(lengthMax) {
            if (0x20...0x7E).contains(scalar.value) {
                result.unicodeScalars.append(scalar)
            } else {
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            }
        }
        return result
    }
}
