import ArgumentParser
import Trust

/// What the server is doing.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Show the state of this server.")
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await reporting {
            let value = try await AdminClient(folder: options.folder).get("/status")
            if options.json { return Terminal.print(value.text) }
            func text(_ name: String) -> String {
                value[name]?.stringValue ?? value[name]?.integerValue.map(String.init) ?? ""
            }
            var rows = ["server", "network", "epoch", "swept", "users", "bindings", "time"].map { [$0, text($0)] }
            for (kind, address) in (value["addresses"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
                rows.append([kind, address.stringValue ?? ""])
            }
            Terminal.print(Terminal.table(["", ""], rows))
        }
    }
}

/// The live links.
struct ConnectionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connections", abstract: "List the live links with identity, class, TLS, expiry and epoch.")
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await reporting {
            let value = try await AdminClient(folder: options.folder).get("/connections")
            if options.json { return Terminal.print(value.text) }
            let names = ["conn", "class", "identity", "direction", "address", "tls", "group", "expires"]
            let rows = (value["connections"]?.arrayValue ?? []).map { link in
                names.map { link[$0]?.stringValue ?? "" }
                    + [(link["users"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: " ")]
            }
            Terminal.print(Terminal.table((names + ["users"]).map { $0.uppercased() }, rows))
        }
    }
}

/// The trace of a verdict.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show why a link was admitted or refused, rule by rule.",
        discussion: "Example: entente explain 0-3-1, entente explain sip.fabrikam.example, entente explain E601")
    @OptionGroup var options: GlobalOptions
    @Argument(help: "A connection's number, a peer's name or address, or a code.") var what: String

    func run() async throws {
        try await reporting {
            let value = try await AdminClient(folder: options.folder).get("/explain", ["what": what])
            if options.json { return Terminal.print(value.text) }
            for verdict in value["verdicts"]?.arrayValue ?? [] {
                func text(_ name: String) -> String { verdict[name]?.stringValue ?? "" }
                Terminal.print("\(text("time")) \(text("peer")) \(text("outcome")) (\(text("conn")))")
                for step in verdict["trace"]?["steps"]?.arrayValue ?? [] {
                    func part(_ name: String) -> String { step[name]?.stringValue ?? "" }
                    Terminal.print(
                        "  \(part("outcome"))  \(part("rule"))  saw \(part("saw"))  expected \(part("expected"))")
                }
            }
        }
    }
}

/// Certificates of our CA.
struct CertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cert", abstract: "List and revoke certificates.", subcommands: [List.self, Revoke.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List certificates, the next to expire first.")
        @OptionGroup var options: GlobalOptions

        func run() async throws {
            try await reporting {
                let value = try await AdminClient(folder: options.folder).get("/certificates")
                if options.json { return Terminal.print(value.text) }
                let rows = (value["certificates"]?.arrayValue ?? []).map { record in
                    ["serial", "profile", "subject", "not_after"].map { record[$0]?.stringValue ?? "" }
                        + [record["revoked"]?.boolValue == true ? "revoked" : ""]
                }
                Terminal.print(Terminal.table(["SERIAL", "PROFILE", "SUBJECT", "EXPIRES", ""], rows))
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a certificate, or all of a subject; live links that show it are cut at once.")
        @OptionGroup var options: GlobalOptions
        @Argument(help: "A serial number or a subject.") var what: String

        func run() async throws {
            try await reporting {
                let value = try await AdminClient(folder: options.folder).post(
                    "/certificates/revoke", .object(["what": .string(what)]))
                if options.json { return Terminal.print(value.text) }
                guard value["changed"]?.boolValue == true else {
                    return Terminal.print("revoked already; nothing to do")
                }
                let epoch = value["epoch"]?.integerValue ?? 0
                Terminal.print(
                    "revoked in epoch \(epoch); links closed here so far: \(value["links_closed"]?.integerValue ?? 0)")
            }
        }
    }
}

/// The topology in force.
struct TopologyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology", abstract: "Show, check and publish the topology.",
        subcommands: [Show.self, Publish.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the published topology as YAML.")
        @OptionGroup var options: GlobalOptions

        func run() async throws {
            try await reporting {
                let value = try await AdminClient(folder: options.folder).get("/topology")
                Terminal.print(options.json ? value.text : value["source"]?.stringValue ?? "")
            }
        }
    }
}
