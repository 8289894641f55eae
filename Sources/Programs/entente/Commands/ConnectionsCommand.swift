import ArgumentParser
import Trust

/// The live links.
struct ConnectionsCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "connections",
        abstract: "List the live links with identity, class, TLS, group, expiry, epoch and users.",
        discussion: "Example: entente connections. For one of them: entente explain NUMBER")
    @OptionGroup var options: GlobalOptions

    func perform() async throws {
        let value = try await admin.get("/connections")
        let rows = (value["connections"]?.arrayValue ?? []).map { link in
            [
                link.shown("conn"), link.shown("class"), link.shown("identity").isEmpty ? "-" : link.shown("identity"),
                link.shown("direction"), link.shown("address"), link.shown("tls"), link.shown("group"),
                link["expires"]?.stringValue ?? "-", link.shown("epoch"), link.texts("users").joined(separator: " "),
            ]
        }
        print(
            value,
            rows.isEmpty
                ? "no links"
                : Terminal.table(
                    ["CONN", "CLASS", "IDENTITY", "DIRECTION", "ADDRESS", "TLS", "GROUP", "EXPIRES", "EPOCH", "USERS"],
                    rows))
    }
}
