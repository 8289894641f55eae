import ArgumentParser
import Basis
import Authority
import Node
import Trust

/// A certificate for a key that somebody holds.
struct CertIssueCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "issue", abstract: "Issue a certificate: for a user's key, or again for a server's pinned key.",
        discussion: """
            Examples:
              entente cert issue --user alice@example.org --key alice.key -o alice.pem
              entente cert issue --request edge1.request -o edge1.pem

            The key file of a user is made when it is not there (PKCS#8, mode 0600); only its public half goes to the server. A \
            server's request must show a key that the topology pins.
            """)
    @OptionGroup var options: GlobalOptions
    @Option(help: "The address-of-record.") var user: String?
    @Option(help: "The user's private key, PEM.", completion: .file()) var key: String?
    @Option(help: "A server's request, from entente node request.", completion: .file()) var request: String?
    @Option(
        name: .shortAndLong, help: ArgumentHelp("The file for the chain, PEM.", valueName: "file"), completion: .file())
    var output: String

    func perform() async throws {
        let body: [String: JSONValue]
        switch (user, key, request) {
        case (let user?, let key?, nil):
            let aor = try await UserChange(client: admin).address(user)
            let held = try NodeKeys.load(key, orMake: .p256)
            body = ["user": .string(aor), "key": .string(Base64.encode(held.subjectPublicKeyInfo))]
        case (nil, nil, let request?):
            let asked = try NodeRequest(parsing: try NamedFile.read(request))
            body = ["server": .string(asked.name), "key": .string(Base64.encode(asked.subjectPublicKeyInfo))]
        case (_, _, _):
            throw CommandFailure(.usage, "name a user with --user and --key, or a server with --request")
        }
        let answer = try await admin.post("/certificates/issue", .object(body))
        let chain = answer.texts("chain").compactMap(Base64.decode)
        try NamedFile.write(Array(chain.map(PEMText.pem).joined().utf8), to: output)
        var fields = answer.objectValue ?? [:]
        fields["changed"] = .bool(true)
        fields["file"] = .string(output)
        let until = try chain.first.map { try CertificateFacts(der: $0).notAfter.description } ?? ""
        print(.object(fields), "issued until \(until): \(output)")
    }
}
