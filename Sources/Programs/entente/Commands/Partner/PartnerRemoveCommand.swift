import ArgumentParser
import Trust

/// End federation with an organisation; its links are cut at once.
struct PartnerRemoveCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "End federation with an organisation; its links are cut at once.",
        discussion: "Example: entente partner remove fabrikam.example")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The partner's domain.") var domain: String

    func perform() async throws {
        let editor = try await TopologyEditor(admin)
        let record = try editor.topology.partnerRecord(domain)
        var wanted = editor.topology
        wanted.partners.removeAll { $0.name == record.name }
        let used = Set(wanted.partners.flatMap(\.roots) + wanted.applications.flatMap(\.roots))
        wanted.roots.removeAll { record.roots.contains($0.name) && !used.contains($0.name) }
        let published = try await editor.publish(wanted, signedBy: try signing.signers(options.folder))
        let (json, text) = editor.report(wanted, published, what: "\(record.name) is no partner any more")
        print(json, text)
    }
}
