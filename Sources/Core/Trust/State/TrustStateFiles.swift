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
    private static let timestampFile = "timestamp.json"
    private static let rememberedFile = "revoked.json"

    /// What somebody needs who has the epoch `reader`: the objects that came in later, and the newest timestamp.
    /// With epoch 0 everything, all roots included.
    public func bundle(since reader: TrustEpoch) -> TrustBundle {
        func isNew(_ epoch: TrustEpoch?) -> Bool { reader.number == 0 || (epoch ?? TrustEpoch(.max)) > reader }
        return TrustBundle(
            roots: roots.filter { isNew(introduced.roots[$0.content.header.version]) }.map(\.envelope),
            topology: isNew(introduced.topology) ? verifiedTopology?.envelope : nil,
            crls: revocation.issuers.filter { isNew(introduced.crls[$0]) }.compactMap { revocation[$0]?.list?.der },
            snapshot: epoch > reader ? verifiedSnapshot?.envelope : nil,
            timestamp: verifiedTimestamp?.envelope)
    }

    /// Everything, as files: `N.root.json`, `N.topology.json`, `N.snapshot.json`, `timestamp.json`, `KEY.crl`, and
    /// `revoked.json` with the revocations that no current CRL names. `load` reads them.
    public var files: [TrustFile] {
        var files = roots.map { TrustFile(name: "\($0.content.header.version).root.json", bytes: $0.envelope.bytes) }
        if let object = verifiedTopology {
            files.append(
                TrustFile(name: "\(object.content.header.version).topology.json", bytes: object.envelope.bytes))
        }
        if let object = verifiedSnapshot {
            files.append(
                TrustFile(name: "\(object.content.header.version).snapshot.json", bytes: object.envelope.bytes))
        }
        if let object = verifiedTimestamp {
            files.append(TrustFile(name: Self.timestampFile, bytes: object.envelope.bytes))
        }
        for issuer in revocation.issuers {
            if let list = revocation[issuer]?.list {
                files.append(TrustFile(name: issuer.hex + ".crl", bytes: list.der))
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
    /// an object the highest counts; names that are not ours are passed over.
    /// - Parameter expectedRootHash: the hash of the first root; nil trusts the folder that the files come from.
    /// - Parameter now: taken as the time at which the timestamp was received.
    public static func load(
        files: [TrustFile], expectedRootHash: [UInt8]? = nil, now: WallTime
    ) throws(TrustStateError) -> TrustState {
        let roots = numbered(files, ".root.json")
        guard let first = roots.first else { throw TrustStateError(.root, .missing) }
        let start = try initial(root: first.bytes, expectedHash: expectedRootHash)
        var bundle = TrustBundle()
        for file in roots.dropFirst() { bundle.roots.append(try envelope(file, .root)) }
        if let file = numbered(files, ".topology.json").last { bundle.topology = try envelope(file, .topology) }
        if let file = numbered(files, ".snapshot.json").last { bundle.snapshot = try envelope(file, .snapshot) }
        if let file = files.first(where: { $0.name == timestampFile }) {
            bundle.timestamp = try envelope(file, .timestamp)
        }
        bundle.crls = files.filter { $0.name.hasSuffix(".crl") }.map(\.bytes)
        // A folder with nothing but roots is that of a server that has not heard of its network yet.
        let isBare = bundle.topology == nil && bundle.snapshot == nil && bundle.timestamp == nil
        let state = isBare && bundle.roots.isEmpty ? start : try start.applying(bundle, now: now)
        guard let file = files.first(where: { $0.name == rememberedFile }) else { return state }
        return state.remembering(try readRemembered(file))
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
