public import Basis

/// What a certificate of our CA is for. The profile fixes its usages, the kind of its names and its lifetime.
public enum CertificateProfile: String, Sendable, Hashable, CaseIterable {
    /// The self-signed root of the network.
    case root
    /// The CA below the root that signs everything else, CRLs too.
    case issuing
    /// A server of ours: DNS names, both directions of TLS, id-kp-sipDomain.
    case server
    /// A user's device: one `URI:sip:user@domain`, client side of TLS only.
    case user

    /// How long a certificate lives after it was issued.
    public var lifetime: Interval {
        switch self {
        case .root: .days(3_652)
        case .issuing: .days(1_826)
        case .server: .days(7)
        case .user: .days(90)
        }
    }

    /// Whether its key signs certificates.
    var isAuthority: Bool {
        switch self {
        case .root, .issuing: true
        case .server, .user: false
        }
    }
}

/// The times of what the authority makes, each with its reason.
public enum AuthorityTimes {
    /// How far before the moment of issue a certificate begins: as much as a clock may be off without an alarm.
    public static let backDate = Interval.seconds(300)
    /// How long a CRL is valid.
    public static let revocationList = Interval.days(1)
    /// How long a topology is valid: as long as a network can go without its publishers.
    public static let topology = Interval.days(90)
    /// How long `root` is valid.
    public static let root = Interval.days(3_652)
    /// How long a snapshot is valid; it is renewed with the CRL.
    public static let snapshot = Interval.days(1)
    /// How long a timestamp is valid.
    public static let timestamp = Interval.seconds(600)
    /// How often a timestamp is made.
    public static let timestampPeriod = Interval.seconds(10)
    /// How often the authority looks for what is due.
    public static let renewalPeriod = Interval.seconds(3_600)
    /// How long before its end a topology is reported as due: a third of its life.
    public static let topologyWarning = Interval.days(30)
}

extension Interval {
    /// A length of whole days of 86,400 seconds.
    static func days(_ count: UInt64) -> Interval { .seconds(count &* 86_400) }
}
