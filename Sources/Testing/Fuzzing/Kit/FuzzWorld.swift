import Authority
import Basis
import SIP
import Server
import Simulation
import Trust

/// Contoso with a front end and an edge, and its partner Fabrikam: founded once in a process, with keys from a seed, so that
/// every certificate and signature is the same in each.
struct FuzzWorld: Sendable {
    /// When everything begins.
    static let start = WallTime(seconds: 1_790_000_000)
    static let frontEnd = "fe1.contoso.example"
    static let edge = "edge1.contoso.example"
    static let partnerEdge = "edge1.fabrikam.example"
    static let users = ["alice", "bob"]

    /// What Contoso published, oldest first, each with the accounts that ended by it.
    struct Epoch: Sendable {
        let state: TrustState
        let directory: UserDirectory
        let endedUsers: [String]
    }

    let epochs: [Epoch]
    /// The chains of Contoso's two servers and of Fabrikam's edge.
    let chains: [String: [[UInt8]]]
    let keys: Founding.Keys
    /// Contoso's certificates above those of its servers.
    let root: [UInt8]
    let issuing: [UInt8]
    let topology: Topology
    let bundle: TrustBundle
    let delivery: NodeDelivery
    let card: PartnerCard

    static func password(_ user: String) -> String { "secret of \(user)" }

    private static let made = Result { try FuzzWorld() }

    /// The world of this process.
    static func shared() throws -> FuzzWorld { try made.get() }

    private init() throws {
        var chance = Chance(seed: [42])
        var contoso = try Self.organisation(1, "contoso", &chance)
        let fabrikam = try Self.organisation(2, "fabrikam", &chance)
        chains = try [
            Self.frontEnd: Self.chain(of: Self.frontEnd, contoso), Self.edge: Self.chain(of: Self.edge, contoso),
            Self.partnerEdge: Self.chain(of: Self.partnerEdge, fabrikam),
        ]
        for user in Self.users {
            try contoso.put(user: user, password: Self.password(user), state: .enabled, now: Self.start)
        }
        try contoso.add(partner: fabrikam, now: Self.start)
        keys = contoso.keys
        root = contoso.publisher.authority.rootCertificate
        issuing = contoso.publisher.authority.issuingCertificate
        topology = contoso.topology
        card = try PartnerCard(of: fabrikam.topology, root: fabrikam.publisher.authority.rootCertificate)
        delivery = contoso.publisher.delivery(
            to: Self.frontEnd, since: TrustEpoch(0), directory: contoso.directory.changes(since: 0), userEnded: nil,
            now: Self.start)
        bundle = delivery.bundle
        var epochs = [Epoch(state: contoso.publisher.state, directory: contoso.directory, endedUsers: [])]
        try contoso.put(user: "bob", password: "", state: .disabled, now: Self.start)
        epochs.append(
            Epoch(state: contoso.publisher.state, directory: contoso.directory, endedUsers: ["bob@contoso.example"]))
        try contoso.remove(partner: "fabrikam", now: Self.start)
        epochs.append(Epoch(state: contoso.publisher.state, directory: contoso.directory, endedUsers: []))
        self.epochs = epochs
    }

    private static func organisation(_ number: Int, _ name: String, _ chance: inout Chance) throws -> Organisation {
        var serverKeys: [(current: CertificateKey, next: CertificateKey)] = []
        for _ in 0..<2 {
            serverKeys.append((try .deterministic(from: &chance), try .deterministic(from: &chance)))
        }
        return try Organisation(number: number, name: name, serverKeys: serverKeys, now: start, chance: &chance)
    }

    private static func chain(of server: String, _ organisation: Organisation) throws -> [[UInt8]] {
        guard let chain = organisation.publisher.chains(of: server, at: start).first else {
            throw Finding("\(server) has no certificate")
        }
        return chain
    }

    /// What `server` judges by in an epoch of the world, counted from 0; the last one for a number beyond.
    func update(_ number: Int, of server: String, at now: WallTime = start) -> TrustUpdate {
        let epoch = epochs[min(number, epochs.count - 1)]
        return TrustUpdate(
            context: TrustContext(state: epoch.state, now: now, ownServer: server), directory: epoch.directory,
            endedUsers: epoch.endedUsers)
    }
}

extension LinkEvidence {
    /// A link that came to an internal listener, from a server of ours or a client.
    static func inside(_ chain: [[UInt8]]) -> LinkEvidence {
        LinkEvidence(
            direction: .inbound(ListenerFacts(kind: .internal, classes: [.server, .application, .client])), chain: chain
        )
    }

    /// A link that came to an edge from outside, from a partner or a client.
    static func outside(_ chain: [[UInt8]]) -> LinkEvidence {
        LinkEvidence(direction: .inbound(ListenerFacts(kind: .external, classes: [.partner, .client])), chain: chain)
    }
}
