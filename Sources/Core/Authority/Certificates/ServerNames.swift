public import Trust

/// The names that a server's certificate carries.
public enum ServerNames {
    /// All names that the topology gives to a server, its own FQDN first: pool names, outside names of its pools, and on
    /// front end, director and edge the SIP domains and their `sip.` names, because softphones compare the host that they
    /// dialled. DNS names only; empty when the topology does not name the server.
    public static func names(for server: String, in topology: Topology) -> [String] {
        let names = topology.names(of: server)
        return names.filter { $0 == server } + names.filter { $0 != server }
    }
}
