import Synchronization
import Trust

/// The pinned keys of this network's servers, to be asked from any thread: what a loop needs to know before it takes a large
/// request from somebody. It decides nothing else.
final class PinnedKeys: Sendable {
    private let keys = Mutex<Set<KeyPin>>([])

    /// Takes those of another topology.
    func replace(by topology: Topology?) {
        let new = Set((topology?.servers ?? []).flatMap(\.keys))
        keys.withLock { $0 = new }
    }

    /// Whether the evidence shows one of them, validated in this handshake.
    func has(_ evidence: LinkEvidence?) -> Bool {
        guard let evidence, evidence.hasValidatedChain, let leaf = evidence.chain.first,
            let facts = try? CertificateFacts(der: leaf)
        else { return false }
        return keys.withLock { $0.contains(facts.keyPin) }
    }
}
