import ArgumentParser
import Basis
import Transport
import Trust

/// What the CA has issued.
struct CertListCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List certificates, the next to expire first.",
        discussion: "Example: entente cert list --all")
    @OptionGroup var options: GlobalOptions
    @Flag(help: "Expired certificates as well.") var all = false

    func perform() async throws {
        let value = try await admin.get("/certificates")
        let now = OperatingSystem.wallTime.description
        // RFC 3339 in UTC sorts as text.
        let shown = (value["certificates"]?.arrayValue ?? []).filter { all || $0.shown("not_after") > now }
        let rows = shown.map { record in
            ["serial", "profile", "subject", "not_after"].map(record.shown)
                + [record["revoked"]?.boolValue == true ? "revoked" : ""]
        }
        var fields = value.objectValue ?? [:]
        fields["certificates"] = .array(shown)
        print(.object(fields), Terminal.table(["SERIAL", "PROFILE", "SUBJECT", "EXPIRES", ""], rows))
    }
}
