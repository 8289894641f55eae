import Basis
import Crypto

/// The SHA-256 of a SubjectPublicKeyInfo in DER: names a key whatever certificate carries it. Prints as `sha256:HEX`.
public struct KeyPin: Hashable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The pin of the key with this SubjectPublicKeyInfo (DER).
    public init(subjectPublicKeyInfo: some Sequence<UInt8>) {
        self.words = Self.words(of: SHA256.hash(data: Array(subjectPublicKeyInfo)))
    }

    /// The pin with these 32 bytes; nil for any other number of bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == SHA256.byteCount else { return nil }
        self.words = Self.words(of: bytes)
    }

    /// Reads `sha256:` and 64 hexadecimal digits, either case; nil for anything else.
    public init?(_ text: String) {
        let prefix = "sha256:"
        guard text.utf8.count == prefix.utf8.count + 64, text.hasPrefix(prefix),
            let bytes = Hex.decode(text.utf8.dropFirst(prefix.utf8.count))
        else { return nil }
        self.init(bytes: bytes)
    }

    /// The 32 bytes of the hash.
    public var bytes: [UInt8] {
        [words.0, words.1, words.2, words.3].flatMap { word in
            stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
        }
    }

    /// The 64 hexadecimal digits alone, lower case: a `keyid` of a signed object.
    public var hex: String { Hex.encode(bytes) }

    private static func words(of bytes: some Sequence<UInt8>) -> (UInt64, UInt64, UInt64, UInt64) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for (offset, byte) in bytes.enumerated() {
            switch offset / 8 {
            case 0: words.0 = words.0 << 8 | UInt64(byte)
            case 1: words.1 = words.1 << 8 | UInt64(byte)
            case 2: words.2 = words.2 << 8 | UInt64(byte)
            default: words.3 = words.3 << 8 | UInt64(byte)
            }
        }
        return words
    }

    public static func == (left: KeyPin, right: KeyPin) -> Bool { left.words == right.words }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

extension KeyPin: Comparable, CustomStringConvertible {
    public static func < (left: KeyPin, right: KeyPin) -> Bool { left.words < right.words }

    public var description: String { "sha256:" + hex }
}
