public import Trust

/// What the metrics report of one shard.
public struct ServerCounters: Sendable {
    /// Links admitted since the start, by class.
    public internal(set) var admitted: [PeerClass: UInt64] = [:]
    /// Links refused or cut since the start, by code.
    public internal(set) var refused: [TrustCode: UInt64] = [:]
    /// Live links, by class.
    public internal(set) var live: [PeerClass: Int] = [:]
    /// SIP messages read from links, by class: whatever the framer completed, and what broke it.
    public internal(set) var messages = MessageCounts()
    /// Requests answered 503 because their connection had asked for too much.
    public internal(set) var refusedByConnection: UInt64 = 0
    /// The same of proven users, over all of their connections.
    public internal(set) var refusedByIdentity: UInt64 = 0
    /// The same of partners, over all of their links.
    public internal(set) var refusedByPartner: UInt64 = 0
    /// How often an overload began.
    public internal(set) var overloads: UInt64 = 0
    /// Whether it is overloaded now.
    public internal(set) var isOverloaded = false

    /// All zero.
    public init() {}

    mutating func admit(_ peerClass: PeerClass) {
        admitted[peerClass, default: 0] += 1
        live[peerClass, default: 0] += 1
    }
}

/// A number for each class, added to for every message: four words instead of a dictionary.
public struct MessageCounts: Sendable {
    private var server: UInt64 = 0
    private var application: UInt64 = 0
    private var partner: UInt64 = 0
    private var client: UInt64 = 0

    /// The number of one class.
    public internal(set) subscript(peerClass: PeerClass) -> UInt64 {
        get {
            switch peerClass {
            case .server: server
            case .application: application
            case .partner: partner
            case .client: client
            }
        }
        set {
            switch peerClass {
            case .server: server = newValue
            case .application: application = newValue
            case .partner: partner = newValue
            case .client: client = newValue
            }
        }
    }
}
