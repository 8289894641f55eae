import Authority
import Basis
import Transport
import Trust

/// The topology, and who joins by it.
extension AdminAPI {
    func topology() async throws -> JSONValue {
        let state = await runtime.replica.state
        guard let verified = state.verifiedTopology else { throw Refused(404, "no topology was published yet") }
        return [
            "schema_version": .integer(1), "version": .integer(Int64(verified.content.header.version)),
            "expires": .string(verified.content.header.expires.description),
            "envelope": verified.envelope.json, "topology": verified.content.topology.json,
            "source": .string(TopologySource.text(of: verified.content.topology)),
        ].object
    }

    /// Takes a topology that the command signed, with the public keys of servers that join by it.
    func publish(_ body: JSONValue) async throws -> JSONValue {
        let authority = try needAuthority()
        guard let object = body["envelope"] else { throw Refused(400, "`envelope` is missing") }
        let envelope: SignedEnvelope
        do {
            envelope = try SignedEnvelope(json: object)
        } catch {
            throw Refused(400, "the envelope is not one: \(error)")
        }
        var enrolling: [String: [UInt8]] = [:]
        for (server, key) in body["enrolling"]?.objectValue ?? [:] {
            guard let text = key.stringValue, let bytes = Base64.decode(text) else {
                throw Refused(400, "the key of \(server) is not Base64")
            }
            enrolling[server] = bytes
        }
        let now = OperatingSystem.wallTime
        let closed = await runtime.replica.linksClosed
        let publication = try await authority.publish(envelope, enrolling: enrolling, at: now)
        try audit(
            "topology.publish", "version \(await authority.state.verifiedTopology?.content.header.version ?? 0)", now)
        return await outcome(publication.epoch, closedBefore: closed)
    }

    func admission(of server: String) async throws -> JSONValue {
        let authority = try needAuthority()
        let admission = try await authority.admission(of: server, at: OperatingSystem.wallTime)
        return ["schema_version": .integer(1), "admission": try JSONValue(parsing: admission.bytes)].object
    }
}
