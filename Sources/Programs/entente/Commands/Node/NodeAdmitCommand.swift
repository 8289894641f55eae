import ArgumentParser
import Authority
import Basis
import Node
import Trust

/// Lets a server join: signs it into the topology, publishes, writes its admission.
struct NodeAdmitCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "admit",
        abstract: "At the authority: sign a new server into the topology, and write its admission.",
        discussion: """
            Example: entente node admit edge1.request -o edge1.admitted

            The server joins the pool that has exactly its roles; where there is none, a pool is made, named for the first \
            role (edge.DOMAIN, fe.DOMAIN) unless --pool names it. Compare the key below with the one that the request showed.
            """)
    @OptionGroup var options: GlobalOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The request.", completion: .file()) var file: String
    @Option(
        name: .shortAndLong, help: ArgumentHelp("The file to write (default: NAME.admitted).", valueName: "file"),
        completion: .file())
    var output: String?
    @Option(help: "The pool that it joins; made when there is none of that name.")
    var pool: String?
    @Option(help: "The name by which outsiders know a new edge pool (default: sip.DOMAIN).")
    var external: String?
    @Option(help: "The pool to which a new edge or director pool sends on (default: the only one of front ends).")
    var nextHop: String?

    func perform() async throws {
        let request = try NodeRequest(parsing: try NamedFile.read(file))
        let editor = try await TopologyEditor(admin)
        var wanted = try request.admit(into: editor.topology, pool: pool)
        for index in wanted.pools.indices where wanted.pools[index].members.contains(request.name) {
            if let external { wanted.pools[index].external = ExternalFace(name: external.lowercased()) }
            if let nextHop { wanted.pools[index].nextHop = nextHop.lowercased() }
        }
        let problems = wanted.check().filter { $0.severity == .error }.map { "\($0.path): \($0.message)" }
        guard !problems.contains(where: { $0.contains(request.name) }) else {
            throw CommandFailure(
                .checkFailed, "\(request.name) cannot join as it asks: \(problems.joined(separator: "; "))",
                next: "on \(request.name): entente node request again, with --address, --external, --trust")
        }
        let published = try await editor.publish(
            wanted, enrolling: [request.name: request.subjectPublicKeyInfo],
            signedBy: try signing.signers(options.folder))
        let answer = try await admin.get("/admission", ["server": request.name])
        let admission = try NodeAdmission(parsing: (answer["admission"] ?? .null).canonicalBytes)
        let target = output ?? "\(request.name).admitted"
        try NamedFile.write(admission.bytes, to: target)
        let (json, text) = editor.report(wanted, published, what: "\(request.name) is admitted")
        var fields = json.objectValue ?? [:]
        fields["server"] = .string(request.name)
        fields["file"] = .string(target)
        fields["key"] = .string(request.key.description)
        fields["root_hash"] = .string(Hex.encode(admission.rootHash))
        print(
            .object(fields),
            """
            \(text)
              pool       \(wanted.pool(of: request.name)?.name ?? "")
              key        \(request.key)
              root hash  \(Hex.encode(admission.rootHash)) (tell it to the machine's administrator by another way)
            next, on \(request.name):
              entente node accept \(target)
            """)
    }
}
