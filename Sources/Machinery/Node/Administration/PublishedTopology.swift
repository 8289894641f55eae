import Authority
public import Basis
public import Trust

/// What `GET /topology` of the administration socket answers, and how the document after it is handed in: it is fetched,
/// edited, and signed where the keys are. The server never sees them.
public struct PublishedTopology: Sendable {
    /// The document in force.
    public let topology: Topology
    /// Its version.
    public let version: UInt64
    private let envelope: SignedEnvelope

    /// Reads the answer; an error of the envelope or the document when it is none.
    public init(json: JSONValue) throws {
        version = UInt64(clamping: json["version"]?.integerValue ?? 0)
        envelope = try SignedEnvelope(json: json["envelope"] ?? .null)
        topology = try TopologyObject(json: envelope.signed).topology
    }

    /// The body of the `POST /topology` that makes `wanted` the next version.
    ///
    /// - Parameters:
    ///   - enrolling: the public keys (DER) of servers that join by it, by FQDN.
    ///   - signers: as many publisher keys as the root asks for.
    public func successor(
        _ wanted: Topology, enrolling: [String: [UInt8]] = [:], signedBy signers: [SigningKey], at now: WallTime
    ) throws -> JSONValue {
        let signed = try TopologySigning.sign(
            wanted, afterVersion: version, envelope: envelope, with: signers, now: now)
        let keys = enrolling.mapValues { JSONValue.string(Base64.encode($0)) }
        return .object(["envelope": signed.json, "enrolling": .object(keys)])
    }
}
