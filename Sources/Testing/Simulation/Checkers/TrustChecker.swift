import Authority
import Basis
import SIP
import Server
import Shards
import Trust

/// Trust: after the sweep of an epoch no link lives that the decision refuses in it, nothing is read from or written to a
/// link that was not admitted, and an asserted identity is always that of the sender, whatever the sender wrote.
final class TrustChecker: Checker {
    let name = "trust"

    private var admitted: Set<Place> = []
    private var closing: Set<Place> = []
    /// Whose request it is, by Call-ID and From tag.
    private var senders: [String: String] = [:]
    private var epochs: [SeatID: TrustEpoch] = [:]

    func observe(_ fact: Fact, in world: World) {
        switch fact {
        case .admitted(let seat, let connection, _): admitted.insert(Place(seat, connection))
        case .closing(let seat, let connection, _): closing.insert(Place(seat, connection))
        case .gone(let seat, let connection):
            admitted.remove(Place(seat, connection))
            closing.remove(Place(seat, connection))
        case .crashed(let machine):
            admitted = admitted.filter { $0.seat.machine != machine }
            closing = closing.filter { $0.seat.machine != machine }
            epochs = epochs.filter { $0.key.machine != machine }
        case .read(let seat, let connection, let message): read(message, at: Place(seat, connection), world)
        case .wrote(let seat, let connection, let message):
            if !admitted.contains(Place(seat, connection)) {
                fail(
                    "\(world.name(seat)) writes \(message.status) to \(connection), which was never admitted", in: world
                )
            }
        case .reported(let seat, let event):
            if case .swept(let epoch, _) = event { swept(epoch, seat, world) }
        case .deviceSent(let device, let message):
            checkServer(of: world.devices[device], world)
            if message.isRequest, let key = Self.key(message) {
                senders[key] = "\(world.devices[device].user)@\(world.domain(of: world.devices[device]))"
            }
        case .deviceReceived(let device, let message): checkIdentity(message, world.devices[device].name, world)
        case .turned(let seat): lookAtLinks(of: seat, world)
        case .started, .appended, .committed, .published, .trusted, .commanded, .deviceReported, .deviceLost, .second:
            break
        }
    }

    func rest(in world: World) {
        for machine in world.machines {
            let published = world.organisations[machine.organisation].publisher.state.epoch
            for seat in machine.seats where epochs[seat.id] != published {
                fail(
                    "\(world.name(seat.id)) has swept epoch \(epochs[seat.id]?.number ?? 0), \(published) is published",
                    in: world)
            }
        }
    }

    // MARK: Links

    private func swept(_ epoch: TrustEpoch, _ seat: SeatID, _ world: World) {
        if let last = epochs[seat], epoch < last {
            fail("\(world.name(seat)) goes back from epoch \(last) to \(epoch)", in: world)
        }
        epochs[seat] = epoch
    }

    /// Every live link of the shard, judged by the trust state of the epoch that it has swept.
    private func lookAtLinks(of id: SeatID, _ world: World) {
        let machine = world.machines[id.machine]
        guard let seat = world.seat(id), let shard = seat.shard, var context = machine.context,
            epochs[id] == context.epoch
        else { return }
        context.now = world.wall
        let organisation = world.organisations[machine.organisation]
        let isPublished = machine.trust.epoch == organisation.publisher.state.epoch
        for report in shard.inspect({ $0.linkReports(at: world.now) }) {
            guard !closing.contains(Place(id, report.id)) else { continue }
            if isPublished, let why = Self.objection(to: report.peer, organisation, world) {
                fail(
                    "\(world.name(id)) keeps \(report.id) of \(report.peer.identity ?? "?"), \(why)", in: world)
            }
            guard judged[Place(id, report.id)] != context.epoch else { continue }
            judged[Place(id, report.id)] = context.epoch
            var evidence = report.evidence
            evidence.isLive = true
            if case .refused(let refusal, _) = decide(evidence, in: context) {
                fail(
                    "\(world.name(id)) has swept epoch \(context.epoch) and keeps \(report.id), refused by "
                        + "\(refusal.code.rawValue)", in: world)
            }
        }
    }

    /// What the operators would say against this peer, who know what they did and ask no decision; nil for nothing.
    private static func objection(to peer: VerifiedPeer, _ organisation: Organisation, _ world: World) -> String? {
        if let serial = peer.serial, organisation.revoked.contains(serial) { return "whose certificate is revoked" }
        switch peer.peerClass {
        case .server:
            return organisation.topology.server(named: peer.identity ?? "") == nil ? "a server that was removed" : nil
        case .partner:
            let partner = world.organisations[1 - organisation.number].name
            return organisation.hasPartner(partner) ? nil : "a partner that was removed"
        case .application: return "and there are no applications"
        case .client: return nil
        }
    }

    /// A link is judged once in each epoch: its evidence does not change.
    private var judged: [Place: TrustEpoch] = [:]

    // MARK: Identities

    private static func key(_ message: SIPMessage) -> String? {
        message.fromTag.map { "\(message.callIDText) \(String(decoding: $0, as: UTF8.self))" }
    }

    private func read(_ message: SIPMessage, at place: Place, _ world: World) {
        if !admitted.contains(place) {
            fail("\(world.name(place.seat)) reads from \(place.connection), which is not admitted", in: world)
        }
        guard message.isRequest,
            let peer = world.seat(place.seat)?.shard?.inspect({ server in
                server.linkReports(at: world.now).first { $0.id == place.connection }?.peer
            })
        else { return }
        // What a client writes is believed nowhere; what comes from our own servers and from partners is.
        if peer.peerClass != .client { checkIdentity(message, world.name(place.seat), world) }
    }

    /// Whatever a device was told about the address of its server: it says nothing to a server of somebody else.
    private func checkServer(of device: Device, _ world: World) {
        guard let link = device.link, case .seat(let seat) = world.links[link].accepting.party else { return }
        if world.machines[seat.machine].organisation != device.organisation {
            fail("\(device.name) speaks to \(world.name(seat)), which is not its server", in: world)
        }
    }

    private func checkIdentity(_ message: SIPMessage, _ reader: String, _ world: World) {
        guard message.isRequest, message.has(.pAssertedIdentity), let key = Self.key(message) else { return }
        for identity in message.assertedIdentities ?? [] {
            let asserted = identity.uri.map { "\(($0.user ?? []).text)@\($0.host.text.lowercased())" } ?? "?"
            guard let sender = senders[key], sender == asserted else {
                fail(
                    "\(reader) reads P-Asserted-Identity \(asserted) in a request of \(senders[key] ?? "nobody")",
                    in: world)
                return
            }
        }
    }
}
