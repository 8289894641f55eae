internal import Basis
internal import SIP

/// The challenge of one server and how often its nonce was used.
struct Authenticator: Sendable {
    private var challenge: DigestChallenge?
    private var header = HeaderName.authorization
    private var nonceCount: UInt32 = 0

    /// The nonce that the next credentials will use; nil before any challenge.
    var nonce: [UInt8]? { challenge.map { Array($0.nonce) } }

    /// Takes the challenge of a 401 or 407; false when it has none that can be answered.
    ///
    /// RFC 8760 §2.4: the topmost challenge whose algorithm is known.
    mutating func accept(_ response: SIPMessage) -> Bool {
        let isProxy = response.status == 407
        let offered = response.challenges(in: isProxy ? .proxyAuthenticate : .wwwAuthenticate)
        guard let first = offered.first(where: { $0.algorithm != nil }) else { return false }
        if nonce != Array(first.nonce) { nonceCount = 0 }
        challenge = first
        header = isProxy ? .proxyAuthorization : .authorization
        return true
    }

    /// The header line that answers the challenge; nil before any challenge.
    ///
    /// RFC 7616 §3.4: the nonce count grows by one with each use of the nonce.
    mutating func credentials(
        for account: UserAgentAccount, method: Method, uri: String, chance: inout Chance
    ) -> (name: HeaderName, value: String)? {
        guard let challenge else { return nil }
        nonceCount &+= 1
        let value = Digest.authorization(
            answering: challenge, username: account.userName, password: account.password, method: method.text, uri: uri,
            cnonce: Hex.encodeBytes(chance.bytes(8)), nc: nonceCount)
        return value.map { (header, String(decoding: $0, as: UTF8.self)) }
    }
}
