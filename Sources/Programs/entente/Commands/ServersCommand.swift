import ArgumentParser
import Trust

/// Every server of the network.
struct ServersCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "servers", abstract: "List the servers of the topology, and what each acknowledged.",
        discussion: """
            Example: entente servers

            Run it at the authority to see what the others have acknowledged, how many links each has closed since it \
            started because trust changed, and whose certificate is revoked.
            """)
    @OptionGroup var options: GlobalOptions

    func perform() async throws {
        let value = try await admin.get("/servers")
        let rows = (value["servers"]?.arrayValue ?? []).map { server in
            [
                server.shown("name") + (server["here"]?.boolValue == true ? " *" : ""),
                server.texts("roles").joined(separator: ","), server.shown("address"),
                server["external"]?.stringValue ?? "-",
                Self.state(of: server, epoch: value["epoch"]?.integerValue ?? 0),
                server.shown("links"), server["links_closed"] == nil ? "-" : server.shown("links_closed"),
                server["not_after"]?.stringValue ?? "-",
            ]
        }
        print(
            value,
            Terminal.table(
                ["SERVER", "ROLES", "ADDRESS", "EXTERNAL", "TRUST", "LINKS", "CLOSED", "CERTIFICATE UNTIL"],
                rows))
    }

    private static func state(of server: JSONValue, epoch: Int64) -> String {
        guard server["joined"]?.boolValue == true else { return "not joined" }
        if server["revoked"]?.boolValue == true { return "revoked" }
        guard let known = server["epoch"]?.integerValue else { return "not heard of" }
        return known >= epoch ? "epoch \(known)" : "behind: epoch \(known) of \(epoch)"
    }
}
