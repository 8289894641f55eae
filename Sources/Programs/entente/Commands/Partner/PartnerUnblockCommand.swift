import ArgumentParser
import Trust

/// Let an organisation in again that was blocked.
struct PartnerUnblockCommand: PartnerChangeCommand {
    static let configuration = CommandConfiguration(
        commandName: "unblock", abstract: "Let an organisation in again that was blocked.",
        discussion: "Example: entente partner unblock fabrikam.example")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The partner's domain.") var domain: String

    static let outcome = "is not blocked"

    func change(_ record: PartnerRecord, in topology: inout Topology) {
        topology.setBlocked(false, record)
    }
}
