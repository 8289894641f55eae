import Basis
import SIP
import Server
import Shards
import Trust
import UserAgent

/// Transactions: each request that a server reads gets exactly one final response in its time, what a device asked for
/// ends exactly once, each 2xx to an INVITE is acknowledged, and at rest every table is empty.
final class TransactionChecker: Checker {
    let name = "transactions"

    private struct Served {
        let readAt: Instant
        let callID: String
        var final: UInt16?
        /// Where it was sent on and is not answered; a branch leaves when its connection goes.
        var waiting: Set<Hop> = []
        /// RFC 4320 §4.2: a branch of a request other than INVITE fell silent, and so may this server.
        var isSilent = false
    }

    /// What a person waits for.
    private enum Errand: Hashable {
        case message(device: Int, tag: UInt32)
        case call(device: Int, CallHandle)
    }

    private struct Acknowledgement {
        let since: Instant
        let callID: String
    }

    /// An ACK to a 2xx that a server has read and not sent on.
    private struct Unforwarded {
        let since: Instant
        let place: Place
        /// Read once everything was mended: what is not connected can be dialled.
        let isCalm: Bool
    }

    private var served: [Hop: Served] = [:]
    /// RFC 3261 §17.1.1.2: over a reliable transport nothing is sent twice.
    private var sent: Set<Hop> = []
    /// The request as it was read, by the one that was sent on.
    private var parents: [Hop: (parent: Hop, sentAt: Instant)] = [:]
    private var open: [Errand: Instant] = [:]
    private var ended: Set<Errand> = []
    /// 2xx to an INVITE that a device has read, by device, Call-ID and CSeq number, until it has sent the ACK.
    private var unacknowledged: [String: Acknowledgement] = [:]
    /// ACKs to a 2xx that a server has read, until it has written them on.
    private var unforwarded: [Success: Unforwarded] = [:]
    /// The connections on which a server has read the 2xx that an ACK belongs to.
    private var ways: [Success: Set<Place>] = [:]
    /// The trust by which a server began to handle an INVITE.
    private var epochs: [Invitation: TrustEpoch] = [:]
    private var live: Set<Place> = []
    /// The connections, also those that have gone, with a client at the other end.
    private var clients: Set<Place> = []
    private var deviceFinals: [String: UInt16] = [:]
    private var deviceRequests: Set<String> = []
    private var cancelledAt: [String: Instant] = [:]

    /// 64*T1, less what a turn of the loop may take.
    private static let timerF = Interval.milliseconds(31_900)
    /// Timer F, opening a link, waiting for the disk, and a stalled mailbox.
    private static let nonInviteBound = Interval.seconds(45)
    /// Timer C after the last provisional response, and what a CANCEL takes after it.
    private static let inviteBound = Interval.seconds(300)
    /// A request with its two answers to challenges.
    private static let messageBound = Interval.seconds(110)
    private static let callBound = Interval.seconds(400)
    private static let ackBound = Interval.seconds(3)

    func observe(_ fact: Fact, in world: World) {
        switch fact {
        case .read(let seat, let connection, let message): read(message, at: Place(seat, connection), world)
        case .wrote(let seat, let connection, let message): wrote(message, at: Place(seat, connection), world)
        case .closing(let seat, let connection, _), .gone(let seat, let connection):
            let place = Place(seat, connection)
            live.remove(place)
            served = served.filter { $0.key.place != place }
            for (child, way) in parents where child.place == place {
                // Timer F ended the branch before its link went.
                if world.now - way.sentAt >= Self.timerF { served[way.parent]?.isSilent = true }
                leave(child, way.parent)
            }
        case .crashed(let machine):
            served = served.filter { $0.key.place.seat.machine != machine }
            parents = parents.filter { $0.key.place.seat.machine != machine }
            live = live.filter { $0.seat.machine != machine }
            unforwarded = unforwarded.filter { $0.key.invitation.machine != machine }
        case .admitted(let seat, let connection, let peer):
            live.insert(Place(seat, connection))
            if peer.peerClass == .client { clients.insert(Place(seat, connection)) }
        case .commanded(let device, let command): begin(command, device, world)
        case .deviceReported(let device, let event): end(event, device, world)
        case .deviceReceived(let device, let message): received(message, device, world)
        case .deviceSent(let device, let message):
            deviceSent(message, device, world)
        case .deviceLost(let device): unacknowledged = unacknowledged.filter { !$0.key.hasPrefix("\(device) ") }
        case .second: lookForOverdue(world)
        case .reported, .turned, .started, .appended, .committed, .published, .trusted: break
        }
    }

