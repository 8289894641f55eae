import ArgumentParser
import Node
import Transport
import Trust

/// Sends a message as a user, over TLS, like any softphone.
struct MessageCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "message", abstract: "Send a message as a user of ours: a real sign-in over TLS.",
        discussion: """
            Examples:
              entente message alice bob@fabrikam.example "Hello"
              entente message alice@example.org bob --server 192.0.2.10:5061 --name fe1.example.org --root root.pem Hello

            Where the data folder is that of a server, address, name and root come from its topology. The password comes from \
            --password-file, from $ENTENTE_PASSWORD, or is asked for. Exit code 0: delivered; 6: refused; 5: not reached.
            """)
    @OptionGroup var options: GlobalOptions
    @OptionGroup var password: PasswordOptions
    @Argument(help: "Who sends.") var from: String
    @Argument(help: "Who gets it.") var to: String
    @Argument(help: "The text.") var text: String
    @Option(help: "Where to sign in, ADDRESS:PORT.") var server: String?
    @Option(help: "The name that the server must prove.") var name: String?
    @Option(help: "The root to verify it by, PEM.", completion: .file()) var root: String?

    func perform() async throws {
        let place = try SignInPlace(server: server, name: name, root: root, folder: options.folder)
        let sender = try place.address(from)
        let receiver = to.hasPrefix("sip:") || to.hasPrefix("sips:") ? to : "sip:\(try place.address(to))"
        let secret = try password.existing(of: sender)
        let connector = ClientConnector()
        let result: Result<SoftPhone.Delivery, any Error>
        do {
            let phone = try await SoftPhone.connect(
                sender, password: secret, to: place.address, server: place.name, roots: place.roots, through: connector)
            _ = try await phone.register()
            result = .success(try await phone.send(text, to: receiver))
            await phone.signOut()
        } catch {
            result = .failure(error)
        }
        try await connector.stop()
        let delivery = try result.get()
        guard delivery.isDelivered else {
            throw CommandFailure(
                Self.isUnreachable(delivery.status) ? .unreachable : .refused,
                "the message was not delivered: \(delivery.status) \(delivery.reason)",
                seen: "\(delivery.status) from \(place.name)", expected: "200 or 202",
                next: Self.next(delivery.status, from: sender, to: receiver))
        }
        print(
            .object([
                "schema_version": .integer(1), "delivered": .bool(true), "status": .integer(Int64(delivery.status)),
                "from": .string(sender), "to": .string(receiver), "server": .string(place.name),
            ]),
            delivery.status == 202 ? "\(receiver) will get it later (202)" : "\(receiver) has it (\(delivery.status))")
    }

    /// RFC 3261 §21.4.19, §21.5, RFC 5626 §11.2: nobody was at the end of the way, or the way itself was interrupted.
    private static func isUnreachable(_ status: UInt16) -> Bool {
        [408, 410, 430, 480, 500, 502, 503, 504].contains(status)
    }

    /// The sender has signed in by then: 403 is about the way, not about the password.
    private static func next(_ status: UInt16, from sender: String, to receiver: String) -> String {
        switch status {
        case 401, 407: "look at the password of \(sender): entente user passwd"
        case 403: "entente partner list: is the domain of \(receiver) there, and not blocked?"
        case 404: "entente user list, entente partner list"
        case 480: "\(receiver) is not signed in anywhere: a phone has to be, to get it"
        default: "entente check, here and at the edge; entente connections shows the links"
        }
    }
}

/// Where a client of this organisation signs in.
struct SignInPlace {
    let address: NetworkAddress
    let name: String
    let roots: [[UInt8]]
    private let domain: String?

    /// From the options, and for those that are missing from the topology of a data folder.
    init(server: String?, name: String?, root: String?, folder: DataFolder) throws {
        let state = try? TrustReplica.load(folder, now: OperatingSystem.wallTime)
        let topology = state?.topology
        let fronts = topology?.servers(with: .frontEnd) ?? []
        let own = (try? DataFolder.read(folder.configuration)).flatMap(\.self)
            .flatMap { try? NodeConfiguration.parse(String(decoding: $0, as: UTF8.self)).server }
        let known = fronts.first { $0.name == (name ?? own) } ?? (name == nil ? fronts.first : nil)
        domain = topology?.sipDomains.first
        guard let address = try server.map({ try Arguments.address($0, "--server", usual: nil) }) ?? known?.address,
            let proven = name ?? (server == nil ? known?.name : nil) ?? known?.name
        else {
            throw CommandFailure(
                .usage, "where to sign in is not known", seen: "no organisation in \(folder.path)",
                expected: "--server ADDRESS:PORT, --name NAME and --root FILE, or --dir with a server's data folder")
        }
        self.address = address
        self.name = proven
        if let root {
            roots = try NamedFile.certificates(root)
        } else if let state {
            roots = state.root.rootCertificates
        } else {
            throw CommandFailure(
                .usage, "there is no root to verify \(proven) by", expected: "--root FILE.pem",
                next: "take root.pem from the authority's data folder")
        }
    }

    /// The address-of-record that a person means.
    func address(_ text: String) throws -> String {
        if text.contains("@") { return UserRecord.normalised(text) }
        guard let domain else { throw CommandFailure(.usage, "`\(text)` has no domain", expected: "NAME@DOMAIN") }
        return "\(text)@\(domain)"
    }
}
