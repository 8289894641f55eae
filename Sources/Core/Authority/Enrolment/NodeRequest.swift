internal import SwiftASN1
public import Trust
internal import X509

/// What a new machine asks: to be a server of the network, with a key that it made and holds.
///
/// Travels as a file (`entente node request`). The PKCS#10 request inside proves that the key is held (RFC 2986 §4.2).
public struct NodeRequest: Sendable, Hashable {
    /// The `type` of the file.
    static let fileType = "node-request"
    /// The version of the file's form.
    static let fileVersion: Int64 = 1
    /// The most octets of such a file.
    public static let octetsMax = 65_536

    /// The server's FQDN, lower case.
    public let name: String
    /// What it is to be.
    public let roles: [ServerRole]
    /// Where it takes SIP over TLS from inside; nil when the topology says it already.
    public let address: NetworkAddress?
    /// Where it takes SIP over TLS from outside.
    public let external: NetworkAddress?
    /// Where it takes HTTPS for the trust channel.
    public let trust: NetworkAddress?
    /// The pin of the key that it will use next.
    public let nextKey: KeyPin
    /// The PKCS#10 request in DER.
    public let signingRequest: [UInt8]
    /// The SubjectPublicKeyInfo of the current key, DER; its possession was proven.
    public let subjectPublicKeyInfo: [UInt8]

    /// The pin of the current key.
    public var key: KeyPin { KeyPin(subjectPublicKeyInfo: subjectPublicKeyInfo) }

    /// A request for this machine's own keys.
    public init(
        name: String, roles: [ServerRole], address: NetworkAddress? = nil, external: NetworkAddress? = nil,
        trust: NetworkAddress? = nil, key: CertificateKey, nextKey: KeyPin
    ) throws(AuthorityError) {
        let folded = name.lowercased()
        guard DomainName.isFQDN(folded) else {
            throw .fileUnreadable(what: "the name", reason: "`\(name)` is not a full host name")
        }
        let signingRequest: [UInt8]
        do {
            let extensions = try Certificate.Extensions { SubjectAlternativeNames([.dnsName(folded)]) }
            let attribute = try CertificateSigningRequest.Attribute(ExtensionRequest(extensions: extensions))
            let request = try CertificateSigningRequest(
                version: .v1, subject: DistinguishedName(), privateKey: key.x509,
                attributes: CertificateSigningRequest.Attributes([attribute]))
            guard let encoded = DERCoding.encode(request) else { throw AuthorityError.encodingFailed }
            signingRequest = encoded
        } catch {
            throw .encodingFailed
        }
        try self.init(
            name: folded, roles: roles, address: address, external: external, trust: trust, nextKey: nextKey,
            signingRequest: signingRequest)
    }

    /// Reads a file.
    /// - Throws: `fileUnreadable`, `publicKeyUnusable`, `possessionNotProven`.
    public init(parsing bytes: [UInt8]) throws(AuthorityError) {
        guard bytes.count <= Self.octetsMax else {
            throw .fileUnreadable(what: "the \(Self.fileType) file", reason: "longer than \(Self.octetsMax) octets")
        }
        let form = try FileForm(
            parsing: bytes, type: Self.fileType, versions: Self.fileVersion...Self.fileVersion,
            known: ["name", "roles", "address", "external", "trust", "nextKey", "signingRequest"])
        var roles: [ServerRole] = []
        for item in try form.array("roles") {
            guard let role = item.stringValue.flatMap(ServerRole.init(rawValue:)) else {
                throw form.fault("roles", "has an unknown role")
            }
            roles.append(role)
        }
        guard let nextKey = KeyPin(try form.string("nextKey")) else { throw form.fault("nextKey") }
        try self.init(
            name: try form.host("name"), roles: roles, address: try form.address("address"),
            external: try form.address("external"), trust: try form.address("trust"), nextKey: nextKey,
            signingRequest: try form.bytes("signingRequest"))
    }

    private init(
        name: String, roles: [ServerRole], address: NetworkAddress?, external: NetworkAddress?, trust: NetworkAddress?,
        nextKey: KeyPin, signingRequest: [UInt8]
    ) throws(AuthorityError) {
        guard let request = try? CertificateSigningRequest(derEncoded: signingRequest) else {
            throw .fileUnreadable(what: "the \(Self.fileType) file", reason: "`signingRequest` is not PKCS#10")
        }
        guard CertificateLint.isAcceptable(request.publicKey) else { throw .publicKeyUnusable(name: name) }
        let asked = (try? request.attributes.extensionRequest?.extensions.subjectAlternativeNames).flatMap(\.self)
        guard request.publicKey.isValidSignature(request.signature, for: request),
            asked.map(Array.init) == [.dnsName(name)],
            let key = DERCoding.encode(request.publicKey)
        else { throw .possessionNotProven(name: name) }
        self.name = name
        self.roles = Array(Set(roles)).sorted()
        self.address = address
        self.external = external
        self.trust = trust
        self.nextKey = nextKey
        self.signingRequest = signingRequest
        self.subjectPublicKeyInfo = key
    }

