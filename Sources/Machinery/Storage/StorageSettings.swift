/// When a commit counts as done.
public enum Synchronous: String, Hashable, Sendable, CaseIterable {
    /// After the write to the operating system: survives `kill -9` of the process, not a power cut.
    case normal
    /// After the disk has confirmed it: survives a power cut.
    case full
}

/// How a store behaves, and the limits of what it holds. The defaults are meant for production.
public struct StorageSettings: Hashable, Sendable {
    /// When a commit of the journal counts as done. What is not per message is always written with `full`.
    public var synchronous = Synchronous.normal
    /// The largest size of the database file in bytes; reaching it is answered like a full disk.
    public var fileBytesMax = 64 << 30
    /// How long to wait for another process that writes, in milliseconds.
    public var busyMillisecondsMax = 5_000
    /// The most journal rows in one commit: bounds the delay of those that come behind.
    public var rowsPerCommitMax = 512
    /// The most journal records that may wait for their commit. Above it a record fails at once.
    public var queuedRecordsMax = 65_536
    /// The most bytes of journal records that may wait for their commit.
    public var queuedBytesMax = 64 << 20
    /// The largest key and value of a journal record together, in bytes.
    public var recordBytesMax = 256 << 10
    /// From this many rows on, the journal is folded into the table of bindings when no record waits.
    public var foldStartRows = 32_768
    /// From this many rows on, it is folded although records wait: one step behind each commit.
    public var foldForcedRows = 131_072
    /// The most rows that one step folds; larger than a commit, so that forced steps gain on it.
    public var foldStepRows = 1_024
    /// From this many pages (4 KiB) of write-ahead log on, they are moved into the file.
    public var checkpointPages = 4_096

    /// The defaults.
    public init() {}
}

/// The limits of the tables that are not per message.
public enum StorageLimits {
    /// How many refusals are kept.
    public static let refusalsMax = 1_000
    /// How many of them may be of one peer and code, so that one peer cannot push out all others.
    public static let refusalsPerPeerAndCodeMax = 20
    /// The largest encoded evidence or trace of one link, in bytes.
    public static let verdictBytesMax = 512 << 10
    /// The longest name of a peer in a row, in bytes.
    public static let nameBytesMax = 1_024
    /// The longest text of an audit entry, in bytes.
    public static let auditTextBytesMax = 64 << 10
    /// How many rows one transaction of an import writes.
    public static let importRowsPerCommit = 500
    /// The largest file of users to import, in bytes.
    public static let importBytesMax = 256 << 20
    /// How many entries of the link recorder may wait; above it entries are dropped and counted.
    public static let recorderEntriesMax = 8_192
    /// How many entries the link recorder writes in one transaction.
    public static let recorderEntriesPerCommit = 256
    /// How long the link recorder waits for more before it writes, in milliseconds.
    public static let recorderPauseMilliseconds = 200
}