    func isAtRest(in world: World) -> Bool {
        world.machines.allSatisfy { machine in
            machine.seats.allSatisfy { $0.shard?.inspect { $0.load } == ServerLoad() }
        } && world.devices.allSatisfy { $0.agent?.openCount ?? 0 == 0 }
    }

    func rest(in world: World) {
        for errand in open.keys { fail("nobody was told how \(errand) ended", in: world) }
        for machine in world.machines {
            for seat in machine.seats {
                guard let load = seat.shard?.inspect({ $0.load }) else { continue }
                if load != ServerLoad() { fail("\(world.name(seat.id)) is at rest and holds \(load)", in: world) }
            }
        }
        for device in world.devices {
            if let count = device.agent?.openCount, count > 0 {
                fail("\(device.name) is at rest and holds \(count) requests and calls", in: world)
            }
        }
    }

    // MARK: Servers

    private func read(_ message: SIPMessage, at place: Place, _ world: World) {
        guard message.isRequest else {
            if message.isFinal, message.status < 300, message.cSeq?.method == .invite {
                ways[Success(place, message), default: []].insert(place)
            }
            if message.isFinal, let child = Hop(place, message), let (parent, sentAt) = parents[child] {
                leave(child, parent)
                // An answer that stood in a link until timer F had ended the transaction is none.
                if message.status == 408 || world.now - sentAt >= Self.timerF { served[parent]?.isSilent = true }
            }
            return
        }
        if message.method == .ack {
            // The ACK to a refusal has the branch of its INVITE, and ends here; that to a 2xx is forwarded.
            let isRefusals = Hop(place, message, as: "INVITE").map { served[$0] != nil } ?? false
            if !isRefusals {
                unforwarded[Success(place, message)] = Unforwarded(
                    since: world.now, place: place, isCalm: world.isCalm)
            }
            return
        }
        guard let hop = Hop(place, message), served[hop] == nil else { return }
        served[hop] = Served(readAt: world.now, callID: message.callIDText)
        if message.method == .invite {
            let invitation = Invitation(place, message)
            epochs[invitation] = epochs[invitation] ?? world.machines[place.seat.machine].trust.epoch
        }
    }

    private func leave(_ child: Hop, _ parent: Hop) {
        served[parent]?.waiting.remove(child)
        parents[child] = nil
    }

    private func sentOn(_ message: SIPMessage, at place: Place, _ now: Instant) {
        guard let child = Hop(place, message), message.branches.count > 1 else { return }
        let branch = message.branches[1]
        // The request may have come on the connection of another shard of this process.
        for parent in served.keys
        where parent.branch == branch && parent.method == child.method
            && parent.place.seat.machine == place.seat.machine
        {
            served[parent]?.waiting.insert(child)
            parents[child] = (parent, now)
        }
    }

    private func wrote(_ message: SIPMessage, at place: Place, _ world: World) {
        if message.isRequest {
            if message.method == .ack {
                unforwarded[Success(place, message)] = nil
                return
            }
            if let hop = Hop(place, message), !sent.insert(hop).inserted {
                fail("\(world.name(place.seat)) sends \(hop.text) again, over a link that loses nothing", in: world)
            }
            if message.branches.count > 1 { sentOn(message, at: place, world.now) }
            return
        }
        guard let hop = Hop(place, message) else { return }
        guard let entry = served[hop] else {
            return fail(
                "\(world.name(place.seat)) answers \(message.status) to \(hop.text), which nobody asked", in: world)
        }
        guard message.isFinal else {
            if let final = entry.final, message.status > 100 {
                fail("\(world.name(place.seat)) sends \(message.status) after \(final) to \(hop.text)", in: world)
            }
            return
        }
        if let final = entry.final {
            // RFC 3261 §16.7 step 5: every 2xx to an INVITE is forwarded, because each branch may make a dialog.
            let mayRepeat = message.cSeq?.method == .invite && final < 300 && message.status < 300
            if !mayRepeat {
                fail("\(world.name(place.seat)) sends \(message.status) after \(final) to \(hop.text)", in: world)
            }
        }
        served[hop]?.final = message.status
    }

    // MARK: Devices

    private static func key(_ device: Int, _ message: SIPMessage) -> String {
        "\(device) \(message.callIDText) \(message.cSeq?.number ?? 0)"
    }

    private func deviceSent(_ message: SIPMessage, _ device: Int, _ world: World) {
        guard message.isRequest else { return }
        if message.method == .ack { return unacknowledged[Self.key(device, message)] = nil }
        if message.method == .cancel { cancelledAt[Self.key(device, message)] = world.now }
        let branch = String(decoding: message.topVia?.branch ?? [], as: UTF8.self)
        if !deviceRequests.insert("\(device) \(branch) \(message.method.text)").inserted {
            fail("\(world.devices[device].name) sends a \(message.method.text) again", in: world)
        }
    }

