public import Basis

/// The way to one client: RFC 5626's flow, as the server sees it that keeps the client's bindings.
///
/// Proven users and bindings hang on the flow, never on a connection between servers: behind one link from an edge sit
/// many clients, and what one of them proved says nothing about the next.
public enum Flow: Hashable, Sendable {
    /// The client is connected to this process.
    case direct(ConnectionID)
    /// The client is connected to an edge, which named its connection by a token only it can read.
    case edge(EdgeFlow)
}

/// A client's flow at an edge: the edge's name and the token of its Path or Record-Route.
public struct EdgeFlow: Hashable, Sendable {
    /// The FQDN of the edge, as `decide` verified it on the link that the token came over.
    public let edge: String
    /// The user part of the edge's Path or Record-Route URI.
    public let token: [UInt8]

    /// A token as it came from `edge`.
    public init(edge: String, token: [UInt8]) {
        self.edge = edge
        self.token = token
    }
}

/// The flow token that an edge writes into Path and Record-Route: a `ConnectionID` under a MAC.
struct FlowTokens: Sendable {
    private let sealer: TokenSealer

    init(sealer: TokenSealer) {
        self.sealer = sealer
    }

    /// The user part that stands for `connection`.
    func token(for connection: ConnectionID) -> [UInt8] {
        Base64URL.encode(sealer.seal(connection.rawValue.bigEndianBytes, as: .flow))
    }

    /// The connection behind a token that this process made; nil for anybody else's.
    func connection(for token: ArraySlice<UInt8>) -> ConnectionID? {
        guard token.count <= 64, let sealed = Base64URL.decode(token),
            let content = sealer.open(sealed[...], as: .flow), let raw = UInt64(bigEndianBytes: content)
        else { return nil }
        return ConnectionID(rawValue: raw)
    }
}

extension UInt64 {
    var bigEndianBytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: self >> UInt64(56 - 8 * $0)) }
    }

    init?(bigEndianBytes bytes: ArraySlice<UInt8>) {
        guard bytes.count == 8 else { return nil }
        self = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
