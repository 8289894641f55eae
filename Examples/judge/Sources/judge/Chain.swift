import Basis
import Trust

/// Judges the chain that a server showed, as a client does that knows the roots and the name it dialled.
///
/// Prints every rule with its outcome, then the verdict; false when it is a refusal.
func judge(_ chain: [[UInt8]], by roots: [[UInt8]], name: String, at time: WallTime) -> Bool {
    let link = LinkEvidence(direction: .outbound(.registrar(name)), chain: chain)
    let verdict = decide(link, in: TrustContext(roots: roots, now: time))
    for step in verdict.trace.steps { print(step) }
    switch verdict {
    case .admitted(let peer, _):
        print("admitted as \(peer), proven: \(peer.provenNames.joined(separator: ", "))")
        return true
    case .refused(let refusal, _):
        print("refused: \(refusal); next: \(refusal.next)")
        return false
    }
}
