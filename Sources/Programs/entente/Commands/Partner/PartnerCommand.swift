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

            Both sides do it, each with the other's root.pem. `partner add` prints the root fingerprint of that file: it must be \
            what the other side reads out from its own `entente status`.
            """,
        subcommands: [
            PartnerListCommand.self, PartnerAddCommand.self, PartnerRemoveCommand.self, PartnerBlockCommand.self,
            PartnerUnblockCommand.self,
        ])
}

/// A command that changes the record of one partner and publishes.
protocol PartnerChangeCommand: Command {
    var signing: SigningOptions { get }
    var domain: String { get }
    /// What holds afterwards, for people: `is blocked`.
    static var outcome: String { get }
    /// Changes the record in the topology that is to be published.
    func change(_ record: PartnerRecord, in topology: inout Topology)
}

extension PartnerChangeCommand {
    func perform() async throws {
        let editor = try await TopologyEditor(admin)
        let record = try editor.topology.partnerRecord(domain)
        var wanted = editor.topology
        change(record, in: &wanted)
        let published = try await editor.publish(wanted, signedBy: try signing.signers(options.folder))
        let (json, text) = editor.report(wanted, published, what: "\(record.name) \(Self.outcome)")
        print(json, text)
    }
}

extension Topology {
    /// Blocks a partner, or lets it in again.
    mutating func setBlocked(_ isBlocked: Bool, _ record: PartnerRecord) {
        for index in partners.indices where partners[index].name == record.name { partners[index].blocked = isBlocked }
    }

    /// The partner's record; a name that is not there is answered with the nearest that is.
    func partnerRecord(_ name: String) throws -> PartnerRecord {
        if let record = partner(named: name.lowercased()) ?? partner(ofDomain: name.lowercased()) { return record }
        let near = NearestName.nearest(to: name, among: partners.map(\.name))
        throw CommandFailure(
            .checkFailed, "there is no partner \(name)" + (near.map { "; did you mean \($0)?" } ?? ""),
            next: "entente partner list")
    }
}
