import Basis
import Crypto
import SwiftASN1
import Testing
import Trust
import X509

/// Contoso with its CA and topology, its partners, and strangers: all keys at hand.
struct DecisionWorld {
    static let start = WallTime(seconds: 1_790_000_000)

    let root: TestCA
    let issuing: TestCA
    let fabrikam: TestCA
    let publicRoot: TestCA
    let vendor: TestCA
    let stranger: TestCA
    let keys: [String: P256.Signing.PrivateKey]
    var topology: Topology
    var topologyLife: UInt64 = 90 * 86_400
    var revoked: [UInt64] = []
    var listUntil = start + .seconds(86_400)
    var hasList = true

    init() throws {
        root = try TestCA(root: .authority("Contoso Root"))
        issuing = try root.subordinate(.authority("Contoso Issuing", pathLength: 0))
        fabrikam = try TestCA(root: .authority("Fabrikam Root"))
        publicRoot = try TestCA(root: .authority("Public Root"))
        vendor = try TestCA(root: .authority("Vendor Root"))
        stranger = try TestCA(root: .authority("Contoso Root"))
        let names = ["fe1", "fe2", "edge1", "edge2", "med1", "dir1", "chat1", "pbx", "gateway"]
        keys = Dictionary(uniqueKeysWithValues: names.map { ($0, P256.Signing.PrivateKey()) })
        topology = Topology(network: "contoso.example", sipDomains: ["contoso.example"])
        topology.pools = [
            PoolRecord(
                name: "fe.contoso.example", roles: [.authority, .frontEnd],
                members: ["fe1.contoso.example", "fe2.contoso.example"]),
            PoolRecord(
                name: "edge.contoso.example", roles: [.edge],
                members: ["edge1.contoso.example", "edge2.contoso.example"],
                nextHop: "fe.contoso.example", external: ExternalFace(name: "sip.contoso.example")),
            PoolRecord(name: "med.contoso.example", roles: [.mediation], members: ["med1.contoso.example"]),
            PoolRecord(name: "dir.contoso.example", roles: [.director], members: ["dir1.contoso.example"]),
            PoolRecord(name: "chat.contoso.example", roles: [.groupChat], members: ["chat1.contoso.example"]),
        ]
        topology.servers = try ["fe1", "fe2", "edge1", "edge2", "med1", "dir1", "chat1"].enumerated().map {
            try server($0.element, number: $0.offset + 1)
        }
        topology.applications = [
            ApplicationRecord(
                name: "pbx.contoso.example", keys: [try pin("pbx")], grant: ApplicationGrant(assertIdentity: true)),
            ApplicationRecord(
                name: "gateway.contoso.example", identities: ["gw7.vendor.example"], pinned: false, roots: ["vendor"]),
        ]
        topology.partners = [
            PartnerRecord(name: "fabrikam.example", edge: "sip.fabrikam.example", roots: ["fabrikam"]),
            PartnerRecord(
                name: "tailspin.example", edge: "edge.tailspin.example", publicRoots: true, revocation: .required),
            PartnerRecord(name: "woodgrove.example", roots: ["fabrikam"], blocked: true),
            PartnerRecord(name: "litware.example", roots: ["fabrikam"], enabled: false),
        ]
        topology.roots = [
            NamedRoot(name: "fabrikam", certificate: try fabrikam.der),
            NamedRoot(name: "vendor", certificate: try vendor.der),
        ]
    }

