public import Basis

/// One file of the folder `trust/`.
public struct TrustFile: Sendable, Hashable {
    /// Its name, without a folder.
    public let name: String
    /// What is in it.
    public let bytes: [UInt8]

    /// A file.
    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

extension TrustState {
    private static let topologySuffix = ".topology.json"
    private static let snapshotSuffix = ".snapshot.json"
    private static let timestampFile = "timestamp.json"
    private static let rememberedFile = "revoked.json"
    private static let listSuffix = ".crl"

    /// What somebody needs who has the epoch `reader`: the objects that came in later, and the newest timestamp.
    /// With epoch 0 everything, all roots included.
    public func bundle(since reader: TrustEpoch) -> TrustBundle {
        func isNew(_ epoch: TrustEpoch?) -> Bool { reader.number == 0 || (epoch ?? TrustEpoch(.max)) > reader }
        // A list that the snapshot does not name, or whose issuer has left, would be refused.
        let current = Set(issuers.map(\.keyPin)).filter { snapshot?.crls[$0] != nil }
        return TrustBundle(
            roots: roots.filter { isNew(introduced.roots[$0.content.header.version]) }.map(\.envelope),
            topology: isNew(introduced.topology) ? verifiedTopology?.envelope : nil,
            crls: revocation.issuers.filter { current.contains($0) && isNew(introduced.crls[$0]) }
                .compactMap { revocation[$0]?.list?.der },
            snapshot: epoch > reader ? verifiedSnapshot?.envelope : nil,
            timestamp: verifiedTimestamp?.envelope)
    }

    /// Everything, as files: `N.root.json`, `N.topology.json`, `N.snapshot.json`, `timestamp.json`, `KEY.crl`, and
    /// `revoked.json` with the revocations that no current CRL names. `load` reads them.
    public var files: [TrustFile] {
        var files = roots.map { TrustFile(name: "\($0.content.header.version).root.json", bytes: $0.envelope.bytes) }
        if let object = verifiedTopology {
            files.append(
                TrustFile(name: "\(object.content.header.version)" + Self.topologySuffix, bytes: object.envelope.bytes))
        }
        if let object = verifiedSnapshot {
            files.append(
                TrustFile(name: "\(object.content.header.version)" + Self.snapshotSuffix, bytes: object.envelope.bytes))
        }
        if let object = verifiedTimestamp {
            files.append(TrustFile(name: Self.timestampFile, bytes: object.envelope.bytes))
        }
        for issuer in revocation.issuers {
            if let list = revocation[issuer]?.list {
                files.append(TrustFile(name: issuer.hex + Self.listSuffix, bytes: list.der))
            }
        }
        let remembered = revocation.issuers.map { issuer in
            (
                issuer.description,
                JSONValue.stringsIfAny((revocation[issuer]?.remembered ?? []).map(Hex.encode).sorted())
            )
        }
        files.append(TrustFile(name: Self.rememberedFile, bytes: JSONValue.members(remembered).canonicalBytes))
        return files
    }

    /// The state that `files` hold, through the same verification as a bundle from the network. Of several versions of
    /// an object the highest counts; names that are not ours are passed over. Of a list whose issuer has left the root, the
    /// topology or the snapshot, the revocations are remembered: they are never forgotten, and the list is no reason to stop.
    /// - Parameter expectedRootHash: the hash of the first root; nil trusts the folder that the files come from.
    /// - Parameter now: the time of loading. When the timestamp came is not known any more.
    public static func load(
        files: [TrustFile], expectedRootHash: [UInt8]? = nil, now: WallTime
    ) throws(TrustStateError) -> TrustState {
        let roots = numbered(files, ".root.json")
        guard let first = roots.first else { throw TrustStateError(.root, .missing) }
        let start = try initial(root: first.bytes, expectedHash: expectedRootHash)
        var bundle = TrustBundle()
        for file in roots.dropFirst() { bundle.roots.append(try envelope(file, .root)) }
        if let file = numbered(files, topologySuffix).last { bundle.topology = try envelope(file, .topology) }
        if let file = numbered(files, snapshotSuffix).last { bundle.snapshot = try envelope(file, .snapshot) }
        if let file = files.first(where: { $0.name == timestampFile }) {
            bundle.timestamp = try envelope(file, .timestamp)
        }
        let issuers = Set(try start.issuers(after: bundle).map(\.keyPin))
        let named = bundle.snapshot.flatMap { try? SnapshotObject(json: $0.signed).crls } ?? [:]
        var remembered: [KeyPin: Set<[UInt8]>] = [:]
        for file in files where file.name.hasSuffix(listSuffix) {
            if let issuer = KeyPin("sha256:" + file.name.dropLast(listSuffix.count)),
                !issuers.contains(issuer) || named[issuer] == nil
            {
                remembered[issuer] = try serials(file)
            } else {
                bundle.crls.append(file.bytes)
            }
        }
        // A folder with nothing but roots is that of a server that has not heard of its network yet.
        let isBare = bundle.topology == nil && bundle.snapshot == nil && bundle.timestamp == nil
        let state = isBare && bundle.roots.isEmpty ? start : try start.applying(bundle, now: now)
        if let file = files.first(where: { $0.name == rememberedFile }) {
            remembered.merge(try readRemembered(file)) { $0.union($1) }
        }
        return state.remembering(remembered)
    }

    /// The names among `names` of older snapshots and topologies, which `load` passes over. There is a snapshot for each
    /// epoch, and an old one says nothing that the newest does not say; old topologies are what people published.
    public static func superseded(_ names: [String]) -> (snapshots: [String], topologies: [String]) {
        func older(_ suffix: String) -> [String] {
            let files = names.map { TrustFile(name: $0, bytes: []) }
            return numbered(files, suffix).dropLast().map(\.name)
        }
        return (older(snapshotSuffix), older(topologySuffix))
    }

    /// The files `N` + `suffix`, by rising N.
    private static func numbered(_ files: [TrustFile], _ suffix: String) -> [TrustFile] {
        files.compactMap { file -> (UInt64, TrustFile)? in
            guard file.name.hasSuffix(suffix), let number = UInt64(file.name.dropLast(suffix.count)) else { return nil }
            return (number, file)
        }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private static func envelope(_ file: TrustFile, _ kind: TrustObjectKind) throws(TrustStateError) -> SignedEnvelope {
        do {
            return try SignedEnvelope(parsing: file.bytes)
        } catch {
            throw TrustStateError(kind, .malformed("\(file.name): \(error)"))
        }
    }

    /// What a list that our own disk kept revokes. Like `revoked.json` it is not verified: it can only take trust away.
    private static func serials(_ file: TrustFile) throws(TrustStateError) -> Set<[UInt8]> {
        do {
            return Set(try RevocationList(der: file.bytes).entries.map(\.serial))
        } catch {
            throw TrustStateError(.revocationList, .malformed("\(file.name): \(error)"))
        }
    }

    private static func readRemembered(_ file: TrustFile) throws(TrustStateError) -> [KeyPin: Set<[UInt8]>] {
        var result: [KeyPin: Set<[UInt8]>] = [:]
        guard let value = try? JSONValue(parsing: file.bytes), let members = value.objectValue else {
            throw TrustStateError(.revocationList, .malformed(file.name))
        }
        for (name, list) in members {
            guard let issuer = KeyPin(name), let texts = list.arrayValue else {
                throw TrustStateError(.revocationList, .malformed(file.name))
            }
            result[issuer] = Set(texts.compactMap { $0.stringValue.flatMap { Hex.decode($0.utf8) } })
        }
        return result
    }
}
