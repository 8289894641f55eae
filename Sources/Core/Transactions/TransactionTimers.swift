public import Basis

/// The fixed durations of the transaction layer on a reliable transport.
///
/// Timers A, E and G never start, and D, I, J and K are zero, because TLS delivers every message once or fails.
/// RFC 3261 §17.1.1.1, RFC 6026 §8.4, RFC 6026 §8.5.
public enum TransactionTimers {
    /// RFC 3261 §17.1.1.1: the estimate of a round trip, 500 ms.
    public static let t1 = Interval.milliseconds(500)
    /// RFC 3261 §17.1.1.2: how long an INVITE may go without any response.
    public static let timerB = Interval(nanoseconds: t1.nanoseconds * 64)
    /// RFC 3261 §17.1.2.2: how long any other request may go without a final response.
    public static let timerF = timerB
    /// RFC 3261 §17.2.1: how long the ACK to a final response other than 2xx is awaited.
    public static let timerH = timerB
    /// RFC 6026 §8.5: how long a server transaction stays after its first 2xx.
    public static let timerL = timerB
    /// RFC 6026 §8.4: how long a client transaction stays after its first 2xx.
    public static let timerM = timerB
    /// RFC 3261 §9.1: how long an INVITE may go without a final response after its CANCEL.
    public static let cancelWait = timerB
}

/// How much a transaction table may hold.
public struct TransactionLimits: Hashable, Sendable {
    /// Client transactions at one time; above it `startInvite` and `startNonInvite` return nil. At most 2^24 - 1.
    public var clientTransactionsMax = 65_536
    /// Server transactions at one time; above it a request is `RequestVerdict.full`. At most 2^24 - 1.
    public var serverTransactionsMax = 65_536

    /// The defaults: enough for 2,000 new transactions a second that all wait for their timers.
    public init() {}
}
