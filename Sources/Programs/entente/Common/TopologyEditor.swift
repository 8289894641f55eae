import ArgumentParser
import Authority
import Foundation
import Node
import Transport
import Trust

/// Who signs a topology.
struct SigningOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A publisher key; once for each key where several must sign (default: offline/publisher.pem in the data folder).",
            valueName: "file"))
    var publisherKey: [String] = []

    /// The keys, read now: the server never sees them.
    func signers(_ folder: DataFolder) throws -> [SigningKey] {
        let paths = publisherKey.isEmpty ? [folder.offline + "/publisher.pem"] : publisherKey
        return try paths.map { path in
            guard FileManager.default.fileExists(atPath: path) else {
                throw CommandFailure(
                    .usage, "there is no publisher key \(path)",
                    next: "bring the medium with the key, and name it with --publisher-key FILE")
            }
            return try NodeKeys.load(path).signer()
        }
    }
}

/// The one way in which commands change the topology: fetch what is published, edit, sign here, publish.
struct TopologyEditor {
    private let published: PublishedTopology
    private let client: AdminClient

    /// What is published now.
    var topology: Topology { published.topology }
    var version: UInt64 { published.version }

    /// Fetches what is published.
    init(_ client: AdminClient) async throws {
        self.client = client
        published = try PublishedTopology(json: try await client.get("/topology"))
    }

    /// Signs and publishes; nil when nothing would change. Servers in `enrolling` join with these public keys.
    func publish(
        _ wanted: Topology, enrolling: [String: [UInt8]] = [:], signedBy signers: [SigningKey]
    ) async throws -> JSONValue? {
        guard wanted != topology || !enrolling.isEmpty else { return nil }
        let body = try published.successor(
            wanted, enrolling: enrolling, signedBy: signers, at: OperatingSystem.wallTime)
        return try await client.post("/topology", body)
    }

    /// What a command says about a publication: the differences, the epoch, the links that were closed.
    func report(_ wanted: Topology, _ published: JSONValue?, what: String) -> (json: JSONValue, text: String) {
        let changes = Topology.diff(from: topology, to: wanted)
        guard let published else {
            return (
                .object(["schema_version": .integer(1), "changed": .bool(false)]), "nothing to do: \(what) already"
            )
        }
        var fields = published.objectValue ?? [:]
        fields["version"] = .integer(Int64(clamping: version + 1))
        fields["changes"] = .array(changes.map { .string(TopologyText.line($0)) })
        let closed = published["links_closed"]?.integerValue ?? 0
        let lines = changes.map { "  " + TopologyText.line($0) }
        let text = ["\(what): version \(version + 1), epoch \(published.shown("epoch"))"] + lines
        let others = wanted.servers.count > 1 ? " (the others tell theirs: entente servers)" : ""
        let last = "  links closed by \(published.shown("server")): \(closed)\(others)"
        return (.object(fields), (text + [last]).joined(separator: "\n"))
    }
}

/// How topologies and their differences are read and shown.
enum TopologyText {
    /// Reads a YAML file; errors carry file, line and column. Roots that it names are looked for beside it.
    static func read(_ path: String) throws -> TopologySource {
        let text = String(decoding: try NamedFile.read(path), as: UTF8.self)
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        do {
            return try TopologySource.parse(text) { name in
                let place = name.hasPrefix("/") ? name : folder.appendingPathComponent(name).path
                return (try? NamedFile.certificates(place))?.first
            }
        } catch {
            throw CommandFailure(
                .checkFailed, error.problems.map { "\(path):\($0)" }.joined(separator: "\n     "),
                next: "entente topology show prints the document in force")
        }
    }

    /// One difference, without the bytes of certificates.
    static func line(_ change: TopologyChange) -> String {
        guard change.path.first == "roots", let name = change.path.dropFirst().first else { return change.description }
        switch change.kind {
        case .added: return "+ roots \(name)"
        case .removed: return "- roots \(name)"
        case .changed: return "~ roots \(name)"
        }
    }
}
