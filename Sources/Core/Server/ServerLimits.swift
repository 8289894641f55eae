public import Basis

/// Every limit of a server that is not a limit of the grammar (`SIPLimits`), of transactions or of certificates.
public enum ServerLimits {
    /// Live links of one shard. The table of transports is as large.
    public static let linksPerShardMax = 131_072
    /// From the admission of a client to the end of its first message (E704). Keep-alives are none.
    public static let silentLifetime = Interval.seconds(10)
    /// From the last proof of a user on a client's connection to its end (E704): longer than a proof and the longest
    /// registration behind it last together, so that it meets nobody who is registered.
    public static let unrenewedLifetime = Interval.seconds(14_400)
    /// How often it is looked whether that time has passed: so much longer such a connection may live.
    public static let renewalCheckPeriod = Interval.seconds(600)
    /// From the admission of a client to its first proven user (E704). Keep-alives do not extend it.
    public static let unprovenLifetime = Interval.seconds(30)
    /// A connection whose reader stands still is closed after this time.
    public static let congestionLifetime = Interval.seconds(5)
    /// RFC 3261 §10.3: the lifetime of a binding when the client names none.
    public static let registrationDefaultSeconds: UInt32 = 3_600
    /// The longest lifetime of a binding that is granted.
    public static let registrationMaxSeconds: UInt32 = 7_200
    /// The shortest lifetime of a binding; below it 423 with Min-Expires.
    public static let registrationMinSeconds: UInt32 = 60
    /// Bindings of one address-of-record, and Contacts of one REGISTER.
    public static let contactsPerAddressMax = 10
    /// Bytes of one Contact URI that is stored, and of its instance.
    public static let contactBytesMax = 512
    /// RFC 3261 §16.6: timer C, longer than three minutes.
    public static let timerC = Interval.seconds(185)
    /// RFC 4320 §4.1: when a request that is no INVITE is answered 100, for want of anything else: after the time in which
    /// timer E grows to T2.
    public static let trying = Interval.milliseconds(3_500)
    /// RFC 5393 §5: the breadth that a request starts with here when it names none.
    public static let maxBreadth: UInt32 = 60
    /// RFC 3261 §16.6: Max-Forwards when the request has none.
    public static let maxForwards: UInt32 = 70
    /// What this server may add to the head of a request that it sends on: Via, Record-Route or Path, Route, identity.
    public static let addedHeadBytesMax = 2_048
    /// The lines of the same.
    public static let addedLinesMax = 12
    /// Server transactions of one client's connection that may run before a user is proven on it, and then.
    public static let transactionsUnprovenMax = 16
    /// See `transactionsUnprovenMax`.
    public static let transactionsOfClientMax = 256
    /// Broken messages of one connection that are logged; a client on which no user is proven is cut at the fourth part.
    public static let violationsLoggedMax: UInt8 = 16
    /// Requests that wait for one link to come up.
    public static let waitingForLinkMax = 1_024
    /// Back-off between attempts to open a link to another server: first, and longest.
    public static let redialFirst = Interval.milliseconds(200)
    /// The longest pause between two attempts, to which up to a half is added. Only a request makes an attempt, and those that
    /// come in the pause fail: a server that was long away must not wait long for the first one.
    public static let redialMax = Interval.seconds(4)
    /// How long a nonce is accepted after it was made; above it `stale=true`.
    public static let nonceLifetime = Interval.seconds(300)
    /// Wrong passwords for one account from one address before answers are held back there.
    public static let failuresBeforeBackOff = 5
    /// Wrong passwords from one address for any accounts, at most `failuresBeforeBackOff` of each counted.
    public static let failuresOfAddressBeforeBackOff = 50
    /// How long somebody with too many wrong passwords is answered 503, doubled at each further one.
    public static let backOffFirst = Interval.seconds(2)
    /// The longest such pause.
    public static let backOffMax = Interval.seconds(300)
    /// Pairs of account and address, and addresses, with failures that are remembered per shard.
    public static let failuresRememberedMax = 65_536
    /// RFC 5626 §4.4.1: what clients are told about keep-alives.
    public static let flowTimerSeconds: UInt32 = 120
    /// Requests of a client's connection on which a user is proven: a second, and at once after a rest.
    static let ofConnection = Allowance(rate: 200, burst: 600)
    /// The same before a user is proven: a challenge and its answer, of a few accounts.
    static let ofUnprovenConnection = Allowance(rate: 20, burst: 40)
    /// Requests of a proven user over all of his connections to one shard.
    static let ofIdentity = Allowance(rate: 200, burst: 600)
    /// Requests of a partner over all of its links to one shard: those of many users.
    static let ofPartner = Allowance(rate: 20_000, burst: 20_000)
    /// Places in each half of the table of buckets of users and partners; eight bytes each.
    public static let bucketPlacesMax = 16_384
    /// The longest time that a connection is not read because it asked for more than its allowance.
    public static let holdMax = Interval.seconds(1)
    /// From reading to answering: who waits as long sees that the server has more to do than it can.
    public static let waitMax = Interval.milliseconds(40)
    /// Below it the server has time again.
    public static let waitCalm = Interval.milliseconds(20)
    /// How soon after one doubling of the costs the next may follow.
    public static let cutStep = Interval.milliseconds(100)
    /// How long nothing waits too long before one doubling is taken back.
    public static let cutRecovery = Interval.milliseconds(500)
    /// How often the costs are doubled at most. A proven connection then still has three requests a second.
    public static let cutMax: UInt8 = 6
    /// From so many doublings on it is called an overload.
    public static let overloadCut: UInt8 = 2
    /// Retry-After of who asked for too much: at least this, in seconds, and up to twice as much, so that not all of them come
    /// back at once.
    public static let retryAfterSeconds: UInt64 = 2
}
