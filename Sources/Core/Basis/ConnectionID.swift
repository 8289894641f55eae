/// The number of one event loop with its shard, counted from zero within a process.
public struct ShardID: Hashable, Comparable, Sendable {
    /// The number itself.
    public let number: UInt8

    /// Names the shard with this number.
    @inlinable
    public init(_ number: UInt8) {
        self.number = number
    }

    public static func < (left: ShardID, right: ShardID) -> Bool { left.number < right.number }
}

/// Names one TLS connection of this process in 64 bits: its shard, its slot there, and the slot's generation.
///
/// A slot is used again when its connection has gone, the generation never is: a stale identifier finds nothing.
/// Prints as `SHARD-SLOT-GENERATION`.
public struct ConnectionID: Hashable, Comparable, Sendable {
    /// Shard in the top 8 bits, slot in the next 24, generation in the low 32.
    public let rawValue: UInt64

    /// Takes an identifier that was made by the other initialiser, for example out of a flow token.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Names the connection in `slot` of `shard`. Slots above 24 bits do not exist: `Limits.connectionsPerShardMax` is lower.
    public init(shard: ShardID, slot: UInt32, generation: UInt32) {
        self.rawValue = UInt64(shard.number) << 56 | UInt64(slot & 0xFF_FFFF) << 32 | UInt64(generation)
    }

    /// The shard that owns the connection.
    @inlinable public var shard: ShardID { ShardID(UInt8(truncatingIfNeeded: rawValue >> 56)) }

    /// The slot in that shard's table.
    @inlinable public var slot: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) & 0xFF_FFFF }

    /// How often the slot had been used before.
    @inlinable public var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue) }

    public static func < (left: ConnectionID, right: ConnectionID) -> Bool { left.rawValue < right.rawValue }
}

extension ConnectionID: CustomStringConvertible {
    public var description: String { "\(shard.number)-\(slot)-\(generation)" }

    /// Reads the printed form; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let shard = UInt8(parts[0]), let slot = UInt32(parts[1]), slot <= 0xFF_FFFF,
            let generation = UInt32(parts[2])
        else { return nil }
        self.init(shard: ShardID(shard), slot: slot, generation: generation)
    }
}

/// The number of the authority's snapshot: the same on every server, in every log line and acknowledgement.
public struct TrustEpoch: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number; 0 before any snapshot was seen.
    public let number: UInt64

    /// Names the snapshot with this number.
    public init(_ number: UInt64) {
        self.number = number
    }

    public static func < (left: TrustEpoch, right: TrustEpoch) -> Bool { left.number < right.number }

    public var description: String { String(number) }
}
