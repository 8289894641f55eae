import ArgumentParser
import Authority
import Foundation
import Node
import Transport
import Trust

extension TopologyCommand {
    /// Checks, signs and publishes a document. The publisher key signs here, in the command: the server never sees it.
    struct Publish: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check, sign and publish a topology.",
            discussion: "Links that the new topology no longer names are cut on every server.")
        @OptionGroup var options: GlobalOptions
        @Argument(help: "The YAML file.") var file: String
        @Option(help: "The publisher key (default: offline/publisher.pem in the data folder).") var publisherKey:
            String?

        func run() async throws {
            try await reporting {
                let folder = options.folder
                guard let bytes = try DataFolder.read(file) else {
                    throw CommandFailure(.usage, "there is no file \(file)")
                }
                let topology: Topology
                do {
                    topology = try TopologySource.parse(String(decoding: bytes, as: UTF8.self)) { path in
                        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
                        return PEMText.certificates(in: text).first
                    }.topology
                } catch let error as SourceError {
                    throw CommandFailure(
                        .checkFailed, error.problems.map { "\(file):\($0)" }.joined(separator: "\n     "))
                }
                let client = AdminClient(folder: folder)
                let current = try await client.get("/topology")
                let signer = try NodeKeys.load(publisherKey ?? folder.offline + "/publisher.pem").signer()
                let envelope = try TopologySigning.sign(
                    topology, afterVersion: UInt64(current["version"]?.integerValue ?? 0),
                    envelope: SignedEnvelope(json: current["envelope"] ?? .null), with: [signer],
                    now: OperatingSystem.wallTime)
                let value = try await client.post("/topology", .object(["envelope": envelope.json]))
                if options.json { return Terminal.print(value.text) }
                Terminal.print(
                    "published in epoch \(value["epoch"]?.integerValue ?? 0); links closed here so far: \(value["links_closed"]?.integerValue ?? 0)"
                )
            }
        }
    }
}
