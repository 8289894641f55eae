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
        var content = connection.rawValue.bigEndianBytes
        sealer.seal(&content, as: .flow)
        return Base64URL.encode(content)
    }

    /// The connection behind a token that this process made; nil for anybody else's.
    func connection(for token: ArraySlice<UInt8>) -> ConnectionID? {
        guard token.count <= 64, let sealed = Base64URL.decode(token),
            let content = sealer.open(sealed, as: .flow), let raw = UInt64(bigEndianBytes: content)
        else { return nil }
        return ConnectionID(rawValue: raw)
    }
}

extension [UInt8] {
    /// Appends the bytes of `number`, the highest first.
    mutating func append<Number: FixedWidthInteger>(bigEndian number: Number) {
        var shift = Number.bitWidth
        while shift > 0 {
            shift -= 8
            append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }
}

extension FixedWidthInteger {
    var bigEndianBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.bitWidth / 8)
        bytes.append(bigEndian: self)
        return bytes
    }

    /// The number in exactly as many bytes as it has; nil for another count.
    init?(bigEndianBytes bytes: ArraySlice<UInt8>) {
        guard bytes.count == Self.bitWidth / 8 else { return nil }
        self = 0
        for byte in bytes { self = self << 8 | Self(byte) }
    }
}
