/// Everything that a decision sees of one link, as it was at the end of the handshake. It can be written down and
/// decided again later.
public struct LinkEvidence: Sendable, Hashable {
    /// Who opened the link, and for what.
    public var direction: LinkDirection
    /// The certificates as presented, in DER, the peer's own first; empty when it showed none.
    public var chain: [[UInt8]]
    /// Whether this very handshake showed and proved the chain. A resumed session shows one without proving it.
    public var hasValidatedChain: Bool
    /// The other end's address.
    public var remoteAddress: NetworkAddress?
    /// The version agreed on, or the highest one offered where the handshake failed; nil when it was no TLS at all.
    public var tlsVersion: TLSVersion?
    /// The number of the cipher suite, where it is known (RFC 8446 §B.4, RFC 5246 §A.5).
    public var cipherSuite: UInt16?
    /// The name of the key exchange group, where it is known.
    public var group: String?
    /// The name that the client asked for (RFC 6066 §3).
    public var sni: String?
    /// The protocols that the client offered (RFC 7301 §3.1).
    public var alpnOffers: [String]
    /// The protocol that the server selected.
    public var alpnSelected: String?
    /// What went wrong, when the handshake did not end well.
    public var handshakeFailure: String?
    /// Whether the link was admitted before and is decided again: some conditions refuse new links only.
    public var isLive: Bool

    /// Evidence of one link. Direction and chain are enough for a certificate at hand: what is left out was not there, but
    /// for a good TLS 1.3 handshake, in which the peer proved that it has the key of the first certificate.
    public init(
        direction: LinkDirection, chain: [[UInt8]], hasValidatedChain: Bool = true,
        remoteAddress: NetworkAddress? = nil, tlsVersion: TLSVersion? = .tls13, cipherSuite: UInt16? = nil,
        group: String? = nil, sni: String? = nil, alpnOffers: [String] = [], alpnSelected: String? = nil,
        handshakeFailure: String? = nil, isLive: Bool = false
    ) {
        self.direction = direction
        self.chain = chain
        self.hasValidatedChain = hasValidatedChain
        self.remoteAddress = remoteAddress
        self.tlsVersion = tlsVersion
        self.cipherSuite = cipherSuite
        self.group = group
        self.sni = sni
        self.alpnOffers = alpnOffers
        self.alpnSelected = alpnSelected
        self.handshakeFailure = handshakeFailure
        self.isLive = isLive
    }
}

/// Who opened a link.
public enum LinkDirection: Sendable, Hashable {
    /// The peer, on one of our listeners.
    case inbound(ListenerFacts)
    /// We did, to reach this one.
    case outbound(Dialled)

    /// Whether we dialled.
    public var isOutbound: Bool {
        switch self {
        case .inbound: false
        case .outbound: true
        }
    }
}

/// Whom a link was opened to reach: the entry of the topology, never what DNS said about it.
public enum Dialled: Sendable, Hashable, CustomStringConvertible {
    /// A server of ours, by its FQDN.
    case server(String)
    /// An application, by its FQDN.
    case application(String)
    /// The partner who speaks for this SIP domain.
    case partner(String)
    /// A user's machine reaches its own server by this host name, of any case: the roots of its `TrustContext` and the
    /// `DNS:` names of the certificate decide, there is no topology.
    case registrar(String)

    /// The name that was dialled.
    public var name: String {
        switch self {
        case .server(let name), .application(let name), .partner(let name), .registrar(let name): name
        }
    }

    public var description: String {
        switch self {
        case .server(let name): "server \(name)"
        case .application(let name): "application \(name)"
        case .partner(let domain): "partner \(domain)"
        case .registrar(let host): "registrar \(host)"
        }
    }
}

/// What a listener was made for.
public struct ListenerFacts: Sendable, Hashable {
    /// Which side it faces.
    public var kind: ListenerKind
    /// The classes that it takes.
    public var classes: Set<PeerClass>
    /// Roots (DER) of makers whose devices show factory certificates here; such a device is a client like any other.
    public var deviceRoots: [[UInt8]]

    /// A listener for these classes.
    public init(kind: ListenerKind, classes: Set<PeerClass>, deviceRoots: [[UInt8]] = []) {
        self.kind = kind
        self.classes = classes
        self.deviceRoots = deviceRoots
    }
}

/// Which side a listener faces.
public enum ListenerKind: String, Sendable, Hashable, CaseIterable {
    /// Our own network.
    case `internal`
    /// The outside.
    case external
    /// Both, on a host with a single address.
    case combined
}

/// Versions of TLS.
public enum TLSVersion: String, Sendable, Hashable, CaseIterable {
    /// SSL 3 and everything before it.
    case ssl = "ssl"
    /// TLS 1.0.
    case tls10 = "1.0"
    /// TLS 1.1.
    case tls11 = "1.1"
    /// TLS 1.2.
    case tls12 = "1.2"
    /// TLS 1.3.
    case tls13 = "1.3"
}
