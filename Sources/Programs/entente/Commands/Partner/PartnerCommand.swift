import ArgumentParser
import Node
import Trust

/// Organisations that we federate with.
struct PartnerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "partner", abstract: "List, add, block and remove federated organisations.",
        discussion: """
            Example:
              entente partner add fabrikam.example --edge sip.fabrikam.example --address 203.0.113.7:5061 --root fabrikam.pem
              entente partner block fabrikam.example
            """,
        subcommands: [
            PartnerListCommand.self, PartnerAddCommand.self, PartnerRemoveCommand.self, PartnerBlockCommand.self,
            PartnerUnblockCommand.self,
        ])
}

extension Topology {
    /// The partner's record; a name that is not there is answered with the nearest that is.
    func partnerRecord(_ name: String) throws -> PartnerRecord {
        if let record = partner(named: name.lowercased()) ?? partner(ofDomain: name.lowercased()) { return record }
        let near = NearestName.nearest(to: name, among: partners.map(\.name))
        throw CommandFailure(
            .checkFailed, "there is no partner \(name)" + (near.map { "; did you mean \($0)?" } ?? ""),
            next: "entente partner list")
    }
}
