public import Basis

/// The live transactions of one shard.
///
/// It owns no socket and serialises nothing: it says what is new, what is absorbed, when an ACK is due and what timed
/// out, and its owner acts. Each transaction carries a `userTag`, by which the owner finds its own context.
///
/// RFC 3261 §17.1.3, RFC 3261 §17.2.3: responses match by branch and the method in CSeq, requests by branch, sent-by and
/// method. Both must also come on the connection of their transaction. Over TLS a hop has one connection for a
/// transaction, so an honest peer loses nothing, and a peer that guesses or reads a branch can neither answer, cancel nor
/// acknowledge what is not its own, nor take a branch away from somebody else by using it first.
/// Deviation: RFC 3261 §18.1.1 lets a response come on another connection; here it is dropped.
///
/// Instants must not go back from call to call. Timers run only by `advance`: its owner calls it at `nextDeadline`, a test at
/// once with that instant. Connections are told apart by their number alone, which the owner gives (`SlotTable`).
public struct TransactionTable: Sendable {
    let hashKey: KeyedHash.Key
    var clients: TransactionSlots<ClientRecord>
    var servers: TransactionSlots<ServerRecord>
    var serversByKey: [TransactionKey: UInt64] = [:]
    var serversByMergeKey: [TransactionKey: UInt64] = [:]
    var queues: [DeadlineQueue]

    /// An empty table. `shard` goes into the identifiers that it gives out: a process with one table takes any number.
    /// `chance` gives the key of the hash by which requests are looked up.
    public init(shard: ShardID, chance: inout Chance, limits: TransactionLimits = TransactionLimits()) {
        self.hashKey = KeyedHash.Key(low: chance.next(), high: chance.next())
        self.clients = TransactionSlots(shard: shard, max: limits.clientTransactionsMax)
        self.servers = TransactionSlots(shard: shard, max: limits.serverTransactionsMax)
        self.queues = TimerLetter.allCases.map { DeadlineQueue(duration: $0.duration) }
    }

    /// How many client transactions are alive.
    public var clientCount: Int { clients.count }

    /// How many server transactions are alive.
    public var serverCount: Int { servers.count }

    /// How many client transactions wait on `connection`.
    public func clientCount(on connection: ConnectionID) -> Int { clients.count(on: connection) }

    /// How many server transactions came on `connection`.
    public func serverCount(on connection: ConnectionID) -> Int { servers.count(on: connection) }

    /// When `advance` must be called next; nil when no timer runs. It may be earlier than the next event, never later.
    public var nextDeadline: Instant? { earliest?.entry.deadline }

    /// Fires every timer that is due, in the order of their deadlines.
    public mutating func advance(to now: Instant, into events: inout [TransactionEvent]) {
        while let (letter, entry) = earliest, entry.deadline <= now {
            queues[letter.rawValue].removeFirst()
            fire(letter, entry.id, into: &events)
        }
    }

    /// Ends or informs every transaction of a connection that has gone, client side first, oldest first.
    public mutating func connectionClosed(_ connection: ConnectionID, into events: inout [TransactionEvent]) {
        for id in clients.ids(on: connection) {
            transportFailed(ClientTransactionID(rawValue: id), into: &events)
        }
        for id in servers.ids(on: connection) {
            serverTransportFailed(id, into: &events)
        }
    }

    /// Starts the timer `letter` for a transaction.
    mutating func start(_ letter: TimerLetter, for id: UInt64, at now: Instant) {
        queues[letter.rawValue].start(id, at: now)
        guard queues[letter.rawValue].isMostlyDead(live: clients.count + servers.count) else { return }
        var queue = queues[letter.rawValue]
        queue.keep { isWaiting(for: letter, $0) }
        queues[letter.rawValue] = queue
    }

    /// Drops timers at the front of a queue that nothing waits for any more, so that `nextDeadline` is exact when idle.
    mutating func trim(_ letter: TimerLetter) {
        while let entry = queues[letter.rawValue].first, !isWaiting(for: letter, entry.id) {
            queues[letter.rawValue].removeFirst()
        }
    }

    private var earliest: (letter: TimerLetter, entry: DeadlineQueue.Entry)? {
        var result: (letter: TimerLetter, entry: DeadlineQueue.Entry)?
        for index in queues.indices {
            guard let entry = queues[index].first, let letter = TimerLetter(rawValue: index) else { continue }
            if let found = result, found.entry.deadline <= entry.deadline { continue }
            result = (letter, entry)
        }
        return result
    }

    private mutating func fire(_ letter: TimerLetter, _ id: UInt64, into events: inout [TransactionEvent]) {
        switch letter {
        case .b: fireClient(id, invite: .timerB, into: &events)
        case .m: fireClient(id, invite: .timerM, into: &events)
        case .cancelWait: fireClient(id, invite: .cancelWait, into: &events)
        case .f: fireNonInviteClient(id, into: &events)
        case .h: fireServer(id, .timerH, into: &events)
        case .l: fireServer(id, .timerL, into: &events)
        }
    }

    private func isWaiting(for letter: TimerLetter, _ id: UInt64) -> Bool {
        switch letter {
        case .b: clients[id]?.inviteState == .calling
        case .m: clients[id]?.inviteState == .accepted
        case .cancelWait: clients[id]?.inviteState == .proceeding
        case .f: clients[id] != nil
        case .h: servers[id]?.inviteState == .completed
        case .l: servers[id]?.inviteState == .accepted
        }
    }
}

extension TimerLetter {
    /// How long the timer runs.
    var duration: Interval {
        switch self {
        case .b: TransactionTimers.timerB
        case .f: TransactionTimers.timerF
        case .h: TransactionTimers.timerH
        case .l: TransactionTimers.timerL
        case .m: TransactionTimers.timerM
        case .cancelWait: TransactionTimers.cancelWait
        }
    }
}

extension ClientRecord {
    /// The state of an INVITE; nil for another method.
    var inviteState: InviteClientTransaction.State? {
        switch machine {
        case .invite(let transaction): transaction.state
        case .nonInvite: nil
        }
    }
}

extension ServerRecord {
    /// The state of an INVITE; nil for another method.
    var inviteState: InviteServerTransaction.State? {
        switch machine {
        case .invite(let transaction): transaction.state
        case .nonInvite: nil
        }
    }
}
