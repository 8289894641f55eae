import Foundation
import Basis
import Crypto
import Foundation
import SwiftASN1
import Testing
import Trust
import X509

/// A network of one front end and one edge with every key at hand.
struct StateWorld {
    static let start = WallTime(seconds: 1_780_000_000)

    let rootKeys = Self.keys(1...3)
    let publisherKeys = Self.keys(11...13)
    let onlineKey = Self.key(21)
    let issuingKey: P256.Signing.PrivateKey
    let issuing: Certificate
    var root: RootObject
    var topology: Topology
    private(set) var crlNumber: UInt64 = 0

    init(rootThreshold: Int = 1, publisherThreshold: Int = 1, sensitive: Int? = nil) throws {
        issuingKey = P256.Signing.PrivateKey()
        issuing = try Self.authority("Contoso Issuing CA 1", issuingKey)
        let online = SignerRole(keys: [onlineKey.publicKey], threshold: 1)
        root = RootObject(
            header: Self.header(1), network: "contoso.example",
            root: SignerRole(keys: rootKeys.map(\.publicKey), threshold: rootThreshold),
            publisher: SignerRole(keys: publisherKeys.map(\.publicKey), threshold: publisherThreshold),
            publisherSensitiveThreshold: sensitive, snapshot: online, timestamp: online,
            rootCertificates: [try Self.der(Self.authority("Contoso Root CA", P256.Signing.PrivateKey()))],
            issuingCertificates: [try Self.der(issuing)])
        topology = try Self.document()
    }

    static func key(_ number: UInt8) -> SigningKey {
        guard let key = try? SigningKey(seed: [UInt8](repeating: number, count: 32)) else {
            preconditionFailure("every 32 bytes are an Ed25519 key")
        }
        return key
    }

    static func keys(_ numbers: ClosedRange<UInt8>) -> [SigningKey] { numbers.map { key($0) } }

    static func header(_ version: UInt64, after seconds: UInt64 = 0, for life: UInt64 = 90 * 86_400) -> ObjectHeader {
        let issued = start + .seconds(seconds)
        return ObjectHeader(version: version, issued: issued, expires: issued + .seconds(life))
    }

