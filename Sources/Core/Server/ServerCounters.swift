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
    public internal(set) var messages: [PeerClass: UInt64] = [:]

    /// All zero.
    public init() {}

    mutating func admit(_ peerClass: PeerClass) {
        admitted[peerClass, default: 0] += 1
        live[peerClass, default: 0] += 1
    }
}
