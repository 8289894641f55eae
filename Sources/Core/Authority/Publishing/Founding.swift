public import Basis
public import Trust

/// The beginning of a network: root, issuing CA, the first topology with its first server, all objects signed.
public struct Founding: Sendable {
    /// The keys that a network begins with. Root and publisher leave the machine afterwards.
    public struct Keys: Sendable {
        /// Of the CA's root certificate. Offline.
        public var certificateRoot: CertificateKey
        /// Of the issuing CA. Online.
        public var issuing: CertificateKey
        /// Signs `root`. Offline.
        public var root: SigningKey
        /// Signs topologies. Offline.
        public var publisher: SigningKey
        /// Signs snapshots and timestamps. Online.
        public var snapshot: SigningKey

        /// Keys that exist.
        public init(
            certificateRoot: CertificateKey, issuing: CertificateKey, root: SigningKey, publisher: SigningKey,
            snapshot: SigningKey
        ) {
            self.certificateRoot = certificateRoot
            self.issuing = issuing
            self.root = root
            self.publisher = publisher
            self.snapshot = snapshot
        }

        /// Fresh keys from the system's generator: P-256 for certificates, Ed25519 for objects.
        public static func generate() throws(AuthorityError) -> Keys {
            Keys(
                certificateRoot: .generate(.p256), issuing: .generate(.p256),
                root: try CertificateKey.generate(.ed25519).signer(),
                publisher: try CertificateKey.generate(.ed25519).signer(),
                snapshot: try CertificateKey.generate(.ed25519).signer())
        }

        /// The Ed25519 keys that `chance` leads to: for simulations.
        public static func deterministic(from chance: inout Chance) throws(AuthorityError) -> Keys {
            Keys(
                certificateRoot: try .deterministic(from: &chance), issuing: try .deterministic(from: &chance),
                root: try CertificateKey.deterministic(from: &chance).signer(),
                publisher: try CertificateKey.deterministic(from: &chance).signer(),
                snapshot: try CertificateKey.deterministic(from: &chance).signer())
        }
    }

    /// A server that is there from the start, with the public key that its machine made.
    public struct FirstServer: Sendable {
        /// Its FQDN.
        public var name: String
        /// The SubjectPublicKeyInfo of its current key, DER.
        public var subjectPublicKeyInfo: [UInt8]

        /// A server with its key. The topology pins that key.
        public init(name: String, subjectPublicKeyInfo: [UInt8]) {
            self.name = name
            self.subjectPublicKeyInfo = subjectPublicKeyInfo
        }
    }

    /// The authority, ready to publish.
    public var publisher: Publisher
    /// The root object: its hash is what new servers are told.
    public let root: SignedEnvelope
    /// What was issued: root, issuing CA, and the servers' certificates.
    public let records: [CertificateRecord]

    /// Founds a network. Everything is in the ledger when this returns.
    /// - Parameters:
    ///   - topology: The first document; it names the servers and pins their keys.
    ///   - domains: What the issuing CA is confined to; by default the network's domain and the SIP domains.
    ///   - servers: The servers whose keys are known already; each gets its certificate.
    public static func found(
        topology: Topology, domains: [String]? = nil, servers: [FirstServer], keys: Keys, now: WallTime,
        chance: Chance, ledger: any Ledger
    ) throws(AuthorityError) -> Founding {
        var chance = chance.derived(for: "founding")
        let made = try CertificateAuthority.create(
            network: topology.network, domains: domains ?? Self.domains(of: topology), rootKey: keys.certificateRoot,
            issuingKey: keys.issuing, now: now, chance: &chance)
        let root = try TopologySigning.envelope(
            Self.rootObject(topology: topology, authority: made.authority, keys: keys, now: now).json, with: [keys.root]
        )
        let first = try TopologySigning.sign(topology, version: 1, previous: nil, with: [keys.publisher], now: now)
        let state: TrustState
        do {
            state = try TrustState.initial(root: root.bytes, expectedHash: root.hash)
        } catch {
            throw .objectRefused(what: "the new root", reason: error.description)
        }
        do {
            try ledger.commit(made.records.map(LedgerEntry.certificate))
        } catch {
            throw .ledger(error)
        }
        var publisher = try Publisher(
            state: state, authority: made.authority, snapshotKey: keys.snapshot, chance: chance, ledger: ledger)
        let keysByServer = Dictionary(servers.map { ($0.name, $0.subjectPublicKeyInfo) }) { first, _ in first }
        let publication = try publisher.publish(first, enrolling: keysByServer, now: now, ledger: ledger)
        return Founding(publisher: publisher, root: root, records: made.records + publication.issued)
    }

    /// The domains that our servers' names lie in: the network's own and the SIP domains, those below another left out.
    public static func domains(of topology: Topology) -> [String] {
        let all = [topology.network] + topology.sipDomains
        var result: [String] = []
        for domain in all where !result.contains(domain) {
            if !all.contains(where: { domain.hasSuffix("." + $0) }) { result.append(domain) }
        }
        return result
    }

    private static func rootObject(
        topology: Topology, authority: CertificateAuthority, keys: Keys, now: WallTime
    ) -> RootObject {
        let online = SignerRole(keys: [keys.snapshot.publicKey], threshold: 1)
        return RootObject(
            header: ObjectHeader(version: 1, issued: now, expires: now + AuthorityTimes.root),
            network: topology.network, root: SignerRole(keys: [keys.root.publicKey], threshold: 1),
            publisher: SignerRole(keys: [keys.publisher.publicKey], threshold: 1), snapshot: online, timestamp: online,
            rootCertificates: [authority.rootCertificate], issuingCertificates: [authority.issuingCertificate])
    }
}
