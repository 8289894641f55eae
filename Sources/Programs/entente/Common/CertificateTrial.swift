import Authority
import Basis
import Node
import Transport
import Trust

/// Asks the same decision as a running server about certificates at hand.
struct CertificateTrial {
    /// The certificates, own one first.
    var chain: [[UInt8]]
    /// As what; nil leaves the classification to the certificate itself, as on a `combined` listener.
    var peerClass: PeerClass?
    /// The name that is asked for.
    var name: String?
    /// When; nil for now.
    var time: WallTime?
    /// Roots to judge by instead of those of the network.
    var roots: [[UInt8]] = []
    /// Revocation lists beside them.
    var lists: [[UInt8]] = []

    init(chain: [[UInt8]]) {
        self.chain = chain
    }

    /// The verdict by `roots`, or by the trust state of a data folder.
    func verdict(in folder: DataFolder) throws -> Verdict {
        let now = time ?? OperatingSystem.wallTime
        let evidence = LinkEvidence(direction: direction, chain: chain)
        guard !roots.isEmpty else {
            return decide(
                evidence, in: TrustContext(state: try TrustReplica.load(folder, now: now), now: now, ownServer: nil))
        }
        let context = try TrustContext(roots: roots, lists: lists, issuers: chain, now: now)
        // A server is judged as a user's machine judges it: by roots and name alone.
        guard peerClass != nil, peerClass != .server else { return decide(evidence, in: context) }
        return decide(evidence, in: TrustContext(trying: topology, insteadOf: context))
    }

    private var direction: LinkDirection {
        let asked = name ?? ""
        switch peerClass {
        case .server: return .outbound(roots.isEmpty ? .server(asked) : .registrar(asked))
        case .application: return .outbound(.application(asked))
        case .partner: return .outbound(.partner(asked))
        case .client: return .inbound(ListenerFacts(kind: .external, classes: [.client]))
        case nil: return .inbound(ListenerFacts(kind: .combined, classes: Set(PeerClass.allCases)))
        }
    }

    /// A document that names the roots for this one peer.
    private var topology: Topology {
        let asked = (name ?? "").lowercased()
        let named = roots.enumerated().map { NamedRoot(name: "given-\($0.offset)", certificate: $0.element) }
        let own = String(asked.drop { $0 != "@" }.dropFirst())
        let partner = PartnerRecord(name: asked, roots: named.map(\.name))
        let application = ApplicationRecord(name: asked, pinned: false, roots: named.map(\.name))
        return Topology(
            network: own, sipDomains: [own], applications: peerClass == .application ? [application] : [],
            partners: peerClass == .partner ? [partner] : [], roots: named)
    }
}
