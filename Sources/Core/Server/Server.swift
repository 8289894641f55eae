public import Basis
import SIP
import Transactions
import Trust

/// One server of given roles, as one value: what comes in, what goes out, and in between no socket, clock, task or file.
///
/// This page wires the folders. `Links` decides who may speak at all, `Load` how much of it is served,
/// `Users` who a request is from, `Registrar` where users are, `Proxy` where a request goes; none of them calls another,
/// they meet here.
public struct Server {
    /// The shard that runs this value.
    public let shard: ShardID
    /// What this process's shards share.
    public let shared: SharedState

    var links: LinkTable
    var transactions: TransactionTable
    var contexts = ContextTable()
    /// The changes of the message that is written just now: see `takeSpareEdits`.
    var spareEdits = MessageEdits()
    var dialler = Dialler()
    var backOff = BackOff()
    /// What users and partners have used of their allowances.
    var buckets: SharedBuckets
    var overload = OverloadControl()
    var chance: Chance
    var surroundings: Surroundings
    var directory: UserDirectory
    /// What most accounts are challenged with: the answer to a user that does not exist.
    var usualAlgorithm: Trust.DigestAlgorithm
    var deadlines = LinkDeadlines()
    var isDraining = false
    /// The ticket of the next journal record, and the answers that wait for theirs.
    var journal = JournalQueue()
    var expirySweep: ExpirySweep
    /// Counters that the metrics report.
    public internal(set) var counters = ServerCounters()

    let flowTokens: FlowTokens
    let dialogTokens: DialogTokens
    let partnerTokens: PartnerTokens
    let branches: BranchTokens

    /// A server that knows its trust state and nothing else yet.
    public init(shard: ShardID, shards: Int, shared: SharedState, trust: TrustUpdate, chance: Chance) {
        self.shard = shard
        self.shared = shared
        self.chance = chance
        buckets = SharedBuckets(chance: chance.derived(for: "buckets"))
        links = LinkTable(shard: shard, context: trust.context)
        transactions = TransactionTable(shard: shard, chance: &self.chance)
        surroundings = Surroundings(context: trust.context)
        directory = trust.directory
        usualAlgorithm = trust.directory.usualAlgorithm
        flowTokens = FlowTokens(sealer: shared.sealer)
        dialogTokens = DialogTokens(sealer: shared.sealer)
        partnerTokens = PartnerTokens(sealer: shared.sealer)
        branches = BranchTokens(sealer: shared.sealer)
        expirySweep = ExpirySweep(shard: shard, shards: shards)
    }

    /// Takes one input and appends what should be done about it.
    public mutating func handle(_ input: Input, at now: Instant, wall: WallTime, into outputs: inout Outputs) {
        let moment = Moment(now: now, wall: wall)
        switch input {
        case .established(let id, let evidence): established(id, evidence, at: moment, into: &outputs)
        case .received(let id, let framed): received(framed, on: id, at: moment, into: &outputs)
        case .closed(let id): closed(id, at: moment, into: &outputs)
        case .dialFailed(let target, let why): dialFailed(target, why: why, at: moment, into: &outputs)
        case .congested(let id, let isCongested): congested(id, isCongested, at: moment, into: &outputs)
        case .committed(let ticket): committed(upTo: ticket, at: moment, into: &outputs)
        case .commitFailed(let first, let last): commitFailed(first, last, at: moment, into: &outputs)
        case .trustChanged(let update): trustChanged(update, at: moment, into: &outputs)
        case .mail(let mail): receive(mail, at: moment, into: &outputs)
        case .drain: isDraining = true
        }
    }

    /// Acts on every deadline up to `now`.
    public mutating func advance(to now: Instant, wall: WallTime, into outputs: inout Outputs) {
        let moment = Moment(now: now, wall: wall)
        var events: [TransactionEvent] = []
        transactions.advance(to: now, into: &events)
        for event in events { transactionEvent(event, at: moment, into: &outputs) }
        endSilentBranches(at: moment, into: &outputs)
        answerOverdue(at: moment, into: &outputs)
        closeOverdueLinks(at: moment, into: &outputs)
        expireBindings(at: moment, into: &outputs)
        tell(overload.advance(to: now), into: &outputs)
    }

    /// When `advance` must be called next, if nothing happens before.
    public var nextDeadline: Instant? {
        let ofRequests = Instant.earliest(transactions.nextDeadline, contexts.nextDeadline)
        let ofFlows = Instant.earliest(deadlines.next, expirySweep.next(in: shared.location))
        return .earliest(overload.next, .earliest(ofRequests, ofFlows))
    }
}

/// The two times of one input.
struct Moment {
    let now: Instant
    let wall: WallTime
}
