import ArgumentParser
import Authority
import Node
import Trust

/// Makes the keys of a new server and its request.
struct NodeRequestCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "request", abstract: "On a new machine: make its keys, and the request to join.",
        discussion: """
            Examples:
              entente node request fe2.example.org --role frontEnd -o fe2.request
              entente node request edge1.example.org --role edge --address 10.0.0.2:5061 --external 192.0.2.7:5061

            Carry the file to the authority, and the answer back: entente node admit, entente node accept.

            No two listeners of an organisation share an address. An edge has up to three: --address, where our own servers \
            reach it; --external, which partners and outside users dial; --trust, where the authority brings the trust state. \
            With one network card --address and --external may be the same.
            """)
    @OptionGroup var options: GlobalOptions
    @Argument(help: "The FQDN of the new server.")
    var name: String
    @Option(help: "What it is to be: frontEnd, edge, director, mediation; several with commas between.")
    var role: [String]
    @Option(
        name: .shortAndLong, help: ArgumentHelp("The file to write (default: NAME.request).", valueName: "file"),
        completion: .file())
    var output: String?
    @Option(help: "Where our own servers and clients reach it, ADDRESS:PORT (default: this machine, port 5061).")
    var address: String?
    @Option(help: "Where partners and outside users reach it, if it is an edge (default: the same address).")
    var external: String?
    @Option(help: "Where the authority reaches its trust channel (default: the address, port 5443).")
    var trust: String?

    func perform() async throws {
        let roles = try Arguments.roles(role)
        let sip = try Arguments.address(address, "--address", usual: MachineAddress.usual(port: MachineAddress.sipPort))
        let channel = try Arguments.address(trust, "--trust", usual: sip.with(port: MachineAddress.trustPort))
        let isEdge = roles.contains(.edge)
        guard isEdge || external == nil else {
            throw CommandFailure(.usage, "only an edge has an outside; --external needs --role edge")
        }
        let outside = isEdge ? try Arguments.address(external, "--external", usual: sip) : nil
        let request = try NodeEnrolment.request(
            name: name, roles: roles, address: sip, external: outside, trust: channel, folder: options.folder)
        let file = output ?? "\(request.name).request"
        try NamedFile.write(request.bytes, to: file)
        let addresses = [("address", sip), ("external", outside), ("trust", channel)].compactMap { use, address in
            address.map { (use: use, address: $0.description) }
        }
        print(
            .object([
                "schema_version": .integer(1), "changed": .bool(true), "server": .string(request.name),
                "file": .string(file), "key": .string(request.key.description),
                "roles": .array(request.roles.map { .string($0.rawValue) }),
                "addresses": .array(addresses.map { .string($0.address) }),
            ]),
            """
            \(request.name) asks to join; its keys are in \(options.folder.keys) and stay there.
              roles      \(request.roles.map(\.rawValue).joined(separator: ", "))
              addresses  \(addresses.map { "\($0.use) \($0.address)" }.joined(separator: ", "))
              key        \(request.key)
            next, at the authority:
              entente node admit \(file) -o \(request.name).admitted
            """)
    }
}
