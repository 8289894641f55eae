public import Authority
public import Basis
public import Server
public import Shards
public import Trust

/// The trust state of this process, its own certificate and the users it may authenticate: what came over the trust
/// channel, verified, on disk, and handed to every shard.
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
    private var mailboxes: [Mailbox] = []
    private var onEpoch: @Sendable () -> Void = {}
    private var onChain: @Sendable ([[UInt8]]) -> Void = { _ in }
    private var keepDirectory: @Sendable (DirectoryChanges) throws -> Void = { _ in }

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
        directory = UserDirectory()
        pinnedKeys.replace(by: state.topology)
    }

    /// The state that a folder holds, verified; `TrustStateError` when it does not prove itself.
    public static func load(_ folder: DataFolder, now: WallTime) throws -> TrustState {
        var files: [TrustFile] = []
        for name in DataFolder.names(in: folder.trust) where !name.hasSuffix(".new") {
            if let bytes = try DataFolder.read(folder.trust + "/" + name) {
                files.append(TrustFile(name: name, bytes: bytes))
            }
        }
        return try TrustState.load(files: files, now: now)
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
            context: TrustContext(state: state, now: now, ownServer: ownServer), directory: directory)
    }

    /// Gives the directory that the store held, and says how changes of it are kept: on a server that holds a copy, so that
    /// its users sign in after a restart while the authority is away. The authority writes its own table before it tells.
    public func load(
        _ directory: UserDirectory, keep: @escaping @Sendable (DirectoryChanges) throws -> Void = { _ in }
    ) {
        self.directory = directory
        keepDirectory = keep
    }

    /// Verifies a delivery, stores it, and tells every shard. Returns false when it held nothing new.
    @discardableResult
    public func apply(_ delivery: NodeDelivery, at now: WallTime) throws -> Bool {
        let new = try state.applying(delivery.bundle, now: now)
        var ended: [String] = []
        var directory = self.directory
        if let changes = delivery.directory, changes.to > directory.sequence {
            ended = try directory.apply(changes)
            try keepDirectory(changes)
        }
        if let told = delivery.userEnded { ended += told.addresses }
        let endsEverybody = delivery.userEnded?.everybody ?? false
        let newChain = delivery.chains.first { chain in
            chain.first.flatMap { try? CertificateFacts(der: $0) }?.keyPin == ownKey
        }
        let isNewEpoch = new.epoch > state.epoch
        let isNewDirectory = directory.sequence != self.directory.sequence
        if new.files != state.files { try store(new) }
        state = new
        self.directory = directory
        if let told = delivery.userEnded { endedSequence = told.to }
        if let newChain, newChain != chain {
            try DataFolder.write(
                NodeDelivery(bundle: TrustBundle(), chains: [newChain]).bytes,
                to: folder.keys + "/server.chain.json", mode: 0o600)
            chain = newChain
            onChain(newChain)
        }
        guard isNewEpoch || isNewDirectory || endsEverybody || !ended.isEmpty else { return false }
        let update = TrustUpdate(
            context: TrustContext(state: state, now: now, ownServer: ownServer), directory: directory,
            endedUsers: ended, endsEverybody: endsEverybody)
        for mailbox in mailboxes { mailbox.post(.trustChanged(update)) }
        if isNewEpoch { onEpoch() }
        return true
    }

    /// The directory sequence up to which the flows of ended users were closed here; nil on a server that has the directory
    /// and sees for itself.
    public var userEnded: UInt64? {
        let roles = state.topology?.roles(of: ownServer) ?? []
        return roles.contains(.frontEnd) || roles.contains(.director) ? nil : endedSequence
    }

    /// A shard has judged all of its links by this epoch.
    public func swept(_ epoch: TrustEpoch, by shard: ShardID, closed: Int) {
        let before = sweeps[shard]?.closed ?? 0
        sweeps[shard] = (epoch, before + UInt64(closed))
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

    private func store(_ state: TrustState) throws(DataFolder.Failure) {
        try Self.store(state, in: folder)
    }

    /// Writes the state's files. The newest versions stay beside older ones; of several the highest counts on loading.
    public static func store(_ state: TrustState, in folder: DataFolder) throws(DataFolder.Failure) {
        for file in state.files {
            let path = folder.trust + "/" + file.name
            if try DataFolder.read(path) != file.bytes { try DataFolder.write(file.bytes, to: path) }
        }
    }
}
