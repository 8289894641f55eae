import ArgumentParser
import Trust

/// Refuse an organisation (E404) and cut its links, and keep its record.
struct PartnerBlockCommand: PartnerChangeCommand {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Refuse an organisation (E404) and cut its links, and keep its record.",
        discussion: "Example: entente partner block fabrikam.example")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The partner's domain.") var domain: String

    static let outcome = "is blocked"

    func change(_ record: PartnerRecord, in topology: inout Topology) {
        topology.setBlocked(true, record)
    }
}
