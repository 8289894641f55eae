import Foundation
import NIOCore
import NIOPosix
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
        guard let port = byPlace[Self.place(use, server)],
            let address = NetworkAddress("\(Self.host(use, server)):\(port)")
        else { throw CommandFailure(.internal, "\(server.name) has no \(use.rawValue) port") }
        return address
    }

    /// Chooses every port that is missing, and another for each that is in use. Returns what moved.
    mutating func settle(_ servers: [DemoServer]) async throws -> [Move] {
        var moves: [Move] = []
        // All stay open until the last is chosen: the system does not give the same one twice.
        var held: [any Channel] = []
        for server in servers {
            for use in server.uses {
                let place = Self.place(use, server)
                let wanted = byPlace[place]
                let channel: any Channel
                if let wanted, let open = try? await Self.open(Self.host(use, server), wanted) {
                    channel = open
                } else {
                    channel = try await Self.open(Self.host(use, server), 0)
                }
                held.append(channel)
                let chosen = UInt16(clamping: channel.localAddress?.port ?? 0)
                if let wanted, wanted != chosen {
                    moves.append(Move(server: server.name, use: use, from: wanted, to: chosen))
                }
                byPlace[place] = chosen
            }
        }
        for channel in held { try await channel.close() }
        return moves
    }

    private static func open(_ host: String, _ port: UInt16) async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: host, port: Int(port)).get()
    }

    private static func place(_ use: Use, _ server: DemoServer) -> String { "\(server.name) \(use.rawValue)" }

    private static func host(_ use: Use, _ server: DemoServer) -> String {
        switch use {
        case .internal, .external, .trust: server.host
        // The metrics listener is for this machine only, wherever SIP is served.
        case .metrics: "127.0.0.1"
        }
    }
}
