public import Authority
public import Basis
import Foundation
public import Storage
public import Trust

/// The authority of a process that has the role: the online keys, the ledger and the user table, one operation at a time.
/// Every operation returns after it is durable; who serves the trust channel is told through `changes`.
public actor AuthorityService {
    /// The publisher.
    private var publisher: Publisher
    /// The publisher as it was when its state was last on the disk: what is handed out, so that no server has an epoch that
    /// a crash could take from the authority.
    private var durable: Publisher
    /// The users as the store holds them.
    private var directory: UserDirectory
    /// Who ended lately, for the edges.
    private var endedUsers: EndedUsersMemory
    private let database: Database
    /// The ledger, for the commands that read it too.
    let ledger: AuthorityLedger
    private let replica: TrustReplica
    private let ownServer: String
    private let ownPool: String
    private var listeners: [UUID: CheckedContinuation<Void, Never>] = [:]
    /// Why what is in force here is not on the disk, as of the last change or `tick`; nil when it is.
    private(set) var unstored: String?
    /// What a person has to do, as of the last `tick`; most urgent first.
    public private(set) var needs: [AuthorityNeed] = []
    /// What each node acknowledged last.
    public private(set) var acknowledgements: [String: (acknowledgement: NodeAcknowledgement, at: WallTime)] = [:]

    /// Takes up the authority whose keys lie in `folder`. `replica` has been given the directory of `database`.
    public init(
        folder: DataFolder, database: Database, replica: TrustReplica, ownServer: String, chance: Chance
    ) async throws {
        self.database = database
        ledger = AuthorityLedger(database.ledger)
        directory = await replica.directory
        self.replica = replica
        self.ownServer = ownServer
        let state = await replica.state
        ownPool = state.topology?.pool(of: ownServer)?.name ?? ownServer
        publisher = try Publisher(
            state: state, authority: try Self.certificateAuthority(in: folder, state: state),
            snapshotKey: try NodeKeys.load(folder.keys + "/snapshot.pem").signer(), chance: chance,
            ledger: ledger)
        durable = publisher
        endedUsers = EndedUsersMemory(sequence: publisher.directorySequence)
    }

    private static func certificateAuthority(in folder: DataFolder, state: TrustState) throws -> CertificateAuthority {
        let key = try NodeKeys.load(folder.keys + "/issuing.pem")
        guard let root = state.root.rootCertificates.first,
            let issuing = state.root.issuingCertificates.first(where: {
                (try? CertificateFacts(der: $0))?.keyPin == key.pin
            })
        else {
            throw TrustReplica.Failure(
                description: "keys/issuing.pem is not the key of an issuing CA that `root` names")
        }
        return try CertificateAuthority(rootCertificate: root, issuingCertificate: issuing, issuingKey: key)
    }

    // MARK: Operations

    /// The current state as published.
    public var state: TrustState { publisher.state }

    /// Publishes a signed topology.
    public func publish(
        _ envelope: SignedEnvelope, enrolling: [String: [UInt8]], at now: WallTime
    ) async throws -> Publisher.Publication {
        let publication = try publisher.publish(envelope, enrolling: enrolling, now: now, ledger: ledger)
        try await spread(at: now)
        return publication
    }

    /// Revokes a certificate; nil when it was revoked before.
    public func revoke(
        _ serial: CertificateSerial, reason: RevocationReason, at now: WallTime
    ) async throws -> Publisher.Publication? {
        let publication = try publisher.revoke(serial, reason: reason, now: now, ledger: ledger)
        if publication != nil || ledger.isBehind { try await spread(at: now) }
        return publication
    }

    /// Issues for a server's pinned key.
    public func issue(
        server: String, subjectPublicKeyInfo: [UInt8], at now: WallTime
    ) async throws -> Publisher.Publication {
        let publication = try publisher.issue(
            server: server, subjectPublicKeyInfo: subjectPublicKeyInfo, now: now, ledger: ledger)
        try await spread(at: now)
        return publication
    }

    /// Issues a user certificate.
    public func issue(userAOR: String, subjectPublicKeyInfo: [UInt8], at now: WallTime) throws -> [[UInt8]] {
        let record = try publisher.issue(
            userAOR: userAOR, subjectPublicKeyInfo: subjectPublicKeyInfo, now: now, ledger: ledger)
        return publisher.authority.chain(for: record)
    }

    /// The chains for a server's pinned keys as last issued, leaf first.
    public func chains(of server: String, at now: WallTime) -> [[[UInt8]]] {
        publisher.chains(of: server, at: now)
    }

    /// What a server that joins by file takes home.
    public func admission(of server: String, at now: WallTime) throws -> NodeAdmission {
        try publisher.admission(of: server, now: now)
    }

    /// Does what is due, and stamps the snapshot. Called on start and every few seconds.
    public func tick(at now: WallTime) async throws -> [AuthorityNeed] {
        if durable.state.epoch < publisher.state.epoch { try await spread(at: now) }
        let renewal = try publisher.renew(now: now, ledger: ledger)
        needs = renewal.needs
        let stamp = try publisher.stamp(now: now)
        if renewal.publication != nil || stamp != nil { try await spread(at: now) }
        return renewal.needs
    }

    /// Tells the network that the user table changed.
    public func usersChanged(at now: WallTime) async throws {
        let new = try database.users.directory()
        let ended = try directory.apply(new.changes(since: 0))
        directory = new
        endedUsers.add(ended, at: new.sequence)
        _ = try publisher.publish(directorySequence: directory.sequence, now: now, ledger: ledger)
        try await spread(at: now)
    }

    /// The user table, for the commands that change it.
    public var users: UserTable { database.users }
    /// The pool that new users of this authority are homed in, unless a command says otherwise.
    public var homePool: String {
        let pools = publisher.state.topology?.pools(with: .frontEnd).map(\.name) ?? []
        return pools.contains(ownPool) ? ownPool : pools.first ?? ownPool
    }

    /// Brings what is published into force here, and hands it out once it is on the disk.
    private func spread(at now: WallTime) async throws {
        let changes = directory.changes(since: await replica.directory.sequence)
        let published = publisher
        // Not by `delivery`: what this process has to end must not depend on whether its own key is barred.
        try await replica.apply(
            NodeDelivery(
                bundle: published.state.bundle(since: TrustEpoch(0)), chains: published.chains(of: ownServer, at: now),
                directory: published.keepsUsers(ownServer) ? changes : nil), at: now)
        unstored = await whyUnstored()
        if let why = unstored {
            throw TrustReplica.Failure(
                description: "it is in force here and not stored, so the others do not get it yet: \(why); "
                    + TrustReplica.storeNext)
        }
        if published.state.epoch >= durable.state.epoch { durable = published }
        for listener in listeners.values { listener.resume() }
        listeners = [:]
    }

    private func whyUnstored() async -> String? {
        do throws(LedgerFailure) {
            try ledger.writeCarried()
        } catch {
            return error.reason
        }
        return await replica.unstored
    }

    // MARK: The trust channel

    /// What `node` gets, which has `epoch` and `sequence`. Held open until there is something new, or `isLast`.
    public func delivery(
        to node: String, have epoch: TrustEpoch, directorySequence sequence: UInt64, at now: WallTime
    ) -> NodeDelivery {
        durable.delivery(to: node, since: epoch, directory: directory.changes(since: sequence), now: now)
    }

    /// What an edge gets, which has `epoch` and told that it closed the flows of users who ended up to `sequence`; nil
    /// when it has not told anything yet.
    public func delivery(
        toEdge node: String, have epoch: TrustEpoch, userEnded sequence: UInt64?, at now: WallTime
    ) -> NodeDelivery {
        durable.delivery(
            to: node, since: epoch, directory: nil, userEnded: sequence.map { endedUsers.ended(since: $0) }, now: now)
    }

    /// Whether an edge that closed the flows of users who ended up to `sequence` has more to close.
    public func isNews(since epoch: TrustEpoch, userEnded sequence: UInt64?) -> Bool {
        durable.state.epoch > epoch || sequence.map { $0 != endedUsers.sequence } ?? false
    }

    /// Whether `epoch` and `sequence` are behind what is published.
    public func isNews(since epoch: TrustEpoch, directorySequence sequence: UInt64) -> Bool {
        durable.state.epoch > epoch || durable.directorySequence > sequence
    }

    // One turn of the actor looks and begins to wait: what is published in between would be missed for `seconds`.

    /// Returns when an edge that told this has more to close, or after `seconds`, or when its task is cancelled.
    public func waitForNews(since epoch: TrustEpoch, userEnded sequence: UInt64?, atMost seconds: Int64) async {
        if !isNews(since: epoch, userEnded: sequence) { await waitForChange(atMost: seconds) }
    }

    /// Returns when there is more for `node` than this, or after `seconds`, or when its task is cancelled.
    public func waitForNews(
        for node: String, since epoch: TrustEpoch, directorySequence sequence: UInt64, atMost seconds: Int64
    ) async {
        // Who is not sent the directory is always behind it.
        await waitForNews(
            since: epoch, directorySequence: durable.givesDirectory(to: node) ? sequence : .max, atMost: seconds)
    }

    /// Returns when more than this is published, or after `seconds`, or when its task is cancelled.
    public func waitForNews(
        since epoch: TrustEpoch, directorySequence sequence: UInt64, atMost seconds: Int64
    ) async {
        if !isNews(since: epoch, directorySequence: sequence) { await waitForChange(atMost: seconds) }
    }

    private func waitForChange(atMost seconds: Int64) async {
        let id = UUID()
        let alarm = Task {
            try? await Task.sleep(for: .seconds(seconds))
            self.wake(id)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled { continuation.resume() } else { listeners[id] = continuation }
            }
        } onCancel: {
            Task { await self.wake(id) }
        }
        alarm.cancel()
    }

    private func wake(_ id: UUID) {
        listeners.removeValue(forKey: id)?.resume()
    }

    /// Keeps what a node acknowledged. It speaks for itself alone: one that names another server is refused.
    public func acknowledge(
        _ acknowledgement: NodeAcknowledgement, from node: String, at now: WallTime
    ) throws(TrustReplica.Failure) {
        guard acknowledgement.node == node else {
            throw TrustReplica.Failure(description: "\(node) acknowledged for \(acknowledgement.node)")
        }
        acknowledgements[acknowledgement.node] = (acknowledgement, now)
    }
}
