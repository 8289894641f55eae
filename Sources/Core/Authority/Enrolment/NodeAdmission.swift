public import Basis
public import Trust

/// What a new server takes home: the network's root, the current trust objects and its certificates. Travels as a file
/// (`entente node admit`, `node accept`) and holds nothing secret.
public struct NodeAdmission: Sendable, Hashable {
    static let fileType = "node-admission"
    static let fileVersion: Int64 = 1

    /// The server's FQDN.
    public let name: String
    /// The FQDN of a server with the role authority.
    public let authority: String
    /// The hash of `root`: what is compared by another way before anything else is believed.
    public let rootHash: [UInt8]
    /// The root object, an envelope in JSON.
    public let root: SignedEnvelope
    /// The current trust objects.
    public let bundle: TrustBundle
    /// Chains for the server's keys, leaf first, in DER.
    public let chains: [[[UInt8]]]

    /// An admission with these parts.
    public init(
        name: String, authority: String, root: SignedEnvelope, bundle: TrustBundle, chains: [[[UInt8]]]
    ) {
        self.name = name
        self.authority = authority
        self.rootHash = root.hash
        self.root = root
        self.bundle = bundle
        self.chains = chains
    }

    /// Reads a file.
    /// - Throws: `fileUnreadable`; `rootMismatch` when the file's hash is not that of the root inside.
    public init(parsing bytes: [UInt8]) throws(AuthorityError) {
        let form = try FileForm(
            parsing: bytes, type: Self.fileType, versions: Self.fileVersion...Self.fileVersion,
            known: ["name", "authority", "rootHash", "root", "bundle", "chains"], limits: .bundle)
        let root: SignedEnvelope
        do {
            root = try SignedEnvelope(json: try form.value("root"))
        } catch let error as DocumentError {
            throw form.fault("root", error.description)
        } catch {
            throw form.fault("root")
        }
        self.init(
            name: try form.host("name"), authority: try form.host("authority"), root: root,
            bundle: try form.bundle("bundle"), chains: try form.chains("chains"))
        let stated = try form.string("rootHash")
        guard stated == Hex.encode(rootHash) else {
            throw .rootMismatch(expected: stated, seen: Hex.encode(rootHash))
        }
    }

    /// The file.
    public var bytes: [UInt8] {
        FileForm.json(
            type: Self.fileType, version: Self.fileVersion,
            [
                "name": .string(name), "authority": .string(authority), "rootHash": .string(Hex.encode(rootHash)),
                "root": root.json, "bundle": bundle.json, "chains": FileForm.chains(chains),
            ]
        ).canonicalBytes
    }

    /// The trust state that the server begins with, verified from the confirmed root hash up.
    /// - Parameters:
    ///   - name: The FQDN of this machine.
    ///   - key: The pin of the key that this machine made.
    ///   - confirmedRootHash: The hash that a person compared, or that an invitation carried.
    /// - Throws: `rootMismatch`, `admissionMismatch`, `objectRefused`.
    public func accept(
        name: String, key: KeyPin, confirmedRootHash: [UInt8], now: WallTime
    ) throws(AuthorityError) -> TrustState {
        guard confirmedRootHash == rootHash else {
            throw .rootMismatch(expected: Hex.encode(confirmedRootHash), seen: Hex.encode(rootHash))
        }
        guard name.lowercased() == self.name else { throw .admissionMismatch(expected: name, seen: self.name) }
        guard let leaf = chains.first?.first, let facts = try? CertificateFacts(der: leaf), facts.keyPin == key else {
            throw .admissionMismatch(expected: "a certificate for \(key)", seen: "one for another key, or none")
        }
        let state: TrustState
        do {
            state = try TrustState.initial(root: root.bytes, expectedHash: confirmedRootHash).applying(bundle, now: now)
        } catch {
            throw .objectRefused(what: "the trust state", reason: error.description)
        }
        guard state.topology?.server(named: self.name)?.keys.contains(key) == true else {
            throw .admissionMismatch(expected: "\(name) with \(key) in the topology", seen: "a topology without it")
        }
        return state
    }
}
