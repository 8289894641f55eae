public import Basis
public import Trust

/// Evaluates the expectations of a topology: by `decide`, without a network, on evidence made from the ledger.
///
/// Servers of ours show the certificates that the ledger has for them. Partners and applications have their keys
/// elsewhere, so a stand-in shows a certificate of a CA made for the moment; the topology that is tried holds that CA in
/// the place of theirs. Names, roles, classes and addresses are judged as they are, only the stranger's own chain is not.
public struct ExpectationEvaluation: Sendable {
    private let topology: Topology
    private let context: TrustContext
    private let chains: [String: [[UInt8]]]
    private let now: WallTime
    private let chance: Chance

    /// Prepares an evaluation.
    /// - Parameters:
    ///   - topology: The document whose expectations are evaluated.
    ///   - state: The verified state that it would follow.
    ///   - chains: For each server of ours, by FQDN, the chain that it shows; from the ledger.
    ///   - chance: Where stand-ins take their keys from.
    public init(
        topology: Topology, state: TrustState, now: WallTime, chains: [String: [[UInt8]]], chance: Chance
    ) {
        self.topology = topology
        self.context = TrustContext(state: state, now: now, ownServer: nil)
        self.chains = chains
        self.now = now
        self.chance = chance.derived(for: "expectations")
    }

    /// Every expectation of the topology with its result, in the order of the document.
    public func results() -> [ExpectationResult] { topology.expect.map(result) }

    /// One expectation's result.
    public func result(of expectation: Expectation) -> ExpectationResult {
        let answer: Answer =
            switch expectation {
            case .reaches(let from, let to): reaches(from, to)
            case .refused(let name): isRefused(name)
            }
        return ExpectationResult(expectation: expectation, holds: answer.holds, detail: answer.detail)
    }

    private struct Answer {
        var holds: Bool
        var detail: String
    }

    // MARK: X reaches Y

    private func reaches(_ from: String, _ to: String) -> Answer {
        guard topology.server(named: from) != nil else { return Answer(holds: false, detail: "\(from) is no server") }
        if topology.server(named: to) != nil { return reachesServer(from, to) }
        if topology.application(named: to) != nil { return reachesApplication(from, to) }
        if let partner = topology.partner(ofDomain: to) ?? topology.partners(identifiedBy: to).first {
            return reachesPartner(from, partner)
        }
        return Answer(holds: false, detail: "\(to) is not in the topology")
    }

    private func reachesServer(_ from: String, _ to: String) -> Answer {
        guard let caller = chains[from] else { return Answer(holds: false, detail: "\(from) has no certificate yet") }
        guard let called = chains[to] else { return Answer(holds: false, detail: "\(to) has no certificate yet") }
        let outbound = judge(called, .outbound(.server(to)), at: from)
        guard outbound.holds else { return outbound }
        return judge(caller, .inbound(Self.inside), at: to)
    }

    private func reachesApplication(_ from: String, _ to: String) -> Answer {
        guard let application = topology.application(named: to), let name = application.identities.first,
            let standIn = StandIn(name: name, now: now, chance: chance)
        else { return Answer(holds: false, detail: "\(to) has no identity") }
        var trial = topology
        trial.applications = topology.applications.map { record in
            var record = record
            guard record.name == to else { return record }
            record.roots = [StandIn.rootName]
            record.keys = [standIn.key]
            return record
        }
        trial.roots.append(standIn.root)
        return judge(standIn.chain, .outbound(.application(to)), at: from, in: trial)
    }

    private func reachesPartner(_ from: String, _ partner: PartnerRecord) -> Answer {
        let pools = partner.via.map { via in topology.pools.filter { $0.name == via } } ?? topology.pools(with: .edge)
        var last = Answer(holds: false, detail: "no edge leads to \(partner.name)")
        for edge in pools.flatMap({ topology.members(of: $0) }).map(\.name) {
            last = edge == from ? Answer(holds: true, detail: from) : reachesServer(from, edge)
            guard last.holds else { continue }
            last = edgeReaches(partner, from: edge)
            if last.holds { return last }
        }
        return last
    }

