/// What a server of ours may be: its part in the network. One server may hold several.
public enum ServerRole: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Holds the CA and publishes the signed trust state to every server.
    case authority
    /// Registrar and home proxy: authenticates users, keeps bindings, routes.
    case frontEnd
    /// Authenticates users that come from outside, homes none, sends them on to their pool.
    case director
    /// The only role that faces the outside: external users and partners.
    case edge
    /// The way to gateways and PBXs.
    case mediation
    /// Rooms with many members.
    case groupChat
    /// HTTPS: enrolment, provisioning, administration, console.
    case webServices

    public static func < (left: ServerRole, right: ServerRole) -> Bool { left.order < right.order }

    private var order: Int {
        switch self {
        case .authority: 0
        case .frontEnd: 1
        case .director: 2
        case .edge: 3
        case .mediation: 4
        case .groupChat: 5
        case .webServices: 6
        }
    }
}

extension Set<ServerRole> {
    /// Whether a server of these roles proves users itself: a front end or a director. It has the user directory, takes
    /// clients at its inside, and may say inside which user a request is from.
    public var authenticatesUsers: Bool { contains(.frontEnd) || contains(.director) }
}
