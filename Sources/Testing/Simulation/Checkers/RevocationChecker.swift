import Authority
import Basis
import Server
import Shards
import Trust

/// What an organisation publishes: nothing else is believed, nothing older than what was believed before, and a certificate
/// that it has revoked opens no link and keeps none once the news must have come.
final class RevocationChecker: Checker {
    let name = "revocation"

    /// The hashes of every topology that an organisation has signed.
    private var topologies: [Int: Set<[UInt8]>] = [:]
    /// When each serial number was revoked, by organisation.
    private var revokedAt: [Int: [[UInt8]: Instant]] = [:]
    private var startedAt: [Int: Instant] = [:]
    private var epochs: [Int: TrustEpoch] = [:]
    private var versions: [Int: UInt64] = [:]

    /// The news, and a turn of each shard.
    private static let bound = World.newsBound + .seconds(1)

    func observe(_ fact: Fact, in world: World) {
        switch fact {
        case .published(let organisation, _): published(world.organisations[organisation], at: world.now)
        case .trusted(let machine): trusted(world.machines[machine], world)
        case .started(let machine):
            startedAt[machine] = world.now
            let organisation = world.organisations[world.machines[machine].organisation]
            published(organisation, at: world.now)
            trusted(world.machines[machine], world)
        case .admitted(let seat, let connection, let peer): judge(peer, connection, of: seat, "admits", world)
        case .second: lookAtLinks(world)
        case .read, .wrote, .closing, .gone, .reported, .turned, .crashed, .appended, .committed, .commanded,
            .deviceSent,
            .deviceReceived, .deviceReported, .deviceLost:
            break
        }
    }

    func rest(in world: World) {}

    private func published(_ organisation: Organisation, at now: Instant) {
        if let hash = organisation.publisher.state.verifiedTopology?.hash {
            topologies[organisation.number, default: []].insert(hash)
        }
        for serial in organisation.revoked where revokedAt[organisation.number]?[serial] == nil {
            revokedAt[organisation.number, default: [:]][serial] = now
        }
    }

    private func trusted(_ machine: Machine, _ world: World) {
        let state = machine.trust
        guard let topology = state.verifiedTopology, topologies[machine.organisation]?.contains(topology.hash) == true
        else { return fail("\(machine.shortName) believes a topology that nobody has published", in: world) }
        let version = topology.content.header.version
        if let last = epochs[machine.number], state.epoch < last {
            fail("\(machine.shortName) goes back from epoch \(last) to \(state.epoch)", in: world)
        }
        if let last = versions[machine.number], version < last {
            fail("\(machine.shortName) goes back from version \(last) of the topology to \(version)", in: world)
        }
        epochs[machine.number] = state.epoch
        versions[machine.number] = version
    }

    private func lookAtLinks(_ world: World) {
        for machine in world.machines where revokedAt[machine.organisation] != nil {
            for seat in machine.seats {
                for report in seat.shard?.inspect({ $0.linkReports(at: world.now) }) ?? [] {
                    judge(report.peer, report.id, of: seat.id, "keeps", world)
                }
            }
        }
    }

    private func judge(
        _ peer: VerifiedPeer, _ connection: ConnectionID, of seat: SeatID, _ what: String, _ world: World
    ) {
        let organisation = world.machines[seat.machine].organisation
        guard let serial = peer.serial, let since = revokedAt[organisation]?[serial] else { return }
        let heard = max(since, startedAt[seat.machine] ?? .zero)
        guard world.now - heard > Self.bound else { return }
        fail(
            "\(world.name(seat)) \(what) \(connection) of \(peer.identity ?? "?"), whose certificate was revoked "
                + "\((world.now - since).wholeSeconds) s ago", in: world)
    }
}
