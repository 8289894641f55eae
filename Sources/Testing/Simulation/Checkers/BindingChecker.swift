import Basis
import SIP
import Server
import Trust

/// Bindings: one that was acknowledged stays until it expires, is replaced or removed, or loses its flow or its user, whatever crashes
/// meanwhile; within one Call-ID no CSeq goes back.
final class BindingChecker: Checker {
    let name = "bindings"

    /// RFC 5626 §6: instance and address.
    private struct Name: Hashable {
        let machine: Int
        let aor: [UInt8]
        let instance: [UInt8]
    }

    /// What a 200 has promised.
    private struct Promise {
        let callID: [UInt8]
        let cseq: UInt32
        /// By the clock of the server.
        let expires: WallTime
        /// Nil once the process that knew the flow has crashed.
        var flow: Flow?
    }

    private struct Series: Hashable {
        let machine: Int
        let aor: [UInt8]
        let callID: [UInt8]
    }

    private var orders: [Hop: RegisterOrder] = [:]
    private var promises: [Name: Promise] = [:]
    /// The highest CSeq of each Call-ID in the table.
    private var numbers: [Series: UInt32] = [:]
    /// The same, as far as a 200 has told it.
    private var toldNumbers: [Series: UInt32] = [:]
    /// Users whose account has changed and whose server may not have heard of it.
    private var ending: [Int: Set<[UInt8]>] = [:]
    private var trustedAt: [Int: Instant] = [:]
    /// Servers whose table has changed since it was looked at.
    private var changed: Set<Int> = []

    /// After this time every shard has taken the news.
    private static let sweepBound = Interval.seconds(1)

    func observe(_ fact: Fact, in world: World) {
        switch fact {
        case .read(let seat, let connection, let message): read(message, at: Place(seat, connection))
        case .wrote(let seat, let connection, let message): wrote(message, at: Place(seat, connection), world)
        case .closing(let seat, let connection, _), .gone(let seat, let connection): gone(connection, of: seat.machine)
        case .appended(let machine, _, _): changed.insert(machine)
        case .published(let organisation, let user):
            guard let user, let machine = world.machine(.frontEnd, of: organisation) else { return }
            let aor = Array("\(user)@\(world.organisations[organisation].domain)".utf8)
            ending[machine.number, default: []].insert(aor)
            promises = promises.filter { $0.key.machine != machine.number || $0.key.aor != aor }
        case .trusted(let machine): trustedAt[machine] = world.now
        case .turned(let seat):
            guard changed.remove(seat.machine) != nil else { return }
            look(at: world.machines[seat.machine], world)
        case .second:
            for machine in world.machines where machine.role == .frontEnd { look(at: machine, world) }
        case .crashed(let machine): crashed(machine)
        case .started(let machine): look(at: world.machines[machine], world)
        case .admitted, .reported, .committed, .commanded, .deviceSent, .deviceReceived, .deviceReported,
            .deviceLost:
            break
        }
    }

    func rest(in world: World) {}

    // MARK: Promises

    private func read(_ message: SIPMessage, at place: Place) {
        if !message.isRequest, message.status == 430 {
            // The edge says that a flow has failed; which one, the server knows.
            promises = promises.filter { entry in
                guard case .edge = entry.value.flow else { return true }
                return entry.key.machine != place.seat.machine
            }
        }
        guard let order = RegisterOrder(message), let hop = Hop(place, message) else { return }
        orders[hop] = order
        let name = Name(machine: place.seat.machine, aor: order.aor, instance: order.instance)
        // A REGISTER that stood long in a connection that is given up replaces the newer binding, and goes with its
        // connection: Call-IDs have no order among them.
        if order.isRemoval || promises[name].map({ $0.callID != order.callID }) == true { promises[name] = nil }
    }

    private func wrote(_ message: SIPMessage, at place: Place, _ world: World) {
        let machine = world.machines[place.seat.machine]
        guard message.isFinal, message.cSeq?.method == .register, machine.role == .frontEnd,
            let hop = Hop(place, message), let order = orders.removeValue(forKey: hop), message.status == 200,
            !order.isRemoval, ending[machine.number]?.contains(order.aor) != true,
            let binding = machine.shared?.location.bindings(of: order.aor, at: world.wall(of: machine)).first(where: {
                $0.instanceID == order.instance && $0.callID == order.callID && $0.cseq == order.cseq
            })
        else { return }
        promises[Name(machine: machine.number, aor: order.aor, instance: order.instance)] = Promise(
            callID: order.callID, cseq: order.cseq, expires: binding.expires, flow: binding.flow)
        let series = Series(machine: machine.number, aor: order.aor, callID: order.callID)
        toldNumbers[series] = max(toldNumbers[series] ?? 0, order.cseq)
    }

    private func gone(_ connection: ConnectionID, of machine: Int) {
        promises = promises.filter { $0.key.machine != machine || $0.value.flow != .direct(connection) }
    }

    private func crashed(_ machine: Int) {
        orders = orders.filter { $0.key.place.seat.machine != machine }
        for (name, promise) in promises where name.machine == machine {
            if case .direct? = promise.flow { promises[name]?.flow = nil }
        }
        // What nobody was told of may be lost.
        numbers = numbers.filter { $0.key.machine != machine }
        for (series, number) in toldNumbers where series.machine == machine { numbers[series] = number }
    }

    // MARK: The table

    private func look(at machine: Machine, _ world: World) {
        settleUsers(of: machine, world)
        guard let location = machine.shared?.location else { return }
        let wall = world.wall(of: machine)
        var found: [Name: Binding] = [:]
        for (aor, bindings) in location.everything {
            for binding in bindings {
                found[Name(machine: machine.number, aor: aor, instance: binding.instanceID)] = binding
                let series = Series(machine: machine.number, aor: aor, callID: binding.callID)
                if let last = numbers[series], binding.cseq < last {
                    fail(
                        "\(machine.shortName) goes back from CSeq \(last) to \(binding.cseq) in a binding of "
                            + String(decoding: aor, as: UTF8.self), in: world)
                }
                numbers[series] = binding.cseq
            }
        }
        for (name, promise) in promises where name.machine == machine.number {
            let binding = found[name]
            let isReplaced = binding.map { $0.callID != promise.callID || $0.cseq != promise.cseq } ?? false
            if promise.expires <= wall || isReplaced {
                promises[name] = nil
            } else if binding == nil {
                fail(
                    "\(machine.shortName) has acknowledged a binding of \(String(decoding: name.aor, as: UTF8.self)), "
                        + "CSeq \(promise.cseq), until \(promise.expires), and has none at \(wall)", in: world)
            }
        }
    }

    private func settleUsers(of machine: Machine, _ world: World) {
        let published = world.organisations[machine.organisation].directory.sequence
        guard machine.directory.sequence == published, let since = trustedAt[machine.number],
            world.now - since > Self.sweepBound
        else { return }
        ending[machine.number] = nil
    }
}
