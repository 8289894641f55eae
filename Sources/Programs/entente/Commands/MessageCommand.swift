import ArgumentParser
import Foundation
import Node
import Transport
import Trust

/// A real user agent over TLS: signs in, sends one message, waits for its answer.
struct MessageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "message", abstract: "Send a message as one of your users, over TLS like any client.",
        discussion: """
            Signs in as FROM, sends TEXT to TO and waits for the answer. On a server's machine --dir is enough; elsewhere say
            which server, where it is, and the file with the organisation's root.

            Example: entente message alice@example.org bob@example.org "Hello"
            Example: entente message alice@example.org bob@example.org Hello --server sip1.example.org --address 192.0.2.10:5061 --root root.pem
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: "The FQDN of the server, as its certificate must prove it.") var server: String?
    @Option(help: "Where the server takes clients, ADDRESS:PORT.") var address: String?
    @Option(help: "A PEM file with the root to verify the server by.") var root: String?
    @Option(help: "A file whose first line is the password (default: $ENTENTE_PASSWORD, or it is asked for).")
    var passwordFile: String?
    @Argument(help: "Who sends, user@domain.") var from: String
    @Argument(help: "Who receives, user@domain.") var to: String
    @Argument(help: "What to say.") var text: String

    func run() async throws {
        try await reporting {
            let place = try await place()
            let password = try Password.given(file: passwordFile, prompt: "Password of \(from): ")
            let connector = ClientConnector()
            let delivery: SoftPhone.Delivery
            do {
                let phone = try await SoftPhone.connect(
                    from, password: password, to: place.address, server: place.server, roots: place.roots,
                    through: connector)
                _ = try await phone.register()
                delivery = try await phone.send(text, to: "sip:\(to)")
                await phone.signOut()
            } catch {
                try? await connector.stop()
                throw Self.failure(error, from: from, server: place.server)
            }
            try? await connector.stop()
            guard delivery.isDelivered else {
                let isRefused = [401, 403, 407].contains(delivery.status)
                throw CommandFailure(
                    isRefused ? .refused : .checkFailed, "\(to) did not get it: \(delivery.status) \(delivery.reason)",
                    next: "entente connections shows who is signed in")
            }
            if options.json {
                let value: [String: JSONValue] = [
                    "schema_version": .integer(1), "delivered": .bool(true), "status": .integer(Int64(delivery.status)),
                ]
                return Terminal.print(JSONValue.object(value).text)
            }
            if !options.quiet { Terminal.print("delivered to \(to)") }
        }
    }

    private static func failure(_ error: any Error, from: String, server: String) -> any Error {
        switch error {
        case ClientConnectionError.refused(let refusal, _):
            CommandFailure(
                .refused,
                """
                \(refusal.code.rawValue) \(server) is not the server that was dialled
                     seen      \(refusal.seen)
                     expected  \(refusal.expected)
                     rule      \(refusal.rule)
                """, next: "compare --server with the names in its certificate")
        case ClientConnectionError.unreachable(let why):
            CommandFailure(.unreachable, "\(server) cannot be reached: \(why)", next: "entente status on the server")
        case SoftPhone.Failure.notRegistered(let status, let reason):
            CommandFailure(.refused, "\(from) could not sign in: \(status) \(reason)", next: "entente user list")
        case let failure as SoftPhone.Failure:
            CommandFailure(.unreachable, "\(failure)", next: "entente status on the server")
        default: error
        }
    }

    /// The server and its root: from the options, and what they leave out from the running server of the data folder.
    private func place() async throws -> (server: String, address: NetworkAddress, roots: [[UInt8]]) {
        if let server, let address, let root {
            guard let parsed = NetworkAddress(address) else {
                throw CommandFailure(.usage, "--address is written ADDRESS:PORT, for example 192.0.2.10:5061")
            }
            return (server, parsed, try Self.roots(in: root))
        }
        let status = try await AdminClient(folder: options.folder).get("/status")
        let listeners = status["addresses"]
        guard let own = status["server"]?.stringValue,
            let text = address ?? ["internal", "combined"].compactMap({ listeners?[$0]?.stringValue }).first,
            let parsed = NetworkAddress(text)
        else {
            throw CommandFailure(
                .usage, "the server in \(options.folder.path) takes no clients",
                next: "give --server, --address and --root")
        }
        return (server ?? own, parsed, try Self.roots(in: root ?? options.folder.path + "/root.pem"))
    }

    private static func roots(in file: String) throws -> [[UInt8]] {
        let roots = PEMText.certificates(in: String(decoding: try DataFolder.read(file) ?? [], as: UTF8.self))
        guard !roots.isEmpty else { throw CommandFailure(.usage, "\(file) has no certificate in PEM") }
        return roots
    }
}
