/// What the other end of a link counts as. Rights follow the class of the link, never the role of the process.
public enum PeerClass: String, Sendable, Hashable, CaseIterable, Comparable {
    /// A server of this network.
    case server
    /// A foreign SIP server that the topology names.
    case application
    /// The edge of a federated organisation.
    case partner
    /// A user's device, without rights until its user is proven.
    case client

    public static func < (left: PeerClass, right: PeerClass) -> Bool { left.order < right.order }

    private var order: Int {
        switch self {
        case .server: 0
        case .application: 1
        case .partner: 2
        case .client: 3
        }
    }
}
