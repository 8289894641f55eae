import Basis
import SIP
import Testing
import Transactions

/// Messages and moments for the tests of transactions.
enum TransactionTestKit {
    static let start = Instant.zero + .seconds(1_000)
    static let here = ConnectionID(shard: ShardID(3), slot: 7, generation: 1)
    static let elsewhere = ConnectionID(shard: ShardID(3), slot: 8, generation: 1)

    /// An empty table of shard 3.
    static func table(clients: Int = 100, servers: Int = 100) -> TransactionTable {
        var chance = Chance(seed: [1, 2, 3])
        var limits = TransactionLimits()
        limits.clientTransactionsMax = clients
        limits.serverTransactionsMax = servers
        return TransactionTable(shard: ShardID(3), chance: &chance, limits: limits)
    }

    /// A request as it would come from the wire.
    static func request(
        _ method: String, branch: String = "z9hG4bK1", sentBy: String = "alice.example:5061", fromTag: String = "a1",
        toTag: String? = nil, callID: String = "c1", cSeq: Int = 1, cSeqMethod: String? = nil
    ) throws -> ValidRequest {
        let to = toTag.map { ";tag=\($0)" } ?? ""
        let text = """
            \(method) sip:bob@contoso.example SIP/2.0
            Via: SIP/2.0/TLS \(sentBy);branch=\(branch)
            Max-Forwards: 70
            From: <sip:alice@contoso.example>;tag=\(fromTag)
            To: <sip:bob@contoso.example>\(to)
            Call-ID: \(callID)
            CSeq: \(cSeq) \(cSeqMethod ?? method)
            Content-Length: 0


            """
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return try ValidRequest(SIPMessage.parse(Array(lines.joined(separator: "\r\n").utf8)))
    }
}

extension RequestVerdict {
    /// The transaction of a new request.
    var newTransaction: ServerTransactionID? {
        switch self {
        case .new(let id): id
        case .cancel, .absorbed, .acknowledged, .acknowledgesSuccess, .full: nil
        }
    }
}

extension TransactionTable {
    /// The events up to `now`.
    mutating func events(at now: Instant) -> [TransactionEvent] {
        var events: [TransactionEvent] = []
        advance(to: now, into: &events)
        return events
    }

    /// The events that the end of a connection brings.
    mutating func eventsOfClosing(_ connection: ConnectionID) -> [TransactionEvent] {
        var events: [TransactionEvent] = []
        connectionClosed(connection, into: &events)
        return events
    }
}

/// The value, or the end of the test. For calls that change what they are called on, which `#require` does not allow.
func unwrap<Value>(_ value: Value?, sourceLocation: SourceLocation = #_sourceLocation) throws -> Value {
    try #require(value, sourceLocation: sourceLocation)
}
