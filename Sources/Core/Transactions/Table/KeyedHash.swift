/// SipHash-2-4 with 128 bits of output: a hash under a key that peers do not know.
///
/// Two requests with the same hash are taken for the same transaction, so a peer must not be able to make such a pair:
/// without the key it cannot, and by accident 128 bits do not meet. So the table keeps 16 bytes per transaction
/// instead of branch, host and tags.
struct KeyedHash {
    /// The key: 128 bits, drawn once per table.
    struct Key: Hashable, Sendable {
        let low: UInt64
        let high: UInt64
    }

    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64
    private var word: UInt64 = 0
    private var count: UInt64 = 0

    init(key: Key) {
        v0 = key.low ^ 0x736f_6d65_7073_6575
        v1 = key.high ^ 0x646f_7261_6e64_6f6d ^ 0xEE
        v2 = key.low ^ 0x6c79_6765_6e65_7261
        v3 = key.high ^ 0x7465_6462_7974_6573
    }

    /// Adds the bytes of a field as they are.
    mutating func append(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { append(byte: byte) }
    }

    /// Adds the bytes of a field that is compared without regard to case.
    mutating func appendLowercased(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            append(byte: (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte)
        }
    }

    /// Ends a field: a byte that no field of a parsed message contains, so that two fields cannot flow into each other.
    mutating func endField() {
        append(byte: 0)
    }

    /// Adds a number of fixed width.
    mutating func append(_ number: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            append(byte: UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    /// The hash of what was added.
    consuming func finish() -> TransactionKey {
        word |= count << 56
        compress()
        v2 ^= 0xEE
        for _ in 0..<4 { round() }
        let low = v0 ^ v1 ^ v2 ^ v3
        v1 ^= 0xDD
        for _ in 0..<4 { round() }
        return TransactionKey(low: low, high: v0 ^ v1 ^ v2 ^ v3)
    }

    private mutating func append(byte: UInt8) {
        word |= UInt64(byte) << ((count & 7) * 8)
        count &+= 1
        if count & 7 == 0 {
            compress()
            word = 0
        }
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

/// What finds a server transaction: a hash over everything that RFC 3261 §17.2.3 compares.
struct TransactionKey: Hashable, Sendable {
    let low: UInt64
    let high: UInt64
}
