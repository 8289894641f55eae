import Foundation
import Transport
import Trust

/// The ports of the demo: chosen by the system once, written down, and kept from then on.
struct DemoPorts {
    /// What a port is for.
    enum Use: String, Codable {
        case `internal`, external, trust, metrics
    }

    /// A port that was taken by somebody else, and what it became.
    struct Move {
        let server: String
        let use: Use
        let from: UInt16
        let to: UInt16
    }

    private(set) var byPlace: [String: UInt16]

    init(byPlace: [String: UInt16] = [:]) {
        self.byPlace = byPlace
    }

    func address(_ use: Use, of server: DemoServer) throws -> NetworkAddress {
        try Self.address(use, of: server, port: byPlace[Self.place(use, server)] ?? 0)
    }

    /// Chooses every port that is missing, and another for each that is in use. Returns what moved.
    mutating func settle(_ servers: [DemoServer]) async throws -> [Move] {
        var moves: [Move] = []
        // All stay open until the last is chosen: the system does not give the same one twice.
        var held: [HeldPort] = []
        for server in servers {
            for use in server.uses {
                let place = Self.place(use, server)
                let wanted = byPlace[place]
                let port: HeldPort
                if let wanted, let free = try? await HeldPort(Self.address(use, of: server, port: wanted)) {
                    port = free
                } else {
                    port = try await HeldPort(Self.address(use, of: server, port: 0))
                }
                held.append(port)
                let chosen = port.address.port
                if let wanted, wanted != chosen {
                    moves.append(Move(server: server.name, use: use, from: wanted, to: chosen))
                }
                byPlace[place] = chosen
            }
        }
        for port in held { try await port.release() }
        return moves
    }

    private static func place(_ use: Use, _ server: DemoServer) -> String { "\(server.name) \(use.rawValue)" }

    private static func address(_ use: Use, of server: DemoServer, port: UInt16) throws -> NetworkAddress {
        let host =
            switch use {
            case .internal, .external, .trust: server.host
            // The metrics listener is for this machine only, wherever SIP is served.
            case .metrics: "127.0.0.1"
            }
        guard let address = NetworkAddress("\(host):\(port)") else {
            throw CommandFailure(.internal, "\(host) is not an address")
        }
        return address
    }
}
