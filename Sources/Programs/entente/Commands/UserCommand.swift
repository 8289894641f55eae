import ArgumentParser
import Basis
import Foundation
import Trust

/// Accounts.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Add, list, disable and remove accounts.",
        subcommands: [Add.self, Passwd.self, List.self, Enable.self, Disable.self, Remove.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add an account.",
            discussion:
                "Example: entente user add alice. The password comes from --password-file, $ENTENTE_PASSWORD, or is made and printed."
        )
        @OptionGroup var options: GlobalOptions
        @OptionGroup var password: PasswordOptions
        @Argument(help: "The name, with or without the domain.") var name: String

        func run() async throws { try await reporting { try await setPassword("add", name, password, options) } }
    }

    struct Passwd: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give an account a new password; its connections end.")
        @OptionGroup var options: GlobalOptions
        @OptionGroup var password: PasswordOptions
        @Argument(help: "The name, with or without the domain.") var name: String

        func run() async throws { try await reporting { try await setPassword("password", name, password, options) } }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the accounts.")
        @OptionGroup var options: GlobalOptions

        func run() async throws {
            try await reporting {
                let value = try await AdminClient(folder: options.folder).get("/users")
                if options.json { return Terminal.print(value.text) }
                let rows = (value["users"]?.arrayValue ?? []).map { user in
                    ["aor", "state", "digest", "home_pool"].map { user[$0]?.stringValue ?? "" }
                }
                Terminal.print(Terminal.table(["USER", "STATE", "DIGEST", "POOL"], rows))
            }
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a disabled account sign in again.")
        @OptionGroup var options: GlobalOptions
        @Argument var name: String

        func run() async throws { try await reporting { try await change("enable", name, options) } }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Refuse an account; its connections end at once.")
        @OptionGroup var options: GlobalOptions
        @Argument var name: String

        func run() async throws { try await reporting { try await change("disable", name, options) } }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove an account; its connections end at once.")
        @OptionGroup var options: GlobalOptions
        @Argument var name: String

        func run() async throws { try await reporting { try await change("remove", name, options) } }
    }
}

/// Where a password comes from, and how it is stored.
struct PasswordOptions: ParsableArguments {
    @Option(help: "A file whose first line is the password.")
    var passwordFile: String?
    @Option(help: "sha256, or md5 for phones that know nothing else.")
    var digest = "sha256"
}

private func address(_ name: String, _ client: AdminClient) async throws -> String {
    if name.contains("@") { return name.lowercased() }
    let domain = try await client.get("/status")["network"]?.stringValue ?? ""
    return "\(name.lowercased())@\(domain)"
}

private func change(_ action: String, _ name: String, _ options: GlobalOptions) async throws {
    let client = AdminClient(folder: options.folder)
    let aor = try await address(name, client)
    let body: [String: JSONValue] = [
        "action": .string(action), "users": .array([.object(["aor": .string(aor)])]),
    ]
    let value = try await client.post("/users", .object(body))
    if options.json { return Terminal.print(value.text) }
    if !options.quiet { Terminal.print("\(aor): \(action) done") }
}

private func setPassword(
    _ action: String, _ name: String, _ password: PasswordOptions, _ options: GlobalOptions
) async throws {
    let algorithms: [String: DigestAlgorithm] = ["sha256": .sha256, "md5": .md5]
    guard let algorithm = algorithms[password.digest.lowercased()] else {
        throw CommandFailure(.usage, "--digest is sha256 or md5")
    }
    let client = AdminClient(folder: options.folder)
    let aor = try await address(name, client)
    var made: String?
    let secret: String
    if let known = try Password.known(file: password.passwordFile) {
        secret = known
    } else {
        var generator = SystemRandomNumberGenerator()
        secret = Hex.encode((0..<10).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
        made = secret
    }
    let user = aor.prefix { $0 != "@" }
    let realm = aor.drop { $0 != "@" }.dropFirst()
    let verifiers = UserVerifiers(
        user: String(user), realm: String(realm), password: secret,
        algorithms: algorithm == .md5 ? [.sha256, .md5] : [.sha256])
    let record = verifiers.json(aor: aor, challengedWith: algorithm)
    let body: [String: JSONValue] = ["action": .string(action), "users": .array([record])]
    let value = try await client.post("/users", .object(body))
    if options.json {
        var fields = value.objectValue ?? [:]
        if let made { fields["password"] = .string(made) }
        return Terminal.print(JSONValue.object(fields).text)
    }
    Terminal.print(made.map { "\(aor) password \($0)" } ?? "\(aor) done")
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
