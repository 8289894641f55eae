import Basis
import Crypto

/// Makes and checks everything that we hand out and want back unchanged: branches, flow tokens, dialog tokens, nonces.
///
/// What may be read stands beside its authenticator: the keyed hash, cut to 96 bits, over a label and the content. What others
/// may not read is encrypted by AES-256-GCM. Both keys are derived from one that lives as long as the process: a
/// `ConnectionID` means nothing after a restart, so a token that names one must not outlive it either.
struct TokenSealer: Sendable {
    /// What a token is for: the same bytes under another label give another authenticator.
    enum Label: UInt8 {
        case branch = 1
        case flow = 2
        case dialog = 3
        case partner = 4
        case nonce = 5
    }

    /// The length of an authenticator in bytes.
    static let length = 12

    /// The hash of what a token says, cut to `length`.
    struct Authenticator {
        let low: UInt64
        let high: UInt32

        /// Every bit is compared in one step, so that the time taken tells nothing about where the difference is.
        func equals(_ other: Authenticator) -> Bool { low ^ other.low | UInt64(high ^ other.high) == 0 }
    }

    private let authenticationKey: KeyedHash.Key
    private let encryptionKey: SymmetricKey

    init(key: [UInt8]) {
        let key = SymmetricKey(data: key)
        let derived = Self.derive("token authentication", from: key, count: 16)
        let words = unsafe derived.withUnsafeBytes { unsafe Array($0) }
        authenticationKey = KeyedHash.Key(
            low: UInt64(bigEndianBytes: words.prefix(8)) ?? 0, high: UInt64(bigEndianBytes: words.suffix(8)) ?? 0)
        encryptionKey = Self.derive("token encryption", from: key, count: 32)
    }

    private static func derive(_ purpose: String, from key: SymmetricKey, count: Int) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: key, info: Array(purpose.utf8), outputByteCount: count)
    }

    /// Appends the authenticator of `content` and `bound`, which the reader must know from elsewhere, to `content`.
    func seal(_ content: inout [UInt8], bound: [ArraySlice<UInt8>] = [], as label: Label) {
        Self.append(authenticator(of: content.span, bound: bound, as: label), to: &content)
    }

    /// The content of a sealed token; nil when one bit of it, of what it is bound to, or of its label differs.
    func open(_ sealed: [UInt8], bound: [ArraySlice<UInt8>] = [], as label: Label) -> ArraySlice<UInt8>? {
        guard sealed.count > Self.length else { return nil }
        let content = sealed.dropLast(Self.length)
        let expected = authenticator(of: content.span, bound: bound, as: label)
        let (low, high) = (sealed.suffix(Self.length).prefix(8), sealed.suffix(4))
        guard let givenLow = UInt64(bigEndianBytes: low), let givenHigh = UInt32(bigEndianBytes: high) else {
            return nil
        }
        return Authenticator(low: givenLow, high: givenHigh).equals(expected) ? content : nil
    }

    /// Encrypts `content`, so that only this process reads it, and only with the same `bound` and label; nil never happens
    /// with a key of this length.
    ///
    /// The nonce is an authenticator of what is encrypted, not chance: the same content gives the same token, and two
    /// contents never share a nonce but by a collision of 96 bits.
    func encrypt(_ content: [UInt8], bound: [ArraySlice<UInt8>], as label: Label) -> [UInt8]? {
        var nonceBytes: [UInt8] = []
        Self.append(authenticator(of: content.span, bound: bound, as: label), to: &nonceBytes)
        guard let nonce = try? AES.GCM.Nonce(data: nonceBytes),
            let box = try? AES.GCM.seal(
                content, using: encryptionKey, nonce: nonce, authenticating: Self.framed(bound, as: label))
        else { return nil }
        return box.combined.map { Array($0) }
    }

    /// The content of an encrypted token; nil when one bit of it, of what it is bound to, or of its label differs.
    func decrypt(_ token: [UInt8], bound: [ArraySlice<UInt8>], as label: Label) -> [UInt8]? {
        guard let box = try? AES.GCM.SealedBox(combined: token),
            let content = try? AES.GCM.open(
                box, using: encryptionKey, authenticating: Self.framed(bound, as: label))
        else { return nil }
        return Array(content)
    }

    private static func append(_ authenticator: Authenticator, to bytes: inout [UInt8]) {
        bytes.append(bigEndian: authenticator.low)
        bytes.append(bigEndian: authenticator.high)
    }

    /// The authenticator of `content` and `bound`, for a token whose bytes stand elsewhere than in an array of their own.
    func authenticator(
        of content: Span<UInt8>, bound: [ArraySlice<UInt8>] = [], as label: Label
    ) -> Authenticator {
        var hash = KeyedHash(key: authenticationKey)
        hash.append(label.rawValue)
        for part in bound {
            // Each part carries its length, so that two parts cannot be read as one.
            hash.append(UInt64(part.count))
            hash.append(part.span)
        }
        hash.append(content)
        let value = hash.finish()
        return Authenticator(low: value.low, high: UInt32(truncatingIfNeeded: value.high))
    }

    /// The label and what a token is bound to, in a form that can be read one way only.
    private static func framed(_ bound: [ArraySlice<UInt8>], as label: Label) -> [UInt8] {
        var input: [UInt8] = [label.rawValue]
        input.reserveCapacity(bound.reduce(64) { $0 + $1.count })
        for part in bound {
            // Each part carries its length, so that two parts cannot be read as one.
            input.append(UInt8(truncatingIfNeeded: part.count >> 8))
            input.append(UInt8(truncatingIfNeeded: part.count))
            input.append(contentsOf: part)
        }
        return input
    }
}
