import Basis
import SIP
import Transactions

/// The branch parameter that this server writes: RFC 3261's cookie, then the client transaction under a MAC.
///
/// A response whose branch we did not make is dropped without a look into any table, and one that arrives on another
/// shard says where it belongs.
struct BranchTokens: Sendable {
    static let cookie = Array(cookieText.utf8)
    private static let cookieText = "z9hG4bK"
    private static let cookieLength = 7
    /// The transaction, the loop hash and the authenticator, four characters for three bytes.
    private static let length = cookieLength + (8 + 4 + TokenSealer.length) / 3 * 4
    private let sealer: TokenSealer

    init(sealer: TokenSealer) {
        self.sealer = sealer
    }

    func branch(for transaction: ClientTransactionID, loop: LoopHash) -> [UInt8] {
        var content: [UInt8] = []
        content.reserveCapacity(12 + TokenSealer.length)
        content.append(bigEndian: transaction.rawValue)
        content.append(bigEndian: loop.value)
        sealer.seal(&content, as: .branch)
        var branch: [UInt8] = []
        branch.reserveCapacity(Self.length)
        branch.append(text: Self.cookieText)
        Base64URL.append(content.span, to: &branch)
        return branch
    }

    func transaction(in branch: ArraySlice<UInt8>) -> ClientTransactionID? {
        content(of: branch).flatMap { UInt64(bigEndianBytes: $0.prefix(8)) }.map(ClientTransactionID.init(rawValue:))
    }

    func loopHash(in branch: ArraySlice<UInt8>) -> LoopHash? {
        content(of: branch).flatMap { UInt32(bigEndianBytes: $0.suffix(4)) }.map(LoopHash.init(value:))
    }

    private func content(of branch: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard branch.count == Self.length, branch.prefix(Self.cookieLength).equals(Self.cookieText),
            let sealed = Base64URL.decode(branch.dropFirst(Self.cookieLength))
        else { return nil }
        return sealer.open(sealed, as: .branch)
    }
}