    static func der(_ certificate: Certificate) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }

    static func authority(_ name: String, _ key: P256.Signing.PrivateKey) throws -> Certificate {
        let subject = try DistinguishedName { CommonName(name) }
        let signer = Certificate.PrivateKey(key)
        return try Certificate(
            version: .v3, serialNumber: .init(bytes: [1]), publicKey: signer.publicKey,
            notValidBefore: Date(timeIntervalSince1970: 0),
            notValidAfter: .init(timeIntervalSince1970: 2_500_000_000), issuer: subject, subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
            }, issuerPrivateKey: signer)
    }

    static func pin(_ text: String) -> KeyPin { KeyPin(subjectPublicKeyInfo: Array(text.utf8)) }

    static func address(_ text: String) throws -> NetworkAddress { try #require(NetworkAddress(text)) }

    static func document() throws -> Topology {
        Topology(
            network: "contoso.example", sipDomains: ["contoso.example"],
            pools: [
                PoolRecord(
                    name: "fe.contoso.example", roles: [.authority, .frontEnd], members: ["fe1.contoso.example"]),
                PoolRecord(
                    name: "edge.contoso.example", roles: [.edge], members: ["edge1.contoso.example"],
                    nextHop: "fe.contoso.example", external: ExternalFace(name: "sip.contoso.example")),
            ],
            servers: [
                ServerRecord(
                    name: "fe1.contoso.example", address: try address("127.0.1.1:5061"),
                    trust: try address("127.0.1.1:5443"), keys: [pin("fe1"), pin("fe1 next")]),
                ServerRecord(
                    name: "edge1.contoso.example", address: try address("127.0.1.2:5061"),
                    external: try address("127.0.1.3:5061"), trust: try address("127.0.1.2:5443"),
                    keys: [pin("edge1")]),
            ],
            partners: [
                PartnerRecord(
                    name: "fabrikam.example", edge: "sip.fabrikam.example", address: try address("127.0.2.1:5061"),
                    roots: ["fabrikam-root"])
            ],
            roots: [
                NamedRoot(
                    name: "fabrikam-root",
                    certificate: try der(authority("Fabrikam Root CA", P256.Signing.PrivateKey())))
            ])
    }

    var signedRoot: SignedEnvelope {
        get throws { try SignedEnvelope(signing: root.json, with: rootKeys) }
    }

    var issuerPin: KeyPin {
        get throws { try CertificateFacts(issuing).keyPin }
    }

    mutating func crl(revoking serials: [UInt8], number: UInt64? = nil) throws -> [UInt8] {
        crlNumber = number ?? crlNumber + 1
        return try RevocationList.issue(
            number: crlNumber, thisUpdate: Self.start, nextUpdate: Self.start + .seconds(86_400),
            revoked: try serials.map { try #require(RevokedCertificate(serial: [$0], revokedAt: Self.start)) },
            issuer: issuing, key: Certificate.PrivateKey(issuingKey))
    }

    func signedTopology(
        _ version: UInt64, previous: [UInt8]? = nil, document: Topology? = nil, by keys: [SigningKey]? = nil
    ) throws -> SignedEnvelope {
        let object = TopologyObject(
            header: Self.header(version), previous: previous, topology: document ?? topology)
        return try SignedEnvelope(signing: object.json, with: keys ?? publisherKeys)
    }

    /// Snapshot and timestamp over these objects.
    func bundle(
        epoch: UInt64, root: SignedEnvelope, topology: SignedEnvelope, crls: [[UInt8]],
        listing references: [KeyPin: ObjectReference]? = nil, by key: SigningKey? = nil
    ) throws -> TrustBundle {
        var listed: [KeyPin: ObjectReference] = references ?? [:]
        if references == nil, let der = crls.last {
            let number = try RevocationList(der: der).number.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            listed[try issuerPin] = ObjectReference(version: number, hash: Array(SHA256.hash(data: der)))
        }
        let snapshot = SnapshotObject(
            header: Self.header(epoch, after: epoch),
            root: ObjectReference(version: Self.version(of: root), hash: root.hash),
            topology: ObjectReference(version: Self.version(of: topology), hash: topology.hash), crls: listed)
        let signed = try SignedEnvelope(signing: snapshot.json, with: [key ?? onlineKey])
        return TrustBundle(
            roots: [root], topology: topology, crls: crls, snapshot: signed,
            timestamp: try timestamp(epoch * 100, epoch: epoch, of: signed, by: key))
    }

    func timestamp(
        _ version: UInt64, epoch: UInt64, of snapshot: SignedEnvelope, by key: SigningKey? = nil
    ) throws -> SignedEnvelope {
        let object = TimestampObject(
            header: Self.header(version, after: version, for: 600), epoch: TrustEpoch(epoch),
            snapshotHash: snapshot.hash)
        return try SignedEnvelope(signing: object.json, with: [key ?? onlineKey])
    }

    static func version(of envelope: SignedEnvelope) -> UInt64 {
        UInt64(envelope.signed["version"]?.integerValue ?? 0)
    }
}

/// A state at epoch 1 and everything that made it.
struct Founded {
    var world: StateWorld
    let root: SignedEnvelope
    let topology: SignedEnvelope
    let crl: [UInt8]
    let bundle: TrustBundle
    let state: TrustState

    init(rootThreshold: Int = 1, publisherThreshold: Int = 1, sensitive: Int? = nil, revoking: [UInt8] = []) throws {
        var world = try StateWorld(
            rootThreshold: rootThreshold, publisherThreshold: publisherThreshold, sensitive: sensitive)
        root = try world.signedRoot
        topology = try world.signedTopology(1)
        crl = try world.crl(revoking: revoking)
        bundle = try world.bundle(epoch: 1, root: root, topology: topology, crls: [crl])
        state = try TrustState.initial(root: root.bytes, expectedHash: root.hash)
            .applying(bundle, now: StateWorld.start)
        self.world = world
    }

    /// What `applying` says to a bundle.
    func refusal(of bundle: TrustBundle) -> TrustStateError? {
        do throws(TrustStateError) {
            _ = try state.applying(bundle, now: StateWorld.start)
            return nil
        } catch {
            return error
        }
    }
}
