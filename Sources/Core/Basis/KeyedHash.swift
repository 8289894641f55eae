/// SipHash-2-4 with 128 bits of output: a hash under a key that peers do not know.
///
/// Whoever has no key can neither find two inputs with the same hash nor make the hash of an input, so that it tells
/// requests apart by 16 bytes instead of their fields, and authenticates short tokens that we hand out and want back.
public struct KeyedHash: Sendable {
    /// The key: 128 unpredictable bits.
    public struct Key: Hashable, Sendable {
        let low: UInt64
        let high: UInt64

        /// A key of two words.
        public init(low: UInt64, high: UInt64) {
            self.low = low
            self.high = high
        }
    }

    /// The 128 bits that come out.
    public struct Value: Hashable, Sendable {
        /// The first eight bytes, little-endian.
        public let low: UInt64
        /// The last eight bytes, little-endian.
        public let high: UInt64
    }

    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64
    private var word: UInt64 = 0
    private var count: UInt64 = 0

    /// Nothing added yet.
    public init(key: Key) {
        v0 = key.low ^ 0x736f_6d65_7073_6575
        v1 = key.high ^ 0x646f_7261_6e64_6f6d ^ 0xEE
        v2 = key.low ^ 0x6c79_6765_6e65_7261
        v3 = key.high ^ 0x7465_6462_7974_6573
    }

    /// Adds the bytes of a field as they are.
    public mutating func append(_ bytes: Span<UInt8>) {
        for offset in bytes.indices { append(bytes[offset]) }
    }

    /// Adds the bytes of a field that is compared without regard to case.
    public mutating func append(lowercased bytes: Span<UInt8>) {
        for offset in bytes.indices {
            let byte = bytes[offset]
            append(byte &- 0x41 < 26 ? byte | 0x20 : byte)
        }
    }

    /// Ends a field: a byte that no field of a parsed message contains, so that two fields cannot flow into each other.
    public mutating func endField() {
        append(UInt8(0))
    }

    /// Adds a number of fixed width.
    public mutating func append(_ number: UInt64) {
        let shift = (count & 7) * 8
        word |= number << shift
        count &+= 8
        compress()
        word = shift == 0 ? 0 : number >> (64 - shift)
    }

    /// Adds one byte.
    public mutating func append(_ byte: UInt8) {
        word |= UInt64(byte) << ((count & 7) * 8)
        count &+= 1
        if count & 7 == 0 {
            compress()
            word = 0
        }
    }

    /// The hash of what was added.
    public consuming func finish() -> Value {
        word |= count << 56
        compress()
        v2 ^= 0xEE
        for _ in 0..<4 { round() }
        let low = v0 ^ v1 ^ v2 ^ v3
        v1 ^= 0xDD
        for _ in 0..<4 { round() }
        return Value(low: low, high: v0 ^ v1 ^ v2 ^ v3)
    }

    private mutating func compress() {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    private mutating func round() {
        v0 &+= v1
        v1 = v1 << 13 | v1 >> 51
        v1 ^= v0
        v0 = v0 << 32 | v0 >> 32
        v2 &+= v3
        v3 = v3 << 16 | v3 >> 48
        v3 ^= v2
        v0 &+= v3
        v3 = v3 << 21 | v3 >> 43
        v3 ^= v0
        v2 &+= v1
        v1 = v1 << 17 | v1 >> 47
        v1 ^= v2
        v2 = v2 << 32 | v2 >> 32
    }
}