    private func received(_ message: SIPMessage, _ device: Int, _ world: World) {
        guard message.isFinal, let cseq = message.cSeq else { return }
        // RFC 3261 §9.1: 64*T1 after its CANCEL an INVITE is over for the caller, whatever comes.
        let isOver = cancelledAt[Self.key(device, message)].map { world.now - $0 >= Self.timerF } ?? false
        if cseq.method == .invite, message.status < 300, !isOver {
            unacknowledged[Self.key(device, message)] = Acknowledgement(since: world.now, callID: message.callIDText)
        }
        let key =
            Self.key(device, message) + cseq.method.text + String(decoding: message.topVia?.branch ?? [], as: UTF8.self)
        if let final = deviceFinals.updateValue(message.status, forKey: key),
            !(cseq.method == .invite && final < 300 && message.status < 300)
        {
            fail("\(world.devices[device].name) reads \(message.status) after \(final) to one request", in: world)
        }
    }

    private func begin(_ command: UserAgentCommand, _ device: Int, _ world: World) {
        switch command {
        case .sendMessage(_, _, let tag): open[.message(device: device, tag: tag)] = world.now
        case .call(_, let handle): open[.call(device: device, handle)] = world.now
        case .register, .unregister, .sendOptions, .answer, .reject, .hangUp: break
        }
    }

    private func end(_ event: UserAgentEvent, _ device: Int, _ world: World) {
        let errand: Errand
        switch event {
        case .messageDelivered(let tag, _), .messageFailed(let tag, _, _): errand = .message(device: device, tag: tag)
        case .callEnded(let handle, _):
            guard handle.number < 0x8000_0000 else { return }
            errand = .call(device: device, handle)
        case .registered, .unregistered, .registrationFailed, .messageReceived, .optionsAnswered, .flowFailed,
            .incomingCall, .callRinging, .callAnswered:
            return
        }
        open[errand] = nil
        if !ended.insert(errand).inserted {
            fail("\(world.devices[device].name) is told twice how \(errand) ended", in: world)
        }
    }

    // MARK: Time

    private func lookForOverdue(_ world: World) {
        for (hop, entry) in served {
            let isInvite = hop.method.elementsEqual("INVITE".utf8)
            let bound = isInvite ? Self.inviteBound : Self.nonInviteBound
            guard world.now - entry.readAt > bound else { continue }
            if entry.final == nil, isInvite || entry.waiting.isEmpty && !entry.isSilent {
                fail(
                    "\(world.name(hop.place.seat)) has not answered \(hop.text) (\(entry.callID.prefix(6))) for "
                        + "\(bound.wholeSeconds) s", in: world)
            }
            if entry.final == nil {
                world.note("never answers \(hop.text) (\(entry.callID.prefix(6)))", at: world.name(hop.place.seat))
            }
            served[hop] = nil
        }
        for (errand, since) in open {
            let bound: Interval
            switch errand {
            case .message: bound = Self.messageBound
            case .call: bound = Self.callBound
            }
            if world.now - since > bound {
                fail("nobody was told in \(bound.wholeSeconds) s how \(errand) ended", in: world)
            }
        }
        for (key, entry) in unacknowledged where world.now - entry.since > Self.ackBound {
            fail("a device has read a 2xx to INVITE \(key) and sent no ACK", in: world)
        }
        for (key, entry) in unforwarded where world.now - entry.since > Self.ackBound {
            unforwarded[key] = nil
            guard !hasNoWay(key, entry, world) else { continue }
            fail(
                "\(world.name(entry.place.seat)) has read the ACK to a 2xx of \(key.text) and not sent it on", in: world
            )
        }
    }

    /// RFC 3261 §13.2.2.4: the ACK to a 2xx is answered by nobody, and sent again only when the 2xx comes again. A server
    /// drops it that is left without the flow over which it read the 2xx: a client's connection cannot be dialled. A
    /// server's can, and once everything is mended it must be.
    private func hasNoWay(_ key: Success, _ entry: Unforwarded, _ world: World) -> Bool {
        // What a closed link has brought is dropped unread.
        guard live.contains(entry.place) else { return true }
        let ways = ways[key] ?? []
        if entry.isCalm { return ways.contains { clients.contains($0) && !live.contains($0) } }
        // Under faults nothing that has to be dialled is sure, and the callee may have become somebody to refuse.
        return ways.isEmpty || epochs[key.invitation] != world.machines[key.invitation.machine].trust.epoch
            || ways.contains { !live.contains($0) || !clients.contains($0) && $0.seat != entry.place.seat }
    }
}
