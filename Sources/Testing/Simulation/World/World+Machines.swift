import Authority
import Basis
import Server
import Shards
import Trust

/// Server processes start, crash, write to their disks, and learn what their authority published.
extension World {
    /// Starts a server from what its disk holds: bindings from the journal, trust state, directory.
    func start(_ machine: Machine) {
        machine.incarnation += 1
        machine.isUp = true
        var chance = chance.derived(for: "process \(machine.name) \(machine.incarnation)")
        let shared = SharedState(key: chance.bytes(32))
        let loaded = shared.location.load(machine.disk.everything)
        machine.shared = shared
        machine.endedSequence = 0
        let update = update(of: machine, ended: [])
        machine.context = update.context
        machine.seats = (0..<size.shards).map { number in
            Seat(SeatID(machine: machine.number, incarnation: machine.incarnation, shard: UInt8(number)), in: self)
        }
        for seat in machine.seats {
            let server = Server(
                shard: ShardID(seat.id.shard), shards: size.shards, shared: shared, trust: update,
                chance: chance.derived(for: "shard \(seat.id.shard)"))
            seat.shard = Shard(
                server: server, mailbox: seat.mailbox, connections: seat, store: machine.disk, clock: seat,
                report: { [unowned seat] in seat.events.append($0) })
        }
        let mailboxes = machine.seats.map(\.mailbox)
        for seat in machine.seats {
            seat.shard?.connect(mailboxes)
            seat.mailbox.post(.trustChanged(update))
        }
        note("starts with \(loaded.bindings) bindings, epoch \(machine.trust.epoch)", at: machine.shortName)
        if !loaded.damaged.isEmpty { fail("world", "\(machine.name) cannot read \(loaded.damaged.count) records") }
        observe(.started(machine.number))
        schedule(.trust(machine: machine.number, incarnation: machine.incarnation), in: trustDelay())
    }

    /// The process ends without a word: connections break, what was not committed is lost.
    func crash(_ machine: Machine) {
        guard machine.isUp else { return }
        note("crashes", at: machine.shortName)
        observe(.crashed(machine.number))
        machine.isUp = false
        loseDisk(of: machine)
        machine.seats = []
        machine.shared = nil
        for link in links where !link.dialler.isClosed || !link.accepting.isClosed {
            for side in [End.Side.dialler, .acceptor] {
                guard case .seat(let id) = link[side].party, id.machine == machine.number else { continue }
                link[side].state = .closed
                link[side].isTold = true
                end(link, toward: side.other)
            }
        }
    }

    // MARK: Disk

    func scheduleCommit(of machine: Machine) {
        schedule(.commit(machine: machine.number, incarnation: machine.incarnation), in: commitTime())
    }

    func commit(_ machine: Machine, _ incarnation: Int) {
        guard machine.isUp, machine.incarnation == incarnation else { return }
        let isGood = !commitFails(on: machine)
        let records = machine.disk.end(isGood: isGood)
        note("\(isGood ? "commits" : "cannot commit") \(records.count) records", at: machine.shortName)
        if isGood {
            for entry in records { observe(.committed(machine: machine.number, entry.record)) }
        }
        for seat in machine.seats {
            let tickets = records.filter { $0.shard.number == seat.id.shard }.map(\.record.ticket)
            guard let first = tickets.min(), let last = tickets.max() else { continue }
            seat.mailbox.post(isGood ? .committed(upTo: last) : .commitFailed(first: first, last: last))
        }
    }

    // MARK: Trust

    /// Tells every server of an organisation that there is news; each asks when it gets round to it.
    func spread(_ organisation: Int, user: String? = nil) {
        observe(.published(organisation, user: user))
        note("\(organisations[organisation].name) publishes epoch \(organisations[organisation].publisher.state.epoch)")
        for machine in machines where machine.organisation == organisation && machine.isUp {
            schedule(.trust(machine: machine.number, incarnation: machine.incarnation), in: trustDelay())
        }
    }

    func fetchTrust(_ machine: Machine, _ incarnation: Int) throws {
        guard machine.isUp, machine.incarnation == incarnation else { return }
        maybeForgeNews(for: machine)
        try take(
            organisations[machine.organisation].delivery(
                to: machine.name, since: machine.trust.epoch, directory: machine.directory.sequence,
                userEnded: machine.endedSequence, now: wall), machine)
    }

    /// As `TrustReplica.apply` does: verify, then tell every shard.
    func take(_ delivery: NodeDelivery, _ machine: Machine) throws {
        let time = wall(of: machine)
        let new = try machine.trust.applying(delivery.bundle, now: time)
        var ended: [String] = []
        let sequence = machine.directory.sequence
        if let changes = delivery.directory, changes.to > sequence { ended = try machine.directory.apply(changes) }
        if let told = delivery.userEnded {
            ended += told.addresses
            machine.endedSequence = told.to
        }
        let everybody = delivery.userEnded?.everybody ?? false
        let key = machine.key.pin
        if let chain = delivery.chains.first(where: { Self.pin(of: $0) == key }) { machine.chain = chain }
        let offsetMax = TrustPolicy.standard.clockOffsetMax
        let isNewDoubt =
            new.isClockDoubtful(time, by: offsetMax) != machine.trust.isClockDoubtful(time, by: offsetMax)
        let isNews = new.epoch > machine.trust.epoch || isNewDoubt || machine.directory.sequence != sequence
        machine.trust = new
        observe(.trusted(machine.number))
        guard isNews || everybody || !ended.isEmpty else { return }
        let update = update(of: machine, ended: ended, everybody: everybody)
        machine.context = update.context
        note("takes epoch \(new.epoch)\(ended.isEmpty ? "" : ", ends \(ended)")", at: machine.shortName)
        for seat in machine.seats { seat.mailbox.post(.trustChanged(update)) }
    }

    private func update(of machine: Machine, ended: [String], everybody: Bool = false) -> TrustUpdate {
        TrustUpdate(
            context: TrustContext(state: machine.trust, now: wall(of: machine), ownServer: machine.name),
            directory: machine.directory, endedUsers: ended, endsEverybody: everybody)
    }

    private static func pin(of chain: [[UInt8]]) -> KeyPin? {
        chain.first.flatMap { try? CertificateFacts(der: $0) }?.keyPin
    }

    // MARK: What operators do

    /// Gives a server fresh keys, when the ones it has were revoked or it comes back.
    func freshKeys(for machine: Machine) throws {
        var chance = chance.derived(for: "keys of \(machine.name) after \(machine.key.pin)")
        machine.key = machine.nextKey
        machine.nextKey = try .deterministic(from: &chance)
    }

    func isRevoked(_ machine: Machine) -> Bool {
        guard let leaf = machine.chain.first, let facts = try? CertificateFacts(der: leaf) else { return true }
        return organisations[machine.organisation].revoked.contains(facts.serial)
    }
}
