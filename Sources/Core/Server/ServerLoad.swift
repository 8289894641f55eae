import Transactions

/// What a shard holds for requests that are under way; all zero at rest, whatever links and bindings there are.
public struct ServerLoad: Sendable, Hashable {
    /// Requests that were forwarded and may still be answered.
    public var responseContexts = 0
    /// Client transactions.
    public var clientTransactions = 0
    /// Server transactions.
    public var serverTransactions = 0
    /// Answers that wait for the journal.
    public var waitingAnswers = 0

    /// Nothing is under way.
    public init() {}
}

extension Server {
    /// What this shard holds now.
    public var load: ServerLoad {
        var load = ServerLoad()
        load.responseContexts = contexts.count
        load.clientTransactions = transactions.clientCount
        load.serverTransactions = transactions.serverCount
        load.waitingAnswers = journal.count
        return load
    }

    /// RFC 3261 §16.7: client transactions that still wait for an answer, and whose response context has gone. There are none,
    /// ever; for checkers.
    public var strayBranches: Int { transactions.openClientTags.count { contexts[$0] == nil } }
}
