import Basis
import SIP
import Server
import Testing
import Trust

/// An edge and the front end behind it. What one sends to the other is carried by `exchange`.
final class EdgePair {
    let edge: TestServer
    let home: TestServer
    private var toHome: (out: ConnectionID, into: ConnectionID)?
    private var toEdge: (out: ConnectionID, into: ConnectionID)?

    init(_ world: DecisionWorld) throws {
        edge = try TestServer("edge1", in: world)
        home = try TestServer("fe1", in: world, users: ["alice", "bob"])
    }

    func exchange() throws {
        while true {
            if edge.dials.contains(where: { $0.dialled == .server("fe1.contoso.example") }) {
                toHome = (try edge.answerDial(as: "fe1"), try home.peer("edge1"))
            }
            if home.dials.contains(where: { $0.dialled == .server("edge1.contoso.example") }) {
                toEdge = (try home.answerDial(as: "edge1"), try edge.peer("fe1"))
            }
            var moved = 0
            func move(_ from: TestServer, _ id: ConnectionID, _ to: TestServer, _ other: ConnectionID) {
                for message in from.read(id) {
                    moved += 1
                    to.send(message.serialised(), on: other)
                }
            }
            if let link = toHome {
                move(edge, link.out, home, link.into)
                move(home, link.into, edge, link.out)
            }
            if let link = toEdge {
                move(home, link.out, edge, link.into)
                move(edge, link.into, home, link.out)
            }
            if moved == 0 { return }
        }
    }

    func outsider() throws -> ConnectionID {
        let id = edge.connect(.outside([]).with { $0.remoteAddress = NetworkAddress("198.51.100.4:50000") })
        try #require(edge.closed[id] == nil)
        return id
    }

    func register(_ user: String, on id: ConnectionID) throws -> SIPMessage {
        let instance = "+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000a95a0e128>\";reg-id=1"
        let draft = Draft.register(
            user, contact: "<sip:\(user)@198.51.100.4>;\(instance)", ["Supported: path, outbound"])
        edge.send(draft, on: id)
        try exchange()
        edge.send(try draft.answering(try edge.one(id), as: user), on: id)
        try exchange()
        return try edge.one(id)
    }
}

extension DecisionWorld {
    /// The usual world with an address for Fabrikam, and one host for all of our servers: only the port tells their Routes
    /// apart.
    static func withPartnerAndPorts() throws -> DecisionWorld {
        var world = try DecisionWorld()
        world.topology.partners[0].address = NetworkAddress("127.0.2.1:5061")
        for index in world.topology.servers.indices {
            guard let address = NetworkAddress("[::1]:\(5_070 + index)") else { continue }
            world.topology.servers[index].address = address
        }
        return world
    }
}
