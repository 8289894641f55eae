import Basis
import SIP
import Server

/// The registrar: nothing is acknowledged before its commit, what was acknowledged is there after a crash
/// (Decisions/0004), what was removed does not come back, and no lookup finds an expired binding or a dead flow.
final class RegistrarChecker: Checker {
    let name = "registrar"

    /// Names a binding for the checker: RFC 5626 §6, instance and address.
    private struct Name: Hashable {
        let machine: Int
        let aor: [UInt8]
        let instance: [UInt8]
    }

    private var orders: [Hop: RegisterOrder] = [:]
    /// Which (machine, aor, Call-ID, CSeq) were ever in a committed value.
    private var committed: Set<[UInt8]> = []
    /// The newest committed value of each address, by machine.
    private var newest: [Int: [[UInt8]: [Binding]]] = [:]
    /// Acknowledged removals: no older REGISTER of this Call-ID may come back.
    private var removed: [Name: (callID: [UInt8], cseq: UInt32)] = [:]
    private static let dialling = World.connectDeadline
    private var goneConnections: [SeatID: Set<ConnectionID>] = [:]
    /// Connections that have gone and whose shard has taken a turn since.
    private var deadConnections: [Int: Set<ConnectionID>] = [:]

    func observe(_ fact: Fact, in world: World) {
        switch fact {
        case .read(let seat, let connection, let message): read(message, at: Place(seat, connection), world)
        case .wrote(let seat, let connection, let message): wrote(message, at: Place(seat, connection), world)
        case .committed(let machine, let record):
            let bindings = Self.bindings(record)
            newest[machine, default: [:]][record.key] = bindings
            for binding in bindings { committed.insert(Self.mark(machine, record.key, binding.callID, binding.cseq)) }
        case .gone(let seat, let connection): goneConnections[seat, default: []].insert(connection)
        case .turned(let seat):
            deadConnections[seat.machine, default: []].formUnion(goneConnections.removeValue(forKey: seat) ?? [])
            lookUp(seat.machine, world)
        case .crashed(let machine):
            orders = orders.filter { $0.key.place.seat.machine != machine }
            goneConnections = goneConnections.filter { $0.key.machine != machine }
            deadConnections[machine] = nil
        case .started(let machine): compareAfterStart(machine, world)
        case .closing, .admitted, .reported, .appended, .published, .trusted, .commanded, .deviceSent, .deviceReceived,
            .deviceReported,
            .deviceLost,
            .second:
            break
        }
    }

    /// At rest, the disk and the table say the same about every address.
    func rest(in world: World) {
        for machine in world.machines where machine.role == .frontEnd {
            guard let location = machine.shared?.location else { continue }
            for (aor, bindings) in location.everything {
                let stored = newest[machine.number]?[aor] ?? []
                let wall = world.wall(of: machine)
                let alive = bindings.filter { $0.expires > wall }
                if Self.names(alive) != Self.names(stored.filter { $0.expires > wall }) {
                    fail(
                        "\(machine.shortName) has \(alive.count) bindings of \(Self.text(aor)) in its table and "
                            + "\(stored.count) others on its disk", in: world)
                }
            }
        }
    }

    private static func names(_ bindings: [Binding]) -> Set<[UInt8]> {
        Set(bindings.map { $0.callID + [0] + $0.instanceID + Array(String($0.cseq).utf8) })
    }

    private static func bindings(_ record: JournalRecord) -> [Binding] {
        record.value.flatMap { BindingCoding.decode($0) } ?? []
    }

    private static func mark(_ machine: Int, _ aor: [UInt8], _ callID: [UInt8], _ cseq: UInt32) -> [UInt8] {
        Array("\(machine) \(cseq) ".utf8) + aor + [0] + callID
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    // MARK: Acknowledgements

    private func read(_ message: SIPMessage, at place: Place, _ world: World) {
        guard world.machines[place.seat.machine].role == .frontEnd, let order = RegisterOrder(message),
            let hop = Hop(place, message)
        else { return }
        orders[hop] = order
    }

    private func wrote(_ message: SIPMessage, at place: Place, _ world: World) {
        if message.isRequest { return routed(message, at: place, world) }
        guard message.isFinal, message.cSeq?.method == .register, let hop = Hop(place, message),
            let order = orders.removeValue(forKey: hop), message.status == 200
        else { return }
        let machine = place.seat.machine
        let name = Name(machine: machine, aor: order.aor, instance: order.instance)
        if order.isRemoval {
            removed[name] = (order.callID, order.cseq)
            let left = newest[machine]?[order.aor] ?? []
            if left.contains(where: {
                $0.callID == order.callID && $0.cseq < order.cseq && $0.instanceID == order.instance
            }) {
                fail(
                    "a removal for \(Self.text(order.aor)) is acknowledged, and the binding is still on the disk",
                    in: world)
            }
        } else if !committed.contains(Self.mark(machine, order.aor, order.callID, order.cseq)) {
            fail(
                "a binding of \(Self.text(order.aor)), CSeq \(order.cseq), is acknowledged before its commit", in: world
            )
        }
    }

    // MARK: Lookups

    /// A request that begins something is sent to no binding that has ended. A link that has to be opened first takes its
    /// time.
    private func routed(_ message: SIPMessage, at place: Place, _ world: World) {
        let machine = world.machines[place.seat.machine]
        guard machine.role == .frontEnd, message.toTag == nil, message.method == .invite || message.method == .message,
            let location = machine.shared?.location
        else { return }
        let wall = world.wall(of: machine)
        for (aor, bindings) in location.everything {
            for binding in bindings
            where binding.contact.elementsEqual(message.requestURIBytes) && binding.expires + Self.dialling < wall {
                fail(
                    "\(machine.shortName) sends to a binding of \(Self.text(aor)) that ended at \(binding.expires)",
                    in: world)
            }
        }
    }

    private func lookUp(_ number: Int, _ world: World) {
        let machine = world.machines[number]
        guard machine.role == .frontEnd, let location = machine.shared?.location else { return }
        let dead = deadConnections[number] ?? []
        for (aor, all) in location.everything {
            let wall = world.wall(of: machine)
            for binding in location.bindings(of: aor, at: wall) where binding.expires <= wall {
                fail("a lookup of \(Self.text(aor)) finds a binding that ended at \(binding.expires)", in: world)
            }
            for binding in all {
                if case .direct(let connection)? = binding.flow, dead.contains(connection) {
                    fail("\(Self.text(aor)) is bound to the connection \(connection), which has gone", in: world)
                }
                let name = Name(machine: number, aor: aor, instance: binding.instanceID)
                if let gone = removed[name], gone.callID == binding.callID, binding.cseq < gone.cseq {
                    fail("a removed binding of \(Self.text(aor)) has come back", in: world)
                }
            }
        }
    }

    private func compareAfterStart(_ number: Int, _ world: World) {
        let machine = world.machines[number]
        guard let location = machine.shared?.location else { return }
        for (aor, bindings) in newest[number] ?? [:] {
            let wall = world.wall(of: machine)
            let found = location.bindings(of: aor, at: wall)
            for binding in bindings where binding.expires > wall {
                if !found.contains(where: { $0.callID == binding.callID && $0.cseq == binding.cseq }) {
                    fail("a binding of \(Self.text(aor)) was committed and is not there after the crash", in: world)
                }
            }
            for binding in found {
                if case .direct? = binding.flow {
                    fail("a binding of \(Self.text(aor)) has a connection of the process before", in: world)
                }
            }
        }
    }
}
