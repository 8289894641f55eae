public import Basis
public import Trust

/// What the authority hands to one server: the changed trust objects, the server's own certificates, and for those that
/// keep users the changes of the directory. The answer of `GET /trust/v1/objects`, and the body that is pushed to an edge.
public struct NodeDelivery: Sendable, Hashable {
    static let type = "node-delivery"
    /// Version 2 has `userEnded`; a delivery without it is written as version 1.
    static let versions: ClosedRange<Int64> = 1...2
    /// The most certificate chains in a delivery: current key and next key, and one spare.
    public static let chainsMax = 3
    /// The most certificates in a chain.
    public static let chainLengthMax = 8

    /// The trust objects that changed; empty when nothing did.
    public let bundle: TrustBundle
    /// Chains for the server's pinned keys, each leaf first, in DER; the current key's first.
    public let chains: [[[UInt8]]]
    /// The changes of the user directory; only for front ends and directors.
    public let directory: DirectoryChanges?
    /// The users who ended; only for edges that tell what they know of them.
    public let userEnded: EndedUsers?

    /// A delivery with these parts.
    public init(
        bundle: TrustBundle, chains: [[[UInt8]]] = [], directory: DirectoryChanges? = nil, userEnded: EndedUsers? = nil
    ) {
        self.bundle = bundle
        self.chains = chains
        self.directory = directory
        self.userEnded = userEnded
    }

    /// Reads the JSON form.
    public init(parsing bytes: [UInt8]) throws(AuthorityError) {
        let form = try FileForm(
            parsing: bytes, type: Self.type, versions: Self.versions,
            known: ["bundle", "chains", "directory", "userEnded"], limits: .bundle)
        var directory: DirectoryChanges?
        if let changes = form.optional("directory") {
            do {
                directory = try DirectoryChanges(json: changes)
            } catch {
                throw form.fault("directory", error.description)
            }
        }
        let ended = form.optional("userEnded")
        let userEnded = ended.flatMap { EndedUsers(json: $0) }
        guard (ended == nil) == (userEnded == nil) else { throw form.fault("userEnded") }
        self.init(
            bundle: try form.bundle("bundle"), chains: try form.chains("chains"), directory: directory,
            userEnded: userEnded)
    }

    /// The JSON form.
    public var bytes: [UInt8] {
        FileForm.json(
            type: Self.type, version: userEnded == nil ? Self.versions.lowerBound : Self.versions.upperBound,
            [
                "bundle": bundle.json, "chains": FileForm.chains(chains), "directory": directory?.json,
                "userEnded": userEnded?.json,
            ]
        ).canonicalBytes
    }
}

extension FileForm {
    func bundle(_ name: String) throws(AuthorityError) -> TrustBundle {
        let value = try value(name)
        do {
            return try TrustBundle(json: value)
        } catch {
            throw fault(name, error.description)
        }
    }

    func chains(_ name: String) throws(AuthorityError) -> [[[UInt8]]] {
        let chains = try array(name)
        guard chains.count <= NodeDelivery.chainsMax else { throw fault(name, "has too many chains") }
        var result: [[[UInt8]]] = []
        for chain in chains {
            let texts = chain.arrayValue ?? []
            let certificates = texts.compactMap { $0.stringValue.flatMap(Base64.decode) }
            guard !texts.isEmpty, texts.count <= NodeDelivery.chainLengthMax, certificates.count == texts.count else {
                throw fault(name)
            }
            result.append(certificates)
        }
        return result
    }

    static func chains(_ chains: [[[UInt8]]]) -> JSONValue {
        .array(chains.map { .array($0.map { .string(Base64.encode($0)) }) })
    }
}

/// What a server tells the authority after it took a delivery.
public struct NodeAcknowledgement: Sendable, Hashable {
    /// The most octets of an acknowledgement.
    public static let octetsMax = 1 << 20
    /// The most refusals that one acknowledgement carries; the server keeps the newest.
    public static let refusalsMax = 100

