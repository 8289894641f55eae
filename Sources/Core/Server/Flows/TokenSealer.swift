import Crypto

/// Makes and checks everything that we hand out and want back unchanged: branches, flow tokens, dialog tokens, nonces.
///
/// What may be read stands beside its authenticator: HMAC-SHA256, cut to 96 bits, over a label and the content. What others
/// may not read is encrypted by AES-256-GCM under a key derived from the same one. The key lives as long as the process: a
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

    private let key: SymmetricKey
    private let encryptionKey: SymmetricKey

    init(key: [UInt8]) {
        self.key = SymmetricKey(data: key)
        encryptionKey = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: self.key, info: Array("token encryption".utf8), outputByteCount: 32)
    }

    /// Appends the authenticator of `content` and `bound`, which the reader must know from elsewhere, to `content`.
    func seal(_ content: [UInt8], bound: [ArraySlice<UInt8>] = [], as label: Label) -> [UInt8] {
        var sealed = content
        sealed.reserveCapacity(content.count + Self.length)
        for byte in authenticator(of: content[...], bound: bound, as: label).prefix(Self.length) { sealed.append(byte) }
        return sealed
    }

    /// The content of a sealed token; nil when one bit of it, of what it is bound to, or of its label differs.
    func open(_ sealed: ArraySlice<UInt8>, bound: [ArraySlice<UInt8>] = [], as label: Label) -> ArraySlice<UInt8>? {
        guard sealed.count > Self.length else { return nil }
        let content = sealed.dropLast(Self.length)
        let expected = authenticator(of: content, bound: bound, as: label)
        // Every byte is compared, so that the time taken tells nothing about where the difference is.
        var difference: UInt8 = 0
        for (given, right) in zip(sealed.suffix(Self.length), expected) { difference |= given ^ right }
        return difference == 0 ? content : nil
    }

    /// Encrypts `content`, so that only this process reads it, and only with the same `bound` and label; nil never happens
    /// with a key of this length.
    ///
    /// The nonce is an authenticator of what is encrypted, not chance: the same content gives the same token, and two
    /// contents never share a nonce but by a collision of 96 bits.
    func encrypt(_ content: [UInt8], bound: [ArraySlice<UInt8>], as label: Label) -> [UInt8]? {
        let seed = Array(authenticator(of: content[...], bound: bound, as: label).prefix(Self.length))
        guard let nonce = try? AES.GCM.Nonce(data: seed),
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

    private func authenticator(
        of content: ArraySlice<UInt8>, bound: [ArraySlice<UInt8>], as label: Label
    ) -> HMAC<SHA256>.MAC {
        var hmac = HMAC<SHA256>(key: key)
        var input = Self.framed(bound, as: label, room: content.count)
        input.append(contentsOf: content)
        hmac.update(data: input)
        return hmac.finalize()
    }

    /// The label and what a token is bound to, in a form that can be read one way only.
    private static func framed(_ bound: [ArraySlice<UInt8>], as label: Label, room: Int = 0) -> [UInt8] {
        var input: [UInt8] = [label.rawValue]
        input.reserveCapacity(room + bound.reduce(64) { $0 + $1.count })
        for part in bound {
            // Each part carries its length, so that two parts cannot be read as one.
            input.append(UInt8(truncatingIfNeeded: part.count >> 8))
            input.append(UInt8(truncatingIfNeeded: part.count))
            input.append(contentsOf: part)
        }
        return input
    }
}
