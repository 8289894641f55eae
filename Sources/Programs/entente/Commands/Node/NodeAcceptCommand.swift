import ArgumentParser
import Authority
import Basis
import Node
import Transport
import Trust

/// Takes the admission home.
struct NodeAcceptCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "accept", abstract: "On the new machine: compare the root hash, and take the admission in.",
        discussion: """
            Example: entente node accept edge1.admitted

            Everything that this server will ever believe follows from the root: compare the root hash with the one that the \
            authority shows (entente status), by telephone or on paper. With --root-hash nobody is asked.
            """)
    @OptionGroup var options: GlobalOptions
    @Argument(help: "The admission.", completion: .file()) var file: String
    @Option(help: ArgumentHelp("The root hash, as it was told by another way.", valueName: "hash"))
    var rootHash: String?
    @Option(help: "Metrics and health for the new config.yaml, ADDRESS:PORT.")
    var metrics = "127.0.0.1:9464"

    func perform() async throws {
        let folder = options.folder
        let admission = try NodeAdmission(parsing: try NamedFile.read(file))
        guard let bytes = try DataFolder.read(folder.request) else {
            throw CommandFailure(
                .usage, "no request was made in \(folder.path)", seen: "an admission of \(admission.name)",
                expected: "the folder in which the request was made", next: "entente node request \(admission.name)")
        }
        let request = try NodeRequest(parsing: bytes)
        let gauge = try Arguments.address(metrics, "--metrics", usual: nil)
        let state = try NodeEnrolment.accept(
            admission, folder: folder, name: request.name, confirmedRootHash: try confirmedHash(of: admission),
            metrics: gauge, now: OperatingSystem.wallTime)
        print(
            .object([
                "schema_version": .integer(1), "changed": .bool(true), "server": .string(request.name),
                "authority": .string(admission.authority), "epoch": .integer(Int64(clamping: state.epoch.number)),
                "root_hash": .string(Hex.encode(admission.rootHash)),
            ]),
            """
            \(request.name) belongs to \(state.root.network) now (epoch \(state.epoch)); its authority is \(admission.authority).
            next:
              entente serve --dir \(folder.path)
            """)
    }

    /// The hash that a person or an option confirmed; a wrong one is told by `NodeAdmission.accept`.
    private func confirmedHash(of admission: NodeAdmission) throws -> [UInt8] {
        if let rootHash { return try Arguments.hash(rootHash, "--root-hash") }
        let shown = Hex.encode(admission.rootHash)
        guard Terminal.isInteractive else {
            throw CommandFailure(
                .usage, "nobody is here to confirm the root", seen: "root hash \(shown)",
                expected: "--root-hash with the hash that the authority shows", next: "entente status, at the authority"
            )
        }
        Terminal.printError("The root hash of this network is\n  \(shown)")
        guard Terminal.confirm("Does the authority show the same?") else {
            throw CommandFailure(
                .refused, "not confirmed; nothing was changed", next: "entente status, at the authority")
        }
        return admission.rootHash
    }
}
