public import Authority
public import Basis
public import Server
public import Shards
public import Trust

/// The trust state of this process, its own certificate and the users it may authenticate: what came over the trust
/// channel, verified, handed to every shard, and on disk.
///
/// In this order: a disk that is full must not keep a revoked peer alive. Who has to know whether it is stored looks at
/// `unstored`; after a crash a server that had not stored it is given it again.
///
/// The only way from a delivery to a shard. Control path: an actor, never asked by a message.
public actor TrustReplica {
    /// The state as last verified.
    public private(set) var state: TrustState {
        didSet { pinnedKeys.replace(by: state.topology) }
    }
    /// Whose keys the state pins.
    nonisolated let pinnedKeys = PinnedKeys()
    /// The users; empty on servers that authenticate nobody.
    public private(set) var directory: UserDirectory
    /// The directory sequence up to which the flows of ended users were closed here, as it was told.
    private var endedSequence: UInt64 = 0
    /// The chain for the key in use, leaf first.
    public private(set) var chain: [[UInt8]]
    /// Which shards have swept which epoch, and how many links that closed.
    private var sweeps: [ShardID: (epoch: TrustEpoch, closed: UInt64)] = [:]
    private var waiting: [(epoch: TrustEpoch, continuation: CheckedContinuation<UInt64, Never>)] = []

    private let folder: DataFolder
    private let ownServer: String
    private let ownKey: KeyPin
    /// What the shards have read of their peers' certificates, from one epoch to the next.
    private let chains = ChainMemory()
    private var mailboxes: [Mailbox] = []
    private var onEpoch: @Sendable () -> Void = {}
    private var onChain: @Sendable ([[UInt8]]) -> Void = { _ in }
    private var keepDirectory: @Sendable (DirectoryChanges) throws -> Void = { _ in }
    /// What to do when something could not be stored.
    static let storeNext = "make room on the disk of the data folder: it is tried again every few seconds"
    /// Why what is in force is not on the disk; nil when it is.
    public private(set) var unstored: String?
    private var isStateStored: Bool
    private var storedChain: [[UInt8]]
    private var storedSequence: UInt64 = 0

    /// Why a delivery was not taken.
    public struct Failure: Error, CustomStringConvertible {
        /// What was wrong, for the operator.
        public let description: String
    }

    /// Loads the folder's state through the same verification as a delivery.
    public init(folder: DataFolder, ownServer: String, ownKey: KeyPin, now: WallTime) throws {
        self.folder = folder
        self.ownServer = ownServer
        self.ownKey = ownKey
        state = try Self.load(folder, now: now)
        chain = try Self.chain(in: folder)
        storedChain = chain
        isStateStored = !TrustFolder(path: folder.trust).isPending
        directory = UserDirectory()
        pinnedKeys.replace(by: state.topology)
    }

    /// The state that a folder holds, verified; `TrustStateError` when it does not prove itself.
    public static func load(_ folder: DataFolder, now: WallTime) throws -> TrustState {
        try TrustFolder(path: folder.trust).load(now: now)
    }

    /// The chain for the key in use, leaf first; empty before the first one came.
    public static func chain(in folder: DataFolder) throws -> [[UInt8]] {
        guard let bytes = try DataFolder.read(folder.keys + "/server.chain.json") else { return [] }
        return try NodeDelivery(parsing: bytes).chains.first ?? []
    }

    /// Names who is told of changes: the shards, and the transport when a new epoch ends what TLS remembers of the one
    /// before, and when the own certificate was renewed.
    public func connect(
        _ mailboxes: [Mailbox], onEpoch: @escaping @Sendable () -> Void,
        onChain: @escaping @Sendable ([[UInt8]]) -> Void
    ) {
        self.mailboxes = mailboxes
        self.onEpoch = onEpoch
        self.onChain = onChain
    }

    /// What a new shard starts with.
    public func update(at now: WallTime) -> TrustUpdate {
        TrustUpdate(
            context: TrustContext(state: state, now: now, ownServer: ownServer, chains: chains), directory: directory)
    }

    /// Gives the directory that the store held, and says how changes of it are kept: on a server that holds a copy, so that
    /// its users sign in after a restart while the authority is away. The authority writes its own table before it tells.
    public func load(
        _ directory: UserDirectory, keep: @escaping @Sendable (DirectoryChanges) throws -> Void = { _ in }
    ) {
        self.directory = directory
        storedSequence = directory.sequence
        keepDirectory = keep
    }

    /// Verifies a delivery, tells every shard, and stores it; see `unstored`. Returns false when it held nothing new.
    /// - Throws: When something in it did not prove itself, or did not follow. The trust objects count all the same when
    ///   it is the directory that did not.
    @discardableResult
    public func apply(_ delivery: NodeDelivery, at now: WallTime) throws -> Bool {
        let new = try state.applying(delivery.bundle, now: now)
        var ended: [String] = []
        var directory = self.directory
        var fault: DirectoryError?
        if let changes = delivery.directory, changes.to > directory.sequence {
            do throws(DirectoryError) { ended = try directory.apply(changes) } catch { fault = error }
        }
        if let told = delivery.userEnded { ended += told.addresses }
        let endsEverybody = delivery.userEnded?.everybody ?? false
        let newChain = delivery.chains.first { chain in
            chain.first.flatMap { try? CertificateFacts(der: $0) }?.keyPin == ownKey
        }
        let isNewEpoch = new.epoch > state.epoch
        // A timestamp alone is not told to the shards, unless it changes what they think of the clock.
        let offsetMax = TrustPolicy.standard.clockOffsetMax
        let isNewDoubt = new.isClockDoubtful(now, by: offsetMax) != state.isClockDoubtful(now, by: offsetMax)
        let isNewDirectory = directory.sequence != self.directory.sequence
        if new.files != state.files { isStateStored = false }
        state = new
        self.directory = directory
        if let told = delivery.userEnded { endedSequence = told.to }
        let isNews = isNewEpoch || isNewDoubt || isNewDirectory || endsEverybody || !ended.isEmpty
        if isNews {
            let update = TrustUpdate(
                context: TrustContext(state: state, now: now, ownServer: ownServer, chains: chains),
                directory: directory,
                endedUsers: ended, endsEverybody: endsEverybody)
            for mailbox in mailboxes { mailbox.post(.trustChanged(update)) }
            if isNewEpoch { onEpoch() }
        }
        if let newChain, newChain != chain {
            chain = newChain
            onChain(newChain)
        }
        store()
        if let fault { throw fault }
        return isNews
    }

    /// Stores what is in force, where it is not on the disk yet.
    public func store() {
        do {
            if !isStateStored {
                try TrustFolder(path: folder.trust).store(state)
                isStateStored = true
            }
            if chain != storedChain {
                try DataFolder.write(
                    NodeDelivery(bundle: TrustBundle(), chains: [chain]).bytes,
                    to: folder.keys + "/server.chain.json", mode: 0o600)
                storedChain = chain
            }
            if directory.sequence != storedSequence {
                try keepDirectory(directory.changes(since: storedSequence))
                storedSequence = directory.sequence
            }
            unstored = nil
        } catch {
            unstored = "\(error)"
        }
    }

    /// The directory sequence up to which the flows of ended users were closed here; nil on a server that has the directory
    /// and sees for itself.
    public var userEnded: UInt64? {
        state.topology?.roles(of: ownServer).authenticatesUsers == true ? nil : endedSequence
    }

    /// A shard has judged all of its links by this epoch. Two of its reports may come in either order: the later epoch stays.
    public func swept(_ epoch: TrustEpoch, by shard: ShardID, closed: Int) {
        let before = sweeps[shard] ?? (TrustEpoch(0), 0)
        sweeps[shard] = (max(epoch, before.epoch), before.closed + UInt64(closed))
        let done = sweptEpoch
        for entry in waiting where entry.epoch <= done { entry.continuation.resume(returning: linksClosed) }
        waiting.removeAll { $0.epoch <= done }
    }

    /// The epoch that every shard has swept.
    public var sweptEpoch: TrustEpoch {
        guard sweeps.count == mailboxes.count else { return TrustEpoch(0) }
        return sweeps.values.map(\.epoch).min() ?? TrustEpoch(0)
    }

    /// The links that sweeps have closed since the start.
    public var linksClosed: UInt64 { sweeps.values.reduce(0) { $0 + $1.closed } }

    /// Waits until every shard has swept `epoch`; returns `linksClosed` at that moment.
    public func waitUntilSwept(_ epoch: TrustEpoch) async -> UInt64 {
        guard sweptEpoch < epoch else { return linksClosed }
        return await withCheckedContinuation { waiting.append((epoch, $0)) }
    }
}
