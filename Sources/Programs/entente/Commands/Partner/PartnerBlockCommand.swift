import ArgumentParser
import Trust

/// Refuse an organisation (E404) and cut its links, and keep its record.
struct PartnerBlockCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Refuse an organisation (E404) and cut its links, and keep its record.",
        discussion: "Example: entente partner block fabrikam.example")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The partner's domain.") var domain: String

    func perform() async throws {
        let editor = try await TopologyEditor(admin)
        let record = try editor.topology.partnerRecord(domain)
        var wanted = editor.topology
        for index in wanted.partners.indices where wanted.partners[index].name == record.name {
            wanted.partners[index].blocked = true
        }
        let published = try await editor.publish(wanted, signedBy: try signing.signers(options.folder))
        let (json, text) = editor.report(wanted, published, what: "\(record.name) is blocked")
        print(json, text)
    }
}
