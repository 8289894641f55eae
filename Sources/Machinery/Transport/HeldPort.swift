import NIOCore
import NIOPosix
public import Trust

/// A TCP port that is kept from others until it is released: how a port is chosen before the server that uses it runs.
public struct HeldPort: Sendable {
    /// Where it is, with the port that the system chose.
    public let address: NetworkAddress
    private let channel: any Channel

    /// Takes `address`; port 0 lets the system choose. Throws when somebody else listens there.
    public init(_ address: NetworkAddress) async throws {
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: address.host, port: Int(address.port)).get()
        let port = channel.localAddress?.port ?? 0
        self.address = NetworkAddress("\(address.host):\(port)") ?? address
    }

    /// Lets go of it.
    public func release() async throws {
        try await channel.close()
    }
}
