import Crypto

/// Makes and checks the short authenticators of everything that we hand out and want back unchanged: branches, flow
/// tokens, dialog tokens, nonces.
///
/// HMAC-SHA256, cut to 96 bits, over a label and the content. The key lives as long as the process: a `ConnectionID`
/// means nothing after a restart, so a token that names one must not outlive it either.
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

    init(key: [UInt8]) {
        self.key = SymmetricKey(data: key)
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

    private func authenticator(
        of content: ArraySlice<UInt8>, bound: [ArraySlice<UInt8>], as label: Label
    ) -> HMAC<SHA256>.MAC {
        var hmac = HMAC<SHA256>(key: key)
        var input: [UInt8] = [label.rawValue]
        input.reserveCapacity(content.count + 64)
        for part in bound {
            // Each part carries its length, so that two parts cannot be read as one.
            input.append(UInt8(truncatingIfNeeded: part.count >> 8))
            input.append(UInt8(truncatingIfNeeded: part.count))
            input.append(contentsOf: part)
        }
        input.append(contentsOf: content)
        hmac.update(data: input)
        return hmac.finalize()
    }
}
