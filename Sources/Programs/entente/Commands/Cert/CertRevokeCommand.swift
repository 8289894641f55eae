import ArgumentParser
import Basis
import Transport
import Trust

/// Revokes, and says who has heard of it.
struct CertRevokeCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revoke a certificate, or all of a subject; live links that show it are cut at once.",
        discussion: """
            Example: entente cert revoke edge1.example.org --wait

            With --wait each server's acknowledgement is shown with its time since the revocation, and how many links it \
            closed. Exit code 5 when a server did not answer in time; it stays revoked there as well, from the next contact.
            """)
    @OptionGroup var options: GlobalOptions
    @Argument(help: "A serial number, or a subject: a server's FQDN, an address-of-record.") var what: String
    @Option(help: "keyCompromise, superseded, cessationOfOperation, ... (RFC 5280 §5.3.1).") var reason: String?
    @Flag(help: "Wait until the servers have acknowledged, and show it.") var wait = false
    @Option(help: "How many seconds to wait.") var seconds = 10

    func perform() async throws {
        var body: [String: JSONValue] = ["what": .string(what)]
        if let reason {
            let known = RevocationReason.allCases.map { "\($0)" }
            guard known.contains(reason) else {
                let near = NearestName.nearest(to: reason, among: known).map { "; did you mean `\($0)`?" } ?? ""
                throw CommandFailure(
                    .usage, "--reason `\(reason)` is not known\(near)", expected: known.joined(separator: ", "))
            }
            body["reason"] = .string(reason)
        }
        let before = try await admin.get("/servers")
        let begin = OperatingSystem.wallTime
        let value = try await admin.post("/certificates/revoke", .object(body))
        guard value["changed"]?.boolValue == true else { return print(value, "revoked already; nothing to do") }
        let epoch = value["epoch"]?.integerValue ?? 0
        guard wait else {
            return print(
                value, "\(what) is revoked in epoch \(epoch); the servers hear of it now (--wait shows when)")
        }
        let waiting = SweepWait(client: admin, before: before, begin: begin, epoch: epoch)
        let outcome = try await waiting.run(seconds: seconds)
        var fields = value.objectValue ?? [:]
        fields["servers"] = .array(outcome.servers.map(\.json))
        fields["closed"] = .array(outcome.closed)
        fields["complete"] = .bool(outcome.isComplete)
        print(.object(fields), "\(what) is revoked in epoch \(epoch)\n\(outcome.text)")
        if !outcome.isComplete { throw ExitCode(ExitStatus.unreachable.rawValue) }
    }
}
