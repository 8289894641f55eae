/// A topology as the publishers sign it: the document and its place in the chain of versions.
public struct TopologyObject: Sendable, Equatable {
    /// Version and times. The version grows by one.
    public var header: ObjectHeader
    /// The hash of the version before this one; nil in version 1.
    public var previous: [UInt8]?
    /// The document.
    public var topology: Topology

    /// A version of the document.
    public init(header: ObjectHeader, previous: [UInt8]?, topology: Topology) {
        self.header = header
        self.previous = previous
        self.topology = topology
    }

    /// Reads what is signed in a topology's envelope. Signatures are not checked by this.
    public init(json: JSONValue) throws(DocumentError) {
        var reader = try ObjectReader(json, at: [])
        self.header = try ObjectHeader(reading: &reader, kind: .topology)
        self.previous = try reader.optionalHash("previous")
        guard (previous == nil) == (header.version == 1) else {
            throw reader.fault("previous", "version 1 alone has none before it")
        }
        self.topology = try Topology(json: try reader.required("topology"))
        try reader.finish()
    }

    /// What is to be signed.
    public var json: JSONValue {
        .members(
            header.members(.topology) + [
                ("previous", previous.map { .hash($0) }),
                ("topology", topology.json),
            ])
    }
}