    private func server(_ name: String, number: Int) throws -> ServerRecord {
        ServerRecord(
            name: name + ".contoso.example", address: try #require(NetworkAddress("127.0.1.\(number):5061")),
            trust: try #require(NetworkAddress("127.0.1.\(number):5443")), keys: [try pin(name)])
    }

    func pin(_ name: String) throws -> KeyPin {
        KeyPin(subjectPublicKeyInfo: try #require(keys[name]).publicKey.derRepresentation)
    }

    /// The request for the certificate of one of our servers, by the first label of its name.
    func request(_ name: String) throws -> CertificateRequest {
        let host = name + ".contoso.example"
        return CertificateRequest(subject: host, dns: [host], key: try #require(keys[name]))
    }

    /// The good chain of one of our servers.
    func chain(of name: String, _ change: (inout CertificateRequest) -> Void = { _ in }) throws -> [[UInt8]] {
        try issuing.chain(try request(name).with(change))
    }

    /// Fabrikam's edge.
    static let fabrikamEdge = CertificateRequest(
        subject: "sip.fabrikam.example", dns: ["sip.fabrikam.example", "fabrikam.example"])

    /// A user of ours, as the user profile wants it.
    static let user = CertificateRequest(
        subject: "alice", uris: ["sip:alice@contoso.example"], usages: [CertificateRequest.clientAuth])

    /// The snapshot of this world, through the signed objects.
    func state() throws -> TrustState {
        let signer = try SigningKey(seed: [UInt8](repeating: 7, count: 32))
        let role = SignerRole(keys: [signer.publicKey], threshold: 1)
        func header(_ life: UInt64) -> ObjectHeader {
            let issued = Self.start - .seconds(3_600)
            return ObjectHeader(version: 1, issued: issued, expires: issued + .seconds(life))
        }
        let rootObject = RootObject(
            header: header(3_650 * 86_400), network: "contoso.example", root: role, publisher: role, snapshot: role,
            timestamp: role, rootCertificates: [try root.der], issuingCertificates: [try issuing.der])
        let signedRoot = try SignedEnvelope(signing: rootObject.json, with: [signer])
        let signedTopology = try SignedEnvelope(
            signing: TopologyObject(header: header(topologyLife), previous: nil, topology: topology).json,
            with: [signer])
        var lists: [KeyPin: ObjectReference] = [:]
        let crls = hasList ? [try crl()] : []
        for der in crls {
            lists[try CertificateFacts(issuing.certificate).keyPin] = ObjectReference(
                version: 1, hash: Array(SHA256.hash(data: der)))
        }
        let snapshot = try SignedEnvelope(
            signing: SnapshotObject(
                header: header(86_400), root: ObjectReference(version: 1, hash: signedRoot.hash),
                topology: ObjectReference(version: 1, hash: signedTopology.hash), crls: lists
            ).json, with: [signer])
        let timestamp = try SignedEnvelope(
            signing: TimestampObject(header: header(7_200), epoch: TrustEpoch(1), snapshotHash: snapshot.hash).json,
            with: [signer])
        let bundle = TrustBundle(
            roots: [signedRoot], topology: signedTopology, crls: crls, snapshot: snapshot, timestamp: timestamp)
        return try TrustState.initial(root: signedRoot.bytes, expectedHash: signedRoot.hash)
            .applying(bundle, now: Self.start - .seconds(3_599))
    }

    func crl() throws -> [UInt8] {
        try RevocationList.issue(
            number: 1, thisUpdate: Self.start - .seconds(3_600), nextUpdate: listUntil,
            revoked: try revoked.map {
                try #require(
                    RevokedCertificate(
                        serial: CertificateWords.bytes($0), revokedAt: Self.start, reason: .keyCompromise))
            }, issuer: issuing.certificate, key: issuing.key)
    }

    /// The context of one of our servers, by the first label of its name; nil for a command.
    func context(_ own: String? = "fe1", now: WallTime = start) throws -> TrustContext {
        TrustContext(
            state: try state(), now: now, ownServer: own.map { $0 + ".contoso.example" },
            publicRoots: [try CertificateFacts(der: publicRoot.der)])
    }
}

enum CertificateWords {
    /// Big-endian without leading zeros.
    static func bytes(_ number: UInt64) -> [UInt8] {
        stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
            .drop { $0 == 0 }.map { $0 }
    }
}

extension LinkEvidence {
    /// A link that came to an internal listener.
    static func inside(_ chain: [[UInt8]], classes: Set<PeerClass> = [.server, .application, .client]) -> LinkEvidence {
        LinkEvidence(direction: .inbound(ListenerFacts(kind: .internal, classes: classes)), chain: chain)
    }

    /// A link that came to an edge from outside.
    static func outside(_ chain: [[UInt8]], classes: Set<PeerClass> = [.partner, .client]) -> LinkEvidence {
        LinkEvidence(direction: .inbound(ListenerFacts(kind: .external, classes: classes)), chain: chain)
    }

    /// A link that we opened.
    static func dialled(_ target: Dialled, _ chain: [[UInt8]]) -> LinkEvidence {
        LinkEvidence(direction: .outbound(target), chain: chain)
    }

    func with(_ change: (inout LinkEvidence) -> Void) -> LinkEvidence {
        var copy = self
        change(&copy)
        return copy
    }
}

/// One row of a table: a link, and the code that refuses it; nil for a row that is admitted.
struct DecisionRow {
    let name: String
    let evidence: LinkEvidence
    let code: TrustCode?

    init(_ name: String, _ evidence: LinkEvidence, _ code: TrustCode?) {
        self.name = name
        self.evidence = evidence
        self.code = code
    }
}

/// Judges every row. A table without an admitted and a refused row proves nothing, and fails.
func expect(
    _ rows: [DecisionRow], in context: TrustContext, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(rows.contains { $0.code == nil }, "no positive control", sourceLocation: sourceLocation)
    #expect(rows.contains { $0.code != nil }, "no negative row", sourceLocation: sourceLocation)
    for row in rows {
        let verdict = decide(row.evidence, in: context)
        #expect(
            verdict.code == row.code, "\(row.name): \(verdict.refusal?.description ?? "admitted")",
            sourceLocation: sourceLocation)
        #expect((verdict.peer == nil) == (row.code != nil), sourceLocation: sourceLocation)
        guard let refusal = verdict.refusal else { continue }
        let texts = [refusal.seen, refusal.expected, refusal.rule, refusal.next]
        #expect(texts.allSatisfy { !$0.isEmpty }, "\(row.name): \(texts)", sourceLocation: sourceLocation)
        #expect(
            verdict.trace.steps.first { !$0.passed }?.outcome == .failed(refusal.code), sourceLocation: sourceLocation)
    }
}
