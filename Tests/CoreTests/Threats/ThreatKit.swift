import Basis
import SIP
import Server
import Testing
import Trust

/// What the tables of threats have in common.
enum Threat {
    /// A request outside a dialog of every kind that this network carries, and one that nobody knows.
    static let methods = [
        "INVITE", "MESSAGE", "SUBSCRIBE", "PUBLISH", "REFER", "NOTIFY", "OPTIONS", "INFO", "UPDATE", "NOVEL",
    ]

    /// A request of `method` that differs from the next one in nothing that a table does not change.
    static func draft(_ method: String, from: String, to: String, _ lines: [String] = []) -> Draft {
        Draft(method, from: from, to: to, ["Contact: <sip:x@192.0.2.7:40000;transport=tls>"] + lines)
    }
}

extension DecisionWorld {
    /// The usual world with a second partner that may link: Northwind, below Fabrikam's root.
    static func withTwoPartners() throws -> DecisionWorld {
        var world = try DecisionWorld.withPartnerAndPorts()
        world.topology.partners.append(
            PartnerRecord(
                name: "northwind.example", edge: "sip.northwind.example",
                address: NetworkAddress("127.0.2.3:5061"), roots: ["fabrikam"]))
        return world
    }

    /// Northwind's edge.
    static let northwindEdge = CertificateRequest(
        subject: "sip.northwind.example", dns: ["sip.northwind.example", "northwind.example"])
}

extension TestServer {
    /// A link that Northwind's edge opened.
    func northwind() throws -> ConnectionID {
        let id = connect(.outside(try world.fabrikam.chain(DecisionWorld.northwindEdge)))
        try #require(closed[id] == nil, "\(events)")
        return id
    }

    /// Everything that was written to any connection but `excepted` since the last look.
    func written(except excepted: Set<ConnectionID>) -> [SIPMessage] {
        inbox.keys.filter { !excepted.contains($0) }.flatMap { read($0) }
    }
}