    /// The file.
    public var bytes: [UInt8] {
        FileForm.json(
            type: Self.fileType, version: Self.fileVersion,
            [
                "name": .string(name), "roles": .array(roles.map { .string($0.rawValue) }),
                "address": address.map { .string($0.description) },
                "external": external.map { .string($0.description) }, "trust": trust.map { .string($0.description) },
                "nextKey": .string(nextKey.description), "signingRequest": .string(Base64.encode(signingRequest)),
            ]
        ).canonicalBytes
    }

    // MARK: Into the topology

    /// The topology with this server and its keys in it.
    ///
    /// A server that the topology names gets its pins, its addresses stay. One that it does not name is added, into
    /// `pool`, or into the only pool that has exactly these roles. Where there is none, a pool is made, named for the first
    /// role unless `pool` says otherwise: `edge.DOMAIN`. An edge pool gets the outside name `sip.DOMAIN`.
    /// - Throws: `admissionMismatch` when the topology gives the server other roles, `topologyUnsound` when there is no
    ///   place for it, `fileUnreadable` when the request lacks the addresses of a new server.
    public func admit(into topology: Topology, pool: String? = nil) throws(AuthorityError) -> Topology {
        var result = topology
        if let owner = topology.server(pinned: key)?.name ?? topology.application(pinned: key)?.name, owner != name {
            throw .admissionMismatch(expected: "a key of its own", seen: "the key of \(owner)")
        }
        if let index = topology.servers.firstIndex(where: { $0.name == name }) {
            let roles = topology.roles(of: name)
            guard roles == Set(self.roles) else {
                throw .admissionMismatch(expected: Self.text(roles), seen: Self.text(Set(self.roles)))
            }
            result.servers[index].keys = [key, nextKey]
            return result
        }
        guard let address, let trust else {
            throw .fileUnreadable(what: "the \(Self.fileType) file", reason: "a new server needs `address` and `trust`")
        }
        let fitting = topology.pools.filter { $0.roles == roles }.map(\.name)
        guard fitting.count <= 1 || pool != nil else {
            throw .topologyUnsound(["\(fitting.count) pools have the \(Self.text(Set(roles))): name the pool"])
        }
        let poolName = pool?.lowercased() ?? fitting.first ?? Self.usualPoolName(for: roles, in: topology)
        result.servers.append(
            ServerRecord(name: name, address: address, external: external, trust: trust, keys: [key, nextKey]))
        if let index = result.pools.firstIndex(where: { $0.name == poolName }) {
            guard result.pools[index].roles == roles else {
                throw .admissionMismatch(
                    expected: Self.text(Set(result.pools[index].roles)), seen: Self.text(Set(roles)))
            }
            result.pools[index].members.append(name)
        } else {
            result.pools.append(
                PoolRecord(
                    name: poolName, roles: roles, members: [name], nextHop: Self.nextHop(of: roles, in: topology),
                    external: roles.contains(.edge)
                        ? topology.sipDomains.first.map { ExternalFace(name: "sip." + $0) } : nil))
        }
        return result
    }

    /// The name of a pool that nobody named.
    private static func usualPoolName(for roles: [ServerRole], in topology: Topology) -> String {
        let label: String
        switch roles.first {
        case .authority: label = "authority"
        case .frontEnd: label = "fe"
        case .director: label = "director"
        case .edge: label = "edge"
        case .mediation: label = "mediation"
        case .groupChat: label = "chat"
        case .webServices: label = "web"
        case nil: label = "pool"
        }
        return "\(label).\(topology.network)"
    }

    /// An edge or director sends on to the only pool of front ends, where there is only one.
    private static func nextHop(of roles: [ServerRole], in topology: Topology) -> String? {
        guard roles.contains(.edge) || roles.contains(.director), !roles.contains(.frontEnd) else { return nil }
        let pools = topology.pools(with: .frontEnd)
        return pools.count == 1 ? pools.first?.name : nil
    }

    private static func text(_ roles: Set<ServerRole>) -> String {
        "roles " + roles.sorted().map(\.rawValue).joined(separator: ", ")
    }
}
