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
            return try? forgedState(of: own, with: other.keys)
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

    /// A topology without partners, with the snapshot and the timestamp that bind it, all newer than what counts, and signed
    /// with keys of somebody else.
    private func forgedState(of organisation: Organisation, with keys: Founding.Keys) throws -> TrustBundle? {
        let state = organisation.publisher.state
        guard let snapshot = state.snapshot, let timestamp = state.timestamp else { return nil }
        var topology = organisation.topology
        topology.partners = []
        let forged = try TopologySigning.sign(
            topology, after: state.verifiedTopology, with: [keys.publisher], now: wall)
        let version = (state.verifiedTopology?.content.header.version ?? 0) + 1
        let expires = wall + .seconds(3_600)
        let bound = try SignedEnvelope(
            signing: SnapshotObject(
                header: ObjectHeader(version: snapshot.header.version + 1, issued: wall, expires: expires),
                root: snapshot.root, topology: ObjectReference(version: version, hash: forged.hash), crls: snapshot.crls
            ).json, with: [keys.snapshot])
        let stamp = try SignedEnvelope(
            signing: TimestampObject(
                header: ObjectHeader(version: timestamp.header.version + 1, issued: wall, expires: expires),
                epoch: TrustEpoch(snapshot.header.version + 1), snapshotHash: bound.hash
            ).json, with: [keys.snapshot])
        return TrustBundle(topology: forged, snapshot: bound, timestamp: stamp)
    }
}
