import ArgumentParser
import Trust

/// End federation with an organisation; its links are cut at once.
struct PartnerRemoveCommand: PartnerChangeCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "End federation with an organisation; its links are cut at once.",
        discussion: "Example: entente partner remove fabrikam.example")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The partner's domain.") var domain: String

    static let outcome = "is no partner any more"

    func change(_ record: PartnerRecord, in topology: inout Topology) {
        topology.partners.removeAll { $0.name == record.name }
        let used = Set(topology.partners.flatMap(\.roots) + topology.applications.flatMap(\.roots))
        topology.roots.removeAll { record.roots.contains($0.name) && !used.contains($0.name) }
    }
}