    private func edgeReaches(_ partner: PartnerRecord, from edge: String) -> Answer {
        guard let domain = partner.domains.first, let name = partner.identities.first,
            let standIn = StandIn(name: name, now: now, chance: chance)
        else { return Answer(holds: false, detail: "\(partner.name) has no domain") }
        return judge(standIn.chain, .outbound(.partner(domain)), at: edge, in: trial(of: partner, standIn))
    }

    private func trial(of partner: PartnerRecord, _ standIn: StandIn) -> Topology {
        var trial = topology
        trial.partners = topology.partners.map { record in
            var record = record
            if record.name == partner.name { record.roots = [StandIn.rootName] }
            // The stand-in publishes no revocation data.
            if record.name == partner.name { record.revocation = .none }
            return record
        }
        trial.roots.append(standIn.root)
        return trial
    }

    // MARK: X is refused

    private func isRefused(_ name: String) -> Answer {
        if topology.server(named: name) != nil, let chain = chains[name] {
            return Self.not(judge(chain, .inbound(Self.anywhere), at: nil))
        }
        if topology.server(named: name) != nil || topology.application(named: name) != nil {
            return Answer(holds: false, detail: "\(name) is in the topology")
        }
        let partner = topology.partner(ofDomain: name) ?? topology.partners(identifiedBy: name).first
        guard let standIn = StandIn(name: partner?.identities.first ?? name, now: now, chance: chance) else {
            return Answer(holds: false, detail: "\(name) is no host name")
        }
        let tried = partner.map { trial(of: $0, standIn) } ?? topology
        return Self.not(judge(standIn.chain, .inbound(Self.anywhere), at: nil, in: tried))
    }

    private static func not(_ answer: Answer) -> Answer { Answer(holds: !answer.holds, detail: answer.detail) }

    // MARK: Deciding

    private static let inside = ListenerFacts(kind: .internal, classes: [.server, .application])
    private static let anywhere = ListenerFacts(kind: .combined, classes: Set(PeerClass.allCases))

    private func judge(
        _ chain: [[UInt8]], _ direction: LinkDirection, at server: String?, in trial: Topology? = nil
    ) -> Answer {
        let evidence = LinkEvidence(direction: direction, chain: chain, hasValidatedChain: true, tlsVersion: .tls13)
        var own = TrustContext(trying: trial ?? topology, insteadOf: context)
        if let server { own = TrustContext(own, asServer: server) }
        let place = server.map { "at \($0): " } ?? ""
        switch decide(evidence, in: own) {
        case .admitted(let peer, _): return Answer(holds: true, detail: place + "admitted as \(peer.peerClass)")
        case .refused(let refusal, _):
            return Answer(
                holds: false, detail: place + "\(refusal.code) seen \(refusal.seen), expected \(refusal.expected)")
        }
    }
}

/// A stranger for the length of an evaluation: a CA of its own and a certificate for one name.
private struct StandIn {
    static let rootName = "stand-in"

    let root: NamedRoot
    let chain: [[UInt8]]
    let key: KeyPin

    init?(name: String, now: WallTime, chance: Chance) {
        var chance = chance
        guard DomainName.isFQDN(name), let rootKey = try? CertificateKey.deterministic(from: &chance),
            let issuingKey = try? CertificateKey.deterministic(from: &chance),
            let leafKey = try? CertificateKey.deterministic(from: &chance),
            let authority = try? CertificateAuthority.create(
                network: name, domains: [name], rootKey: rootKey, issuingKey: issuingKey, now: now, chance: &chance
            ).authority,
            let leaf = try? authority.issueServer(
                names: [name], subjectPublicKeyInfo: leafKey.subjectPublicKeyInfo, now: now, chance: &chance)
        else { return nil }
        self.root = NamedRoot(name: Self.rootName, certificate: authority.rootCertificate)
        self.chain = authority.chain(for: leaf)
        self.key = leafKey.pin
    }
}