    /// A refusal that the server reports, so that the owner of the refused key can ask for it.
    public struct ReportedRefusal: Sendable, Hashable {
        /// Whom it refused: the name that was dialled or shown, for people.
        public let peer: String
        /// The pin of the key that was shown, if one was.
        public let key: KeyPin?
        /// The code, `E602`.
        public let code: String
        /// When.
        public let time: WallTime

        /// A refusal.
        public init(peer: String, key: KeyPin?, code: String, time: WallTime) {
            self.peer = peer
            self.key = key
            self.code = code
            self.time = time
        }
    }

    /// The server's FQDN.
    public let node: String
    /// The epoch that it uses now.
    public let epoch: TrustEpoch
    /// Whether every shard has looked at its links again under that epoch.
    public let swept: Bool
    /// How many links it closed for it.
    public let linksClosed: UInt64
    /// The directory sequence up to which it has closed the flows of ended users; nil from a server that is told in
    /// another way.
    public let userEnded: UInt64?
    /// What it refused since its last acknowledgement.
    public let refusals: [ReportedRefusal]

    /// An acknowledgement; refusals beyond `refusalsMax` are left out, oldest first.
    public init(
        node: String, epoch: TrustEpoch, swept: Bool, linksClosed: UInt64, userEnded: UInt64? = nil,
        refusals: [ReportedRefusal] = []
    ) {
        self.node = node
        self.epoch = epoch
        self.swept = swept
        self.linksClosed = linksClosed
        self.userEnded = userEnded
        self.refusals = refusals.suffix(Self.refusalsMax)
    }

    /// Reads the JSON form `{node, epoch, swept, links_closed, user_ended, refusals}`.
    public init(parsing bytes: [UInt8]) throws(AuthorityError) {
        func unreadable(_ reason: String) -> AuthorityError {
            .fileUnreadable(what: "the acknowledgement", reason: reason)
        }
        guard bytes.count <= Self.octetsMax else { throw unreadable("longer than \(Self.octetsMax) octets") }
        guard let value = try? JSONValue(parsing: bytes), let node = value["node"]?.stringValue,
            let epoch = value["epoch"]?.integerValue.flatMap({ UInt64(exactly: $0) }),
            let swept = value["swept"]?.boolValue,
            let closed = value["links_closed"]?.integerValue.flatMap({ UInt64(exactly: $0) }),
            let items = value["refusals"]?.arrayValue
        else { throw unreadable("a member is missing or malformed") }
        guard items.count <= Self.refusalsMax else { throw unreadable("more than \(Self.refusalsMax) refusals") }
        var refusals: [ReportedRefusal] = []
        for item in items {
            guard let peer = item["peer"]?.stringValue, let code = item["code"]?.stringValue,
                let time = item["time"]?.stringValue.flatMap({ WallTime(rfc3339: $0) })
            else { throw unreadable("a refusal lacks peer, code or time") }
            let key = item["key"]?.stringValue.flatMap { KeyPin($0) }
            refusals.append(ReportedRefusal(peer: peer, key: key, code: code, time: time))
        }
        self.init(
            node: node, epoch: TrustEpoch(epoch), swept: swept, linksClosed: closed,
            userEnded: value["user_ended"]?.integerValue.flatMap { UInt64(exactly: $0) }, refusals: refusals)
    }

    /// The JSON form.
    public var bytes: [UInt8] {
        let items = refusals.map { refusal in
            JSONValue.object(
                [
                    "peer": .string(refusal.peer), "key": refusal.key.map { .string($0.description) },
                    "code": .string(refusal.code), "time": .string(refusal.time.description),
                ].compactMapValues(\.self))
        }
        let members: [String: JSONValue?] = [
            "node": .string(node), "epoch": .integer(Int64(clamping: epoch.number)), "swept": .bool(swept),
            "links_closed": .integer(Int64(clamping: linksClosed)), "refusals": .array(items),
            "user_ended": userEnded.map { .integer(Int64(clamping: $0)) },
        ]
        return JSONValue.object(members.compactMapValues(\.self)).canonicalBytes
    }
}
