import ArgumentParser
import Trust

/// The partners of the published topology.
struct PartnerListCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the partners.", discussion: "Example: entente partner list")
    @OptionGroup var options: GlobalOptions

    func perform() async throws {
        let topology = try await TopologyEditor(admin).topology
        let partners = topology.json["partners"]?.objectValue ?? [:]
        print(
            .object(["schema_version": .integer(1), "partners": .object(partners)]),
            topology.partners.isEmpty
                ? "no partners; add one with: entente partner add DOMAIN --edge NAME --address HOST:PORT --root FILE"
                : Terminal.table(
                    ["PARTNER", "KIND", "STATE", "DOMAINS", "EDGE", "ADDRESS", "ROOTS"],
                    topology.partners.map { partner in
                        [
                            partner.name, partner.kind.rawValue, Self.state(of: partner),
                            partner.domains.joined(separator: " "), partner.edge ?? "-",
                            partner.address?.description ?? "-",
                            (partner.roots + (partner.publicRoots ? ["public"] : [])).joined(separator: " "),
                        ]
                    }))
    }

    private static func state(of partner: PartnerRecord) -> String {
        partner.blocked ? "blocked" : partner.enabled ? "on" : "off"
    }
}
