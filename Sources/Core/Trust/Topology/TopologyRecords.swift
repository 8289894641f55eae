/// Servers that do the same work under one name.
public struct PoolRecord: Sendable, Hashable {
    /// The pool's FQDN, lower case.
    public var name: String
    /// What its members may be, sorted.
    public var roles: [ServerRole]
    /// FQDNs of its servers, in the order in which they are tried.
    public var members: [String]
    /// The pool to which requests from outside go on; edges and directors have one.
    public var nextHop: String?
    /// How the pool is seen from outside the organisation; edges have it.
    public var external: ExternalFace?

    /// A pool with these members.
    public init(
        name: String, roles: [ServerRole], members: [String], nextHop: String? = nil, external: ExternalFace? = nil
    ) {
        self.name = name
        self.roles = roles.sorted()
        self.members = members
        self.nextHop = nextHop
        self.external = external
    }
}

/// The outside of an edge pool.
public struct ExternalFace: Sendable, Hashable {
    /// The FQDN under which outside users and partners know the edge.
    public var name: String
    /// Where the certificate for that name comes from.
    public var certificate: ExternalCertificate

    /// An outside name with a certificate.
    public init(name: String, certificate: ExternalCertificate = .authority) {
        self.name = name
        self.certificate = certificate
    }
}

/// Where an edge's external certificate comes from.
public enum ExternalCertificate: String, Sendable, Hashable, CaseIterable {
    /// Our own CA.
    case authority
    /// Files of the edge's host, named in its configuration.
    case file
    /// A public CA over ACME.
    case acme
}

/// One server of this network.
public struct ServerRecord: Sendable, Hashable {
    /// Its FQDN, lower case.
    public var name: String
    /// Where it takes SIP over TLS from inside.
    public var address: NetworkAddress
    /// Where it takes SIP over TLS from outside; edges have one.
    public var external: NetworkAddress?
    /// Where it takes HTTPS for the trust channel.
    public var trust: NetworkAddress
    /// Its keys, current first, then the next one. Empty before it joined.
    public var keys: [KeyPin]

    /// A server at these addresses.
    public init(
        name: String, address: NetworkAddress, external: NetworkAddress? = nil, trust: NetworkAddress,
        keys: [KeyPin] = []
    ) {
        self.name = name
        self.address = address
        self.external = external
        self.trust = trust
        self.keys = keys
    }
}

/// A foreign SIP server inside: a gateway, a PBX, a recorder.
public struct ApplicationRecord: Sendable, Hashable {
    /// Its FQDN, lower case.
    public var name: String
    /// Where it takes SIP over TLS; nil when it only dials us.
    public var address: NetworkAddress?
    /// Names of which its certificate must prove one. Default: its own name.
    public var identities: [String]
    /// False: any key under an accepted root will do (a standing warning).
    public var pinned: Bool
    /// Its pinned keys.
    public var keys: [KeyPin]
    /// Names of `Topology.roots` that its certificate may lead to; empty: the enterprise roots.
    public var roots: [String]
    /// What is sent there: `tel:+4930*`, `sip:*@domain`.
    public var routes: [String]
    /// What it may do.
    public var grant: ApplicationGrant

    /// An application; `identities` nil means its own name.
    public init(
        name: String, address: NetworkAddress? = nil, identities: [String]? = nil, pinned: Bool = true,
        keys: [KeyPin] = [], roots: [String] = [], routes: [String] = [], grant: ApplicationGrant = ApplicationGrant()
    ) {
        self.name = name
        self.address = address
        self.identities = identities ?? [name]
        self.pinned = pinned
        self.keys = keys
        self.roots = roots
        self.routes = routes
        self.grant = grant
    }
}

/// What an application may do beyond being linked. Everything is off by default.
public struct ApplicationGrant: Sendable, Hashable {
    /// It may assert identities (RFC 3325) of `users` and `numbers`.
    public var assertIdentity: Bool
    /// Addresses-of-record that it may act for; `*@domain` stands for all of a domain of ours.
    public var users: [String]
    /// Numbers that it may act for: `+4930*`.
    public var numbers: [String]
    /// Its requests are challenged like a client's.
    public var challenged: Bool
    /// We send there, and take no requests from there.
    public var outboundOnly: Bool
    /// The limits for clients count for it too.
    public var throttled: Bool

