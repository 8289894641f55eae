import Crypto

/// A generator of unpredictable bytes from a seed of 256 bits: SHA-256 over seed and counter.
///
/// The core never asks the system for randomness. Production seeds one per shard from the system; a simulation seeds it
/// from its own seed, and the same run gives the same branches, tags and nonces.
public struct Chance: RandomNumberGenerator, Sendable {
    private let seed: [UInt8]
    private var counter: UInt64 = 0
    private var block: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    private var wordsLeft = 0

    /// Starts a generator. Equal seeds give equal sequences. A seed of fewer than 32 unpredictable bytes can be guessed; no
    /// length is refused.
    public init(seed: [UInt8]) {
        self.seed = seed
    }

    /// A generator of its own, derived from this one's seed and a label: what one part draws does not shift another's.
    public func derived(for label: String) -> Chance {
        Chance(seed: Array(SHA256.hash(data: seed + Array(label.utf8))))
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        if wordsLeft == 0 { refill() }
        wordsLeft -= 1
        switch wordsLeft {
        case 3: return block.0
        case 2: return block.1
        case 1: return block.2
        default: return block.3
        }
    }

    /// `count` fresh bytes.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count + 7)
        while result.count < count {
            let word = next()
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                result.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        result.removeLast(result.count - count)
        return result
    }

    /// 64 fresh bits as sixteen hexadecimal digits: tags and branches.
    public mutating func hexDigits() -> [UInt8] {
        let word = next()
        var digits: [UInt8] = []
        digits.reserveCapacity(16)
        for shift in stride(from: UInt64(60), through: 0, by: -4) {
            digits.append(Hex.digit(UInt8(truncatingIfNeeded: word >> shift) & 15))
        }
        return digits
    }

    private mutating func refill() {
        var input = seed
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            input.append(UInt8(truncatingIfNeeded: counter >> shift))
        }
        counter &+= 1
        var words: [UInt64] = []
        words.reserveCapacity(4)
        var word: UInt64 = 0
        for (offset, byte) in SHA256.hash(data: input).enumerated() {
            word = word << 8 | UInt64(byte)
            if offset % 8 == 7 { words.append(word) }
        }
        block = (words[0], words[1], words[2], words[3])
        wordsLeft = 4
    }
}
