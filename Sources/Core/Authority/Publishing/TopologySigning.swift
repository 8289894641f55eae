public import Basis
public import Trust

/// Signs topologies with the publishers' keys: the part of publishing that needs no online key and may run on another
/// machine.
public enum TopologySigning {
    /// The signed object of `topology` as the successor of `current`: version one higher, with the hash of the one
    /// before.
    /// - Throws: `topologyUnsound` when the document contradicts itself; `signingFailed`.
    public static func sign(
        _ topology: Topology, after current: VerifiedTopology?, with keys: [SigningKey], now: WallTime
    ) throws(AuthorityError) -> SignedEnvelope {
        try sign(
            topology, version: (current?.content.header.version ?? 0) + 1, previous: current?.hash, with: keys,
            now: now)
    }

    /// The same for a command that knows the current object only as it was sent to it.
    public static func sign(
        _ topology: Topology, afterVersion version: UInt64, envelope current: SignedEnvelope, with keys: [SigningKey],
        now: WallTime
    ) throws(AuthorityError) -> SignedEnvelope {
        try sign(topology, version: version + 1, previous: current.hash, with: keys, now: now)
    }

    /// The signed object of `topology` with this version and the hash of the object before it; nil for version 1.
    static func sign(
        _ topology: Topology, version: UInt64, previous: [UInt8]?, with keys: [SigningKey], now: WallTime
    ) throws(AuthorityError) -> SignedEnvelope {
        let errors = topology.check().filter { $0.severity == .error }
        guard errors.isEmpty else { throw .topologyUnsound(errors.map { "\($0.path): \($0.message)" }) }
        let object = TopologyObject(
            header: ObjectHeader(version: version, issued: now, expires: now + AuthorityTimes.topology),
            previous: previous, topology: topology)
        return try envelope(object.json, with: keys)
    }

    static func envelope(_ signed: JSONValue, with keys: [SigningKey]) throws(AuthorityError) -> SignedEnvelope {
        do {
            return try SignedEnvelope(signing: signed, with: keys)
        } catch {
            throw .signingFailed
        }
    }
}
