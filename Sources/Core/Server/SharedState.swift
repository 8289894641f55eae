import Basis

/// What the shards of one process share: tables behind striped mutexes, and the keys under which tokens are made.
public final class SharedState: Sendable {
    /// The bindings of every address-of-record.
    public let location = LocationService()
    /// Who has proven to be whom, by flow.
    public let proven = ProvenUsers()
    /// The nonces that were answered.
    let nonces: NonceBook
    let sealer: TokenSealer

    /// Fresh tables; `key` is 256 bits of chance that lives as long as the process.
    public init(key: [UInt8]) {
        sealer = TokenSealer(key: key)
        nonces = NonceBook(sealer: sealer)
    }
}
