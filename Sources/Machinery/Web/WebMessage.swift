public import Trust

/// A request to one of the small HTTP interfaces of a server, whole.
public struct WebRequest: Sendable {
    /// `GET`, `POST`, ...
    public let method: String
    /// The path without the query.
    public let path: String
    /// The query's parameters; of equal names the last counts.
    public let query: [String: String]
    /// The body, at most `WebLimits.bodyBytesMax`.
    public let body: [UInt8]
    /// What the TLS handshake showed; nil on a Unix socket and on the plain listener of the metrics.
    public let evidence: LinkEvidence?

    /// A request.
    public init(
        method: String, path: String, query: [String: String] = [:], body: [UInt8] = [], evidence: LinkEvidence? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.evidence = evidence
    }
}

/// The answer to a `WebRequest`, whole.
public struct WebResponse: Sendable {
    /// The HTTP status.
    public let status: Int
    /// The media type of the body.
    public let contentType: String
    /// The body.
    public let body: [UInt8]

    /// An answer.
    public init(status: Int = 200, contentType: String = "application/json", body: [UInt8] = []) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// An answer of plain text.
    public static func text(_ text: String, status: Int = 200) -> WebResponse {
        WebResponse(status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }
}

/// The limits of the HTTP interfaces.
public enum WebLimits {
    /// Bytes of a request's or a response's body: a trust bundle of a large network with its directory.
    public static let bodyBytesMax = 64 << 20
    /// Bytes of the body of a request from somebody who is not known: room for a certificate request.
    public static let strangerBodyBytesMax = 64 << 10
    /// Requests of strangers that one listener works on at once; above it their connections are closed.
    public static let strangersMax = 256
    /// Connections of known peers that one listener holds at once; above it new ones are closed.
    public static let connectionsMax = 4_096
    /// Connections of a TLS listener whose peer has not shown a known key; above it the oldest is closed.
    public static let entranceMax = 1_024
    /// Of these, connections from one address; above it new ones are closed.
    public static let entrancePerAddressMax = 32
    /// Seconds that a connection may take to bring a request, and as many to take the answer.
    public static let requestSecondsMax: Int64 = 30
}

/// Where an interface is reached.
public enum WebAddress: Sendable, CustomStringConvertible {
    /// An address and port.
    case network(NetworkAddress)
    /// A Unix socket in the file system.
    case socket(path: String)

    public var description: String {
        switch self {
        case .network(let address): address.description
        case .socket(let path): path
        }
    }
}

/// Why no answer came.
public enum WebFailure: Error, CustomStringConvertible {
    /// Nobody answers there, or the connection broke.
    case unreachable(WebAddress, String)
    /// The other side's certificate was not the one asked for.
    case refused(WebAddress)
    /// The answer was longer than `WebLimits.bodyBytesMax`, or not HTTP.
    case malformed(WebAddress)
    /// The listener could not be opened in such a way that only its owner reaches it.
    case unsafe(WebAddress, String)

    public var description: String {
        switch self {
        case .unreachable(let address, let why): "cannot reach \(address): \(why)"
        case .refused(let address): "\(address) is not who it should be"
        case .malformed(let address): "the answer of \(address) is not readable"
        case .unsafe(let address, let why): "cannot open \(address) for its owner alone: \(why)"
        }
    }
}
