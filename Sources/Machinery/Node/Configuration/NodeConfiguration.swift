public import Authority
public import Storage
public import Trust

/// `config.yaml`: what only this machine knows. Everything else is in the signed topology.
///
/// Parsed once and refused whole: an unknown key is an error with its line and the nearest key that exists.
public struct NodeConfiguration: Sendable {
    /// One listener for SIP.
    public struct Listener: Sendable {
        /// Which of the three kinds.
        public var kind: ListenerKind
        /// Where it listens; port 0 lets the system choose.
        public var address: NetworkAddress
    }

    /// Certificate and key files from elsewhere, for the listener that faces the outside.
    public struct ExternalCertificate: Sendable {
        /// PEM file of the chain, own certificate first.
        public var chain: String
        /// PEM file of the key.
        public var key: String
    }

    /// The FQDN of this server.
    public var server: String
    /// The roles that it runs; must be what the topology says.
    public var roles: Set<ServerRole>
    /// The SIP listeners.
    public var listeners: [Listener]
    /// Narrows the classes of every listener; empty leaves the kind's own.
    public var classes: Set<PeerClass> = []
    /// The trust channel.
    public var trust: NetworkAddress
    /// Metrics and health; loopback.
    public var metrics: NetworkAddress?
    /// Where the certificate of the external listener comes from, when not from our CA.
    public var externalCertificate: ExternalCertificate?
    /// The FQDN of the authority.
    public var authority: String
    /// What a commit survives.
    public var synchronous: Synchronous = .normal
    /// The least level that is logged.
    public var logLevel: LogLine.Level = .info

    /// Reads the text of a `config.yaml`.
    public static func parse(_ text: String) throws(SourceError) -> NodeConfiguration {
        var reader = SourceReader()
        guard let root = reader.compose(text) else { throw reader.failure }
        let fields = reader.fields(
            root, of: "config.yaml",
            known: ["server", "roles", "listen", "certificate", "authority", "storage", "synchronous", "log"],
            required: ["server", "roles", "listen", "authority"])
        let listen =
            fields["listen"].map {
                reader.fields(
                    $0, of: "listen", known: ["internal", "external", "combined", "classes", "trust", "metrics"],
                    required: ["trust"])
            } ?? [:]
        var listeners: [Listener] = []
        for kind in [ListenerKind.internal, .external, .combined] {
            guard let node = listen[kind.rawValue] else { continue }
            if let address = Self.address(node, "listen.\(kind.rawValue)", &reader) {
                listeners.append(Listener(kind: kind, address: address))
            }
        }
        if let node = fields["listen"], listeners.isEmpty {
            reader.report(node, "listen names no `internal`, `external` or `combined` address")
        }
        var roles: Set<ServerRole> = []
        for (word, node) in reader.texts(fields["roles"], "roles") ?? [] {
            guard let role = ServerRole(rawValue: word) else {
                let known = ServerRole.allCases.map(\.rawValue)
                reader.report(node, "unknown role `\(word)`", nearest: NearestName.nearest(to: word, among: known))
                continue
            }
            roles.insert(role)
        }
        var classes: Set<PeerClass> = []
        for (word, node) in reader.texts(listen["classes"], "listen.classes") ?? [] {
            guard let peerClass = PeerClass(rawValue: word) else {
                let known = PeerClass.allCases.map(\.rawValue)
                reader.report(node, "unknown class `\(word)`", nearest: NearestName.nearest(to: word, among: known))
                continue
            }
            classes.insert(peerClass)
        }
        var external: ExternalCertificate?
        if let node = fields["certificate"] {
            let certificate = reader.fields(node, of: "certificate", known: ["external"])
            let files = certificate["external"].map {
                reader.fields($0, of: "certificate.external", known: ["chain", "key"], required: ["chain", "key"])
            }
            if let chain = reader.text(files?["chain"], "chain"), let key = reader.text(files?["key"], "key") {
                external = ExternalCertificate(chain: chain, key: key)
            }
        }
        if let node = fields["storage"], let word = reader.text(node, "storage"), word != "sqlite" {
            reader.report(node, "storage `\(word)` is not known; possible is sqlite")
        }
        let synchronous = reader.choice(fields["synchronous"], "synchronous", as: Synchronous.self)
        let log = fields["log"].map { reader.fields($0, of: "log", known: ["level"]) }
        let level = reader.choice(log?["level"], "log.level", as: LogLine.Level.self)
        let server = reader.text(fields["server"], "server")
        let authority = reader.text(fields["authority"], "authority")
        let trust = listen["trust"].flatMap { Self.address($0, "listen.trust", &reader) }
        let metrics = listen["metrics"].flatMap { Self.address($0, "listen.metrics", &reader) }
        if let error = reader.finish() { throw error }
        guard let server, let authority, let trust else { throw reader.failure }
        return NodeConfiguration(
            server: server.lowercased(), roles: roles, listeners: listeners, classes: classes, trust: trust,
            metrics: metrics, externalCertificate: external, authority: authority.lowercased(),
            synchronous: synchronous ?? .normal, logLevel: level ?? .info)
    }

    private static func address(_ node: SourceReader.Place, _ what: String, _ reader: inout SourceReader)
        -> NetworkAddress?
    {
        guard let text = reader.text(node, what) else { return nil }
        guard let address = NetworkAddress(text) else {
            reader.report(node, "\(what) `\(text)` is not ADDRESS:PORT")
            return nil
        }
        return address
    }
}
