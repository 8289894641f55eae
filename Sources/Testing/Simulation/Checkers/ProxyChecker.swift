import Basis
import SIP
import Server
import Shards

/// The proxy: the Via stack grows by one on the way out and shrinks by one on the way back, Max-Forwards falls, a
/// CANCEL reaches every branch that waits, and no branch outlives its response context.
final class ProxyChecker: Checker {
    let name = "proxy"

    private struct Request {
        let place: Place
        let branches: [[UInt8]]
        let maxForwards: UInt32?
        /// The branches it was forwarded on, for an INVITE.
        var children: [Hop] = []
        var cancelledAt: Instant?
    }

    private struct Branch {
        let sentAt: Instant
        var provisionalAt: Instant?
        var isFinal = false
        var isCancelled = false
    }

    /// By machine and by the branch and method of the request as it was read.
    private struct Key: Hashable {
        let machine: Int
        let branch: [UInt8]
        let method: [UInt8]
    }

    private var requests: [Key: Request] = [:]
    private var branches: [Hop: Branch] = [:]
    /// 64*T1, less what a turn of the loop may take.
    private static let timerB = Interval.milliseconds(31_900)
    private static let cancelBound = Interval.seconds(2)

    func observe(_ fact: Fact, in world: World) {
        switch fact {
        case .read(let seat, let connection, let message): read(message, at: Place(seat, connection), world)
        case .wrote(let seat, let connection, let message):
            let place = Place(seat, connection)
            if message.isRequest {
                wroteRequest(message, at: place, world)
            } else {
                wroteResponse(message, at: place, world)
            }
        case .deviceReceived(let device, let message):
            if !message.isRequest, message.branches.count != 1 {
                fail("\(world.devices[device].name) reads a response with \(message.branches.count) Vias", in: world)
            }
        case .closing(let seat, let connection, _), .gone(let seat, let connection):
            let place = Place(seat, connection)
            branches = branches.filter { $0.key.place != place }
        case .crashed(let machine):
            branches = branches.filter { $0.key.place.seat.machine != machine }
            requests = requests.filter { $0.key.machine != machine }
        case .turned(let seat): lookForStrays(seat, world)
        case .second: lookForUncancelled(world)
        case .admitted, .reported, .started, .appended, .committed, .published, .trusted, .commanded,
            .deviceSent,
            .deviceReported, .deviceLost:
            break
        }
    }

    func rest(in world: World) {}

    private func key(_ seat: SeatID, _ branch: [UInt8], _ method: String) -> Key {
        Key(machine: seat.machine, branch: branch, method: Array(method.utf8))
    }

    private func read(_ message: SIPMessage, at place: Place, _ world: World) {
        guard let top = message.branches.first, let method = message.cSeq?.method.text else { return }
        if message.isRequest {
            let own = key(place.seat, top, method)
            if requests[own] == nil {
                requests[own] = Request(place: place, branches: message.branches, maxForwards: message.maxForwards)
            }
            if message.method == .cancel { requests[key(place.seat, top, "INVITE")]?.cancelledAt = world.now }
        } else if method == "INVITE", let hop = Hop(place, message), branches[hop] != nil {
            // What comes when timer B has ended the branch changes nothing any more.
            let isSilent =
                branches[hop].map { $0.provisionalAt == nil && world.now - $0.sentAt >= Self.timerB } ?? false
            if message.isFinal || isSilent {
                branches[hop]?.isFinal = true
            } else if branches[hop]?.provisionalAt == nil {
                branches[hop]?.provisionalAt = world.now
            }
        }
    }

    private func wroteRequest(_ message: SIPMessage, at place: Place, _ world: World) {
        let stack = message.branches
        let method = message.cSeq?.method.text ?? ""
        guard let hop = Hop(place, message, as: "INVITE"), let top = stack.first else {
            return fail("\(world.name(place.seat)) writes a request without Via or CSeq", in: world)
        }
        if stack.count == 1, method == "CANCEL" || method == "ACK" {
            guard branches[hop] != nil else {
                return fail(
                    "\(world.name(place.seat)) writes \(method) for an INVITE that it never sent there", in: world)
            }
            if method == "CANCEL" { branches[hop]?.isCancelled = true }
            return
        }
        let below = Array(stack.dropFirst())
        guard let next = below.first, let request = requests[key(place.seat, next, method)], request.branches == below
        else {
            return fail(
                "\(world.name(place.seat)) writes \(method) whose Via stack is not one more than that of a request it read",
                in: world)
        }
        if stack.filter({ $0 == top }).count > 1 {
            fail("\(world.name(place.seat)) repeats a branch in \(method)", in: world)
        }
        let expected = request.maxForwards.map { $0 == 0 ? 0 : $0 - 1 } ?? ServerLimits.maxForwards
        if message.maxForwards != expected {
            fail(
                "\(world.name(place.seat)) writes Max-Forwards \(message.maxForwards.map(String.init) ?? "-") instead of "
                    + "\(expected)", in: world)
        }
        if method == "INVITE" {
            branches[hop] = Branch(sentAt: world.now)
            requests[key(place.seat, next, method)]?.children.append(hop)
        }
    }

    private func wroteResponse(_ message: SIPMessage, at place: Place, _ world: World) {
        guard let top = message.branches.first, let method = message.cSeq?.method.text,
            let request = requests[key(place.seat, top, method)], request.branches == message.branches,
            request.place == place
        else {
            return fail(
                "\(world.name(place.seat)) writes \(message.status) whose Via stack is not that of a request it read there",
                in: world)
        }
    }

    /// No branch outlives the response context that it belongs to: nobody would take its answer.
    private func lookForStrays(_ seat: SeatID, _ world: World) {
        guard let strays = world.seat(seat)?.shard?.inspect({ $0.strayBranches }), strays > 0 else { return }
        fail("\(world.name(seat)) has \(strays) branches without a response context", in: world)
    }

    /// RFC 3261 §9.1: a CANCEL waits for a provisional response, and no longer.
    private func lookForUncancelled(_ world: World) {
        for request in requests.values {
            guard let cancelledAt = request.cancelledAt else { continue }
            for hop in request.children {
                guard let branch = branches[hop], !branch.isFinal, !branch.isCancelled,
                    let provisionalAt = branch.provisionalAt
                else { continue }
                if world.now - max(provisionalAt, cancelledAt) > Self.cancelBound {
                    fail("\(world.name(hop.place.seat)) has not cancelled the branch \(hop.text)", in: world)
                }
            }
        }
    }
}
