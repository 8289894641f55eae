import ArgumentParser
import Trust

/// Let an organisation in again that was blocked.
struct PartnerUnblockCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "unblock", abstract: "Let an organisation in again that was blocked.",
        discussion: "Example: entente partner unblock fabrikam.example")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The partner's domain.") var domain: String

    func perform() async throws {
        let editor = try await TopologyEditor(admin)
        let record = try editor.topology.partnerRecord(domain)
        var wanted = editor.topology
        for index in wanted.partners.indices where wanted.partners[index].name == record.name {
            wanted.partners[index].blocked = false
        }
        let published = try await editor.publish(wanted, signedBy: try signing.signers(options.folder))
        let (json, text) = editor.report(wanted, published, what: "\(record.name) is not blocked")
        print(json, text)
    }
}