    /// A grant; without arguments it allows nothing and is throttled.
    public init(
        assertIdentity: Bool = false, users: [String] = [], numbers: [String] = [], challenged: Bool = false,
        outboundOnly: Bool = false, throttled: Bool = true
    ) {
        self.assertIdentity = assertIdentity
        self.users = users
        self.numbers = numbers
        self.challenged = challenged
        self.outboundOnly = outboundOnly
        self.throttled = throttled
    }
}

/// How a partner came to be one.
public enum PartnerKind: String, Sendable, Hashable, CaseIterable {
    /// An organisation with an edge of its own.
    case named
    /// A provider that speaks for several domains.
    case provider
    /// Anybody who proves the domain; the record `*`.
    case discovered
}

/// What is asked of the revocation data of a partner's issuers.
public enum PartnerRevocation: String, Sendable, Hashable, CaseIterable {
    /// Fresh data or no link.
    case required
    /// Required where the issuer publishes any.
    case whenPublished
    /// Not looked at.
    case none
}

/// A federated organisation, or the rule for organisations that nobody listed (`*`).
public struct PartnerRecord: Sendable, Hashable {
    /// The key of the record: its first domain, or `*`.
    public var name: String
    /// How it came to be a partner.
    public var kind: PartnerKind
    /// FQDN of its edge.
    public var edge: String?
    /// Where its edge listens; nil: its domain is looked up in the DNS.
    public var address: NetworkAddress?
    /// SIP domains that it speaks for. Default: its name; for `*` none.
    public var domains: [String]
    /// Names of which its certificate must prove one. Default: its domains and its edge.
    public var identities: [String]
    /// Names of `Topology.roots` that its certificate may lead to.
    public var roots: [String]
    /// Its certificate may lead to a public root.
    public var publicRoots: Bool
    /// What is asked of its issuers' revocation data.
    public var revocation: PartnerRevocation
    /// False: kept in the document, admits nobody (E401; for `*` E405).
    public var enabled: Bool
    /// True: refused with E404, links are cut.
    public var blocked: Bool
    /// The edge pool that reaches it, where there are several.
    public var via: String?

    /// A partner; `domains` and `identities` nil mean their defaults.
    public init(
        name: String, kind: PartnerKind = .named, edge: String? = nil, address: NetworkAddress? = nil,
        domains: [String]? = nil, identities: [String]? = nil, roots: [String] = [], publicRoots: Bool = false,
        revocation: PartnerRevocation = .whenPublished, enabled: Bool = true, blocked: Bool = false, via: String? = nil
    ) {
        let spoken = domains ?? (name == Topology.discoveryName ? [] : [name])
        self.name = name
        self.kind = kind
        self.edge = edge
        self.address = address
        self.domains = spoken
        self.identities = identities ?? spoken + (edge.map { spoken.contains($0) ? [] : [$0] } ?? [])
        self.roots = roots
        self.publicRoots = publicRoots
        self.revocation = revocation
        self.enabled = enabled
        self.blocked = blocked
        self.via = via
    }
}

/// A root certificate that applications and partners refer to by name.
public struct NamedRoot: Sendable, Hashable {
    /// The name that records use.
    public var name: String
    /// The certificate in DER.
    public var certificate: [UInt8]

    /// A certificate under a name.
    public init(name: String, certificate: [UInt8]) {
        self.name = name
        self.certificate = certificate
    }
}

/// Whether calls without SRTP are refused.
public enum MediaPolicy: String, Sendable, Hashable, CaseIterable {
    /// Offers without SRTP get 488.
    case required
    /// They pass.
    case preferred
}

/// One of the topology's own tests: publishing is refused when it does not hold.
public enum Expectation: Sendable, Hashable {
    /// `X reaches Y`: the server X may link to the server, application or partner Y.
    case reaches(from: String, to: String)
    /// `X is refused`: nobody of this name is admitted.
    case refused(name: String)

    /// Reads `X reaches Y` or `X is refused`, names in lower case from then on; nil for anything else.
    public init?(_ text: String) {
        let words = text.split(separator: " ").map { $0.lowercased() }
        guard words.count == 3 else { return nil }
        if words[1] == "reaches" {
            self = .reaches(from: words[0], to: words[2])
        } else if words[1] == "is", words[2] == "refused" {
            self = .refused(name: words[0])
        } else {
            return nil
        }
    }
}

extension Expectation: CustomStringConvertible {
    public var description: String {
        switch self {
        case .reaches(let from, let to): "\(from) reaches \(to)"
        case .refused(let name): "\(name) is refused"
        }
    }
}
