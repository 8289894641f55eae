public import Basis

/// Names one client transaction of this process in 64 bits: shard, slot, and the slot's generation.
///
/// It goes into the branch of the request, under a MAC of the caller, so that a response finds its transaction, and its
/// shard, without a search. A slot is used again when its transaction has ended, the generation is not.
/// Prints as `SHARD-SLOT-GENERATION`.
public struct ClientTransactionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Shard in the top 8 bits, slot in the next 24, generation in the low 32.
    public let rawValue: UInt64

    /// Takes an identifier that a table made, for example out of a branch.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The shard whose table holds the transaction.
    public var shard: ShardID { PackedSlot.shard(rawValue) }

    /// The slot in that table.
    public var slot: UInt32 { PackedSlot.slot(rawValue) }

    /// How often the slot had been used before.
    public var generation: UInt32 { PackedSlot.generation(rawValue) }

    public var description: String { PackedSlot.text(rawValue) }

    public static func < (left: ClientTransactionID, right: ClientTransactionID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// Names one server transaction of this process in 64 bits, made up and printed like `ClientTransactionID`.
public struct ServerTransactionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Shard in the top 8 bits, slot in the next 24, generation in the low 32.
    public let rawValue: UInt64

    /// Takes an identifier that a table made.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The shard whose table holds the transaction.
    public var shard: ShardID { PackedSlot.shard(rawValue) }

    /// The slot in that table.
    public var slot: UInt32 { PackedSlot.slot(rawValue) }

    /// How often the slot had been used before.
    public var generation: UInt32 { PackedSlot.generation(rawValue) }

    public var description: String { PackedSlot.text(rawValue) }

    public static func < (left: ServerTransactionID, right: ServerTransactionID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// How shard, slot and generation share 64 bits.
enum PackedSlot {
    /// More slots than 24 bits can number do not exist.
    static let slotsMax = 0xFF_FFFF

    static func pack(shard: ShardID, slot: UInt32, generation: UInt32) -> UInt64 {
        UInt64(shard.number) << 56 | UInt64(slot & 0xFF_FFFF) << 32 | UInt64(generation)
    }

    static func shard(_ rawValue: UInt64) -> ShardID { ShardID(UInt8(truncatingIfNeeded: rawValue >> 56)) }

    static func slot(_ rawValue: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) & 0xFF_FFFF }

    static func generation(_ rawValue: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: rawValue) }

    static func text(_ rawValue: UInt64) -> String {
        "\(shard(rawValue).number)-\(slot(rawValue))-\(generation(rawValue))"
    }
}
