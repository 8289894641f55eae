import Authority
import Basis
import Trust

/// Somebody who got hold of the channel offers a server news that its authority never signed, those of another authority, or
/// what was true once.
extension World {
    func maybeForgeNews(for machine: Machine) {
        guard faults.strikes(.forgedNews) else { return }
        guard let bundle = forgedBundle(for: machine) else { return }
        let delivery = NodeDelivery(bundle: bundle)
        do {
            try take(delivery, machine)
            note("finds nothing new in forged news", at: machine.shortName)
        } catch {
            note("refuses forged news: \(error)", at: machine.shortName)
        }
    }

    private func forgedBundle(for machine: Machine) -> TrustBundle? {
        let own = organisations[machine.organisation]
        let other = organisations[1 - machine.organisation]
        let newest = own.publisher.state
        switch faults.below(4, for: .forgedNews) {
        case 0:
            // A topology without partners, signed by somebody else's publisher, in its own snapshot and timestamp.
            var topology = own.topology
            topology.partners = []
            guard
                let forged = try? TopologySigning.sign(
                    topology, after: newest.verifiedTopology, with: [other.keys.publisher], now: wall)
            else { return nil }
            return TrustBundle(topology: forged)
        case 1: return other.publisher.state.bundle(since: TrustEpoch(0))
        case 2: return own.firstBundle
        case _:
            var bundle = newest.bundle(since: TrustEpoch(0))
            guard var list = bundle.crls.first, !list.isEmpty else { return nil }
            list[faults.below(list.count, for: .forgedNews)] ^= 1
            bundle.crls = [list]
            return bundle
        }
    }
}
