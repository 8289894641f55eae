import Synchronization

/// The chains of servers, partners and applications that were admitted, so that the next link of the same peer, and every sweep,
/// neither reads a certificate nor checks a signature again. What is remembered is true at any time and under any trust: what a
/// certificate says, and which key signed it. Whether that is enough is decided anew each time.
///
/// Only who was admitted is remembered: a stranger, who can make as many chains as he likes, pushes nobody out.
public final class ChainMemory: Sendable {
    /// How many chains are remembered; one more, and all are read anew.
    public static let chainsMax = 1_024

    private let chains = Mutex<[[[UInt8]]: PresentedChain]>([:])

    /// Nothing is remembered.
    public init() {}

    /// The certificates of `chain` (DER), read now or before.
    func read(_ chain: [[UInt8]]) -> PresentedChain {
        guard !chain.isEmpty else { return PresentedChain(chain) }
        return chains.withLock { $0[chain] } ?? PresentedChain(chain)
    }

    /// Remembers what `chain` was read as.
    func keep(_ presented: PresentedChain, of chain: [[UInt8]]) {
        guard !chain.isEmpty else { return }
        chains.withLock { chains in
            guard chains[chain] == nil else { return }
            if chains.count >= Self.chainsMax { chains.removeAll() }
            chains[chain] = presented
        }
    }
}
