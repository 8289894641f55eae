import ArgumentParser
import Basis
import Trust

/// Accounts.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Add, list, disable, import and remove accounts.",
        discussion: """
            Example:
              entente user add alice
              entente user disable alice
              entente user import staff.csv
            """,
        subcommands: [
            UserAddCommand.self, UserPasswdCommand.self, UserListCommand.self, UserEnableCommand.self,
            UserDisableCommand.self, UserRemoveCommand.self, UserImportCommand.self,
        ])
}

/// How accounts are named and changed.
struct UserChange {
    let client: AdminClient

    /// The address-of-record that a person means: a name alone is one of the network's own domain.
    func address(_ name: String) async throws -> String {
        if name.contains("@") { return UserRecord.normalised(name) }
        return UserRecord.normalised("\(name)@\(try await client.get("/status").shown("network"))")
    }

    /// Does one thing to one account.
    func apply(_ action: String, to aor: String, _ record: JSONValue? = nil) async throws -> JSONValue {
        let user = record ?? .object(["aor": .string(aor)])
        return try await client.post("/users", .object(["action": .string(action), "users": .array([user])]))
    }

    /// The record of an account with this password.
    static func record(of aor: String, password: String, digest: DigestAlgorithm) -> JSONValue {
        UserVerifiers(
            user: String(aor.prefix { $0 != "@" }), realm: String(aor.drop { $0 != "@" }.dropFirst()),
            password: password, algorithms: digest == .md5 ? [.sha256, .md5] : [.sha256]
        ).json(aor: aor, challengedWith: digest)
    }

    /// The digest of an account as people write it.
    static func digest(_ text: String) throws -> DigestAlgorithm {
        switch text.lowercased() {
        case "sha256", "sha-256": .sha256
        case "md5": .md5
        default: throw CommandFailure(.usage, "--digest `\(text)` is not known", expected: "sha256 or md5")
        }
    }
}

extension UserVerifiers {
    /// One entry of `users` for the administration socket.
    func json(aor: String, challengedWith algorithm: DigestAlgorithm) -> JSONValue {
        var record: [String: JSONValue] = ["aor": .string(aor), "digest": .string(algorithm.rawValue)]
        if let sha256 { record["sha256"] = .string(Hex.encode(sha256)) }
        if let md5 { record["md5"] = .string(Hex.encode(md5)) }
        return .object(record)
    }
}

extension Command {
    /// Sets a password, for `user add` and `user passwd`.
    func setPassword(_ action: String, _ name: String, _ password: PasswordOptions, _ digest: String) async throws {
        let algorithm = try UserChange.digest(digest)
        let change = UserChange(client: admin)
        let aor = try await change.address(name)
        let (secret, isMade) = try password.new(for: aor)
        let value = try await change.apply(
            action, to: aor, UserChange.record(of: aor, password: secret, digest: algorithm))
        var fields = value.objectValue ?? [:]
        fields["aor"] = .string(aor)
        if isMade { fields["password"] = .string(secret) }
        print(.object(fields), isMade ? "\(aor) password \(secret)" : "\(aor) done")
    }

    /// Does something to an account that needs no more than its name.
    func change(_ action: String, _ name: String) async throws {
        let change = UserChange(client: admin)
        let aor = try await change.address(name)
        let value = try await change.apply(action, to: aor)
        print(value, value["changed"]?.boolValue == true ? "\(aor): \(action) done" : "\(aor): nothing to do")
    }
}
