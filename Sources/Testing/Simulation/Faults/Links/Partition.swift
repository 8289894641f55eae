import Basis

/// One that can be cut off: a server's machine or a device.
enum Host: Hashable {
    case machine(Int)
    case device(Int)
}

/// Nothing gets from one host to another for a while; the other way may be open. Connections between the two do not come up,
/// whoever dials: the answer would have to pass.
struct Partition {
    let from: Host
    let to: Host
    let until: Instant
}

extension World {
    /// Unacknowledged octets break a connection after this time.
    private static let giveUp = Interval.seconds(30)

    func maybePart() -> Bool {
        guard faults.strikes(.partition) else { return false }
        let hosts = machines.map { Host.machine($0.number) } + devices.map { Host.device($0.number) }
        guard let from = faults.pick(hosts, for: .partition), let to = faults.pick(hosts, for: .partition), from != to
        else { return true }
        let length = faults.milliseconds(1_000..<60_000, for: .partition)
        part(from, to, for: length)
        if faults.below(2, for: .partition) == 0 { part(to, from, for: length) }
        return true
    }

    private func part(_ from: Host, _ to: Host, for length: Interval) {
        partitions.append(Partition(from: from, to: to, until: now + length))
        note("nothing gets to \(name(to)) for \(length.wholeMilliseconds) ms", at: name(from))
        for link in links {
            for side in [End.Side.dialler, .acceptor] where host(link[side]) == from && host(link[side.other]) == to {
                guard !link[side].isTold || !link[side.other].isTold else { continue }
                link[from: side].stalledUntil = max(link[from: side].stalledUntil, now + length)
                guard length > Self.giveUp else { continue }
                for side in [End.Side.dialler, .acceptor] where !link[side].isTold {
                    schedule(.gone(link: link.number, side), in: Self.giveUp + dice.milliseconds(0..<2_000))
                }
            }
        }
    }

    func isParted(_ from: Host, _ to: Host) -> Bool {
        partitions.contains { $0.from == from && $0.to == to && $0.until > now }
    }

    func host(_ end: End) -> Host {
        switch end.party {
        case .device(let number, _): .device(number)
        case .seat(let id): .machine(id.machine)
        }
    }

    /// The network is whole again: what stood still goes on.
    func endPartitions() {
        partitions = []
        for link in links {
            for side in [End.Side.dialler, .acceptor] {
                link[from: side].slowUntil = .zero
                guard link[from: side].stalledUntil > now else { continue }
                link[from: side].stalledUntil = .zero
                schedule(.deliver(link: link.number, side.other), in: transitTime())
            }
        }
    }
}

extension Interval {
    static func + (one: Interval, other: Interval) -> Interval {
        Interval(nanoseconds: one.nanoseconds + other.nanoseconds)
    }
}
