public import Trust

/// Writes the `config.yaml` of a new server, with a comment on every line that a person may change.
public struct ConfigurationText: Sendable {
    /// The FQDN.
    public var server: String
    /// The roles, as in the topology.
    public var roles: [ServerRole]
    /// Listener kind and address.
    public var listeners: [(kind: ListenerKind, address: NetworkAddress)]
    /// The trust channel.
    public var trust: NetworkAddress
    /// Metrics and health.
    public var metrics: NetworkAddress
    /// The FQDN of the authority.
    public var authority: String

    /// The least level that is logged.
    public var logLevel: LogLine.Level

    /// What the file says.
    public init(
        server: String, roles: [ServerRole], listeners: [(kind: ListenerKind, address: NetworkAddress)],
        trust: NetworkAddress, metrics: NetworkAddress, authority: String, logLevel: LogLine.Level = .info
    ) {
        self.server = server
        self.roles = roles
        self.listeners = listeners
        self.trust = trust
        self.metrics = metrics
        self.authority = authority
        self.logLevel = logLevel
    }

    /// The file of a server as the topology describes it; nil when it does not name the server.
    public init?(of server: String, in topology: Topology, authority: String, metrics: NetworkAddress) {
        guard let record = topology.server(named: server) else { return nil }
        var listeners: [(kind: ListenerKind, address: NetworkAddress)] = []
        if record.external == record.address {
            listeners.append((.combined, record.address))
        } else {
            listeners.append((.internal, record.address))
            if let external = record.external { listeners.append((.external, external)) }
        }
        self.init(
            server: server, roles: topology.roles(of: server).sorted(), listeners: listeners, trust: record.trust,
            metrics: metrics, authority: authority)
    }

    /// The text.
    public var text: String {
        var lines = [
            "server: \(server)",
            "roles: [\(roles.map(\.rawValue).joined(separator: ", "))]        # must be what the topology says",
            "listen:",
        ]
        for listener in listeners { lines.append("  \(listener.kind.rawValue): \(listener.address)") }
        lines += [
            "  trust: \(trust)        # the trust channel between our own servers",
            "  metrics: \(metrics)        # /metrics, /livez, /readyz",
            "authority: \(authority)",
            "storage: sqlite",
            "synchronous: normal        # full survives a power cut as well",
            "log: { level: \(logLevel.rawValue) }",
        ]
        return lines.joined(separator: "\n") + "\n"
    }
}
