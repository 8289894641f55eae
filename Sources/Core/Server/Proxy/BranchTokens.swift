import Basis
import SIP
import Transactions

/// The branch parameter that this server writes: RFC 3261's cookie, then the client transaction and the hash of the request
/// under an authenticator.
///
/// A response whose branch we did not make is dropped without a look into any table, and one that arrives on another
/// shard says where it belongs.
struct BranchTokens: Sendable {
    static let cookie = Array(cookieText.utf8)
    private static let cookieText = "z9hG4bK"
    private static let cookieLength = 7
    /// The transaction in 8 bytes, the loop hash in 4, the authenticator in 12.
    private typealias Content = InlineArray<24, UInt8>
    /// Four characters for three bytes.
    private static let length = cookieLength + Content.count / 3 * 4
    private let sealer: TokenSealer

    init(sealer: TokenSealer) {
        self.sealer = sealer
    }

    /// Appends the branch of a transaction.
    func append(_ transaction: ClientTransactionID, _ loop: LoopHash, to value: inout [UInt8]) {
        var content = Content(repeating: 0)
        content.store(bigEndian: transaction.rawValue, at: 0)
        content.store(bigEndian: loop.value, at: 8)
        let authenticator = sealer.authenticator(of: content.span.extracting(0..<12), as: .branch)
        content.store(bigEndian: authenticator.low, at: 12)
        content.store(bigEndian: authenticator.high, at: 20)
        value.append(text: Self.cookieText)
        Base64URL.append(content.span, to: &value)
    }

    func branch(for transaction: ClientTransactionID, loop: LoopHash) -> [UInt8] {
        var branch: [UInt8] = []
        branch.reserveCapacity(Self.length)
        append(transaction, loop, to: &branch)
        return branch
    }

    func transaction(in branch: ArraySlice<UInt8>) -> ClientTransactionID? {
        content(of: branch).map { ClientTransactionID(rawValue: $0.load(UInt64.self, at: 0)) }
    }

    func loopHash(in branch: ArraySlice<UInt8>) -> LoopHash? {
        content(of: branch).map { LoopHash(value: $0.load(UInt32.self, at: 8)) }
    }

    private func content(of branch: ArraySlice<UInt8>) -> Content? {
        guard branch.count == Self.length, branch.prefix(Self.cookieLength).equals(Self.cookieText) else { return nil }
        var content = Content(repeating: 0)
        guard Base64URL.decode(branch.span.extracting(Self.cookieLength..<Self.length), into: &content) else {
            return nil
        }
        let given = TokenSealer.Authenticator(
            low: content.load(UInt64.self, at: 12), high: content.load(UInt32.self, at: 20))
        let expected = sealer.authenticator(of: content.span.extracting(0..<12), as: .branch)
        return given.equals(expected) ? content : nil
    }
}

extension InlineArray<24, UInt8> {
    /// Writes a number from `offset` on, its first byte first.
    fileprivate mutating func store<Number: FixedWidthInteger>(bigEndian number: Number, at offset: Int) {
        var rest = number
        for index in stride(from: offset + Number.bitWidth / 8 - 1, through: offset, by: -1) {
            self[index] = UInt8(truncatingIfNeeded: rest)
            rest >>= 8
        }
    }

    /// The number that stands from `offset` on.
    fileprivate func load<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) -> Number {
        var number: Number = 0
        for index in offset..<offset + Number.bitWidth / 8 { number = number << 8 | Number(self[index]) }
        return number
    }
}
