import ArgumentParser
import Trust

/// The accounts.
struct UserListCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the accounts.", discussion: "Example: entente user list")
    @OptionGroup var options: GlobalOptions

    func perform() async throws {
        let value = try await admin.get("/users")
        let rows = (value["users"]?.arrayValue ?? []).map { user in
            ["aor", "state", "digest", "home_pool"].map(user.shown)
        }
        print(
            value,
            rows.isEmpty
                ? "no accounts; add one with: entente user add alice"
                : Terminal.table(["USER", "STATE", "DIGEST", "POOL"], rows))
    }
}
