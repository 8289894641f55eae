public import Basis

/// A verdict on a link as it is kept for explaining it later: the evidence and the trace in their own encodings.
public struct LinkVerdict: Hashable, Sendable {
    /// The link.
    public var connection: ConnectionID
    /// When it was decided.
    public var time: WallTime
    /// What the peer called itself or was proven to be: for people, and for the limit of refusals per peer.
    public var peer: String
    /// The class of an admitted peer (`server`), or the code of a refusal (`E402`).
    public var outcome: String
    /// The epoch in which it was decided.
    public var epoch: TrustEpoch
    /// `LinkEvidence.encoded`.
    public var evidence: [UInt8]
    /// `Trace.encoded`.
    public var trace: [UInt8]

    /// A verdict with these fields.
    public init(
        connection: ConnectionID, time: WallTime, peer: String, outcome: String, epoch: TrustEpoch, evidence: [UInt8],
        trace: [UInt8]
    ) {
        self.connection = connection
        self.time = time
        self.peer = peer
        self.outcome = outcome
        self.epoch = epoch
        self.evidence = evidence
        self.trace = trace
    }

    /// Whether every field is within its limit.
    var isWithinLimits: Bool {
        max(peer.utf8.count, outcome.utf8.count) <= StorageLimits.nameBytesMax
            && max(evidence.count, trace.count) <= StorageLimits.verdictBytesMax
    }

    /// Throws when a field is over its limit.
    func checkLimits() throws(StorageError) {
        guard isWithinLimits else {
            throw .tooLarge(what: "the verdict on a link", limit: StorageLimits.verdictBytesMax)
        }
    }
}
