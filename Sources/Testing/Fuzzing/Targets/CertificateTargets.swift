import Authority
import Basis
import Server
import Trust

extension FuzzTarget {
    /// What a peer shows in its handshake, and what is decided about it.
    static let evidence = FuzzTarget(
        "evidence", "a handshake with any certificates, and the decision", bytesMax: 8_192, seeds: evidenceSeeds
    ) { bytes in
        var choices = Choices(bytes)
        let world = try FuzzWorld.shared()
        let host = choices.octet() & 1 == 0 ? FuzzWorld.frontEnd : FuzzWorld.edge
        let now = FuzzWorld.start + .seconds(UInt64(choices.octet()) * 7_200)
        let context = world.update(choices.number(below: world.epochs.count), of: host, at: now).context
        let evidence = evidence(by: &choices, world)
        for der in evidence.chain { try checkFacts(der) }
        let verdict = decide(evidence, in: context)
        try check(verdict, evidence, context)
        let again = decide(evidence, in: context)
        try Finding.unless(
            again.code == verdict.code && again.trace == verdict.trace, "decided once \(verdict), once \(again)")
        guard let decoded = try? LinkEvidence(decoding: evidence.encoded), decoded == evidence else {
            throw Finding("the evidence is not what was written down")
        }
        guard let trace = try? Trace(decoding: verdict.trace.encoded), trace == verdict.trace else {
            throw Finding("the trace is not what was written down")
        }
    }

    /// Revocation lists: read, signed by whom, and what they revoke.
    static let crl = FuzzTarget(
        "crl", "a revocation list, and a link to whom it may revoke", bytesMax: 8_192, seeds: { crlSeeds }
    ) { bytes in
        var choices = Choices(bytes)
        let world = try FuzzWorld.shared()
        let mode = choices.octet() & 3
        let original = mode == 0 ? world.bundle.crls.first ?? [] : try fullList(world)
        let der: [UInt8]
        if mode == 3 {
            der = choices.rest()
        } else {
            guard let forged = DERTree(original)?.forged(by: &choices, signer: world.keys.issuing) else { return }
            der = forged
        }
        guard let list = try? RevocationList(der: der) else { return }
        try check(list)
        try checkEffect(of: list, world)
    }

    /// A list with entries, among them the edge's certificate.
    private static func fullList(_ world: FuzzWorld) throws -> [UInt8] {
        let issuing = try CertificateFacts(der: world.issuing)
        let edge = try (world.chains[FuzzWorld.edge]?.first).map { try CertificateFacts(der: $0).serial } ?? []
        let serials: [[UInt8]] = [[1], [0x7F], [0x80], [1, 0], edge, [UInt8](repeating: 0xFF, count: 20)]
        let reasons: [RevocationReason?] = [nil, .keyCompromise, .superseded]
        return try RevocationList.issue(
            number: 7, thisUpdate: FuzzWorld.start - .seconds(60), nextUpdate: FuzzWorld.start + .seconds(86_400),
            revoked: serials.enumerated().compactMap { number, serial in
                RevokedCertificate(serial: serial, revokedAt: FuzzWorld.start, reason: reasons[number % reasons.count])
            }, issuer: issuing.certificate, key: world.keys.issuing.x509)
    }

    /// The kinds of link that a certificate may be shown on.
    private static func direction(by choices: inout Choices) -> LinkDirection {
        let classes: [Set<PeerClass>] = [
            [.server, .application, .client], [.partner, .client], [.server, .application, .partner, .client], [],
        ]
        let targets: [Dialled] = [
            .server(FuzzWorld.frontEnd), .server(FuzzWorld.edge), .partner("fabrikam.example"),
            .registrar(FuzzWorld.frontEnd), .application("pbx.contoso.example"), .partner("*"),
        ]
        let number = choices.number(below: 16)
        guard number < 9 else { return .outbound(targets[(number - 9) % targets.count]) }
        return .inbound(
            ListenerFacts(kind: ListenerKind.allCases[number % 3], classes: classes[number / 3 % classes.count]))
    }

    private static func evidence(by choices: inout Choices, _ world: FuzzWorld) -> LinkEvidence {
        var evidence = LinkEvidence(direction: direction(by: &choices), chain: [])
        let leaves = [FuzzWorld.frontEnd, FuzzWorld.edge, FuzzWorld.partnerEdge].map { world.chains[$0] ?? [] }
        let donors = leaves.flatMap { $0 } + [world.root, world.issuing]
        let flags = choices.octet()
        evidence.hasValidatedChain = flags & 1 == 0
        evidence.isLive = flags & 2 != 0
        if flags & 4 != 0 { evidence.tlsVersion = choices.element(of: TLSVersion.allCases) }
        if flags & 8 != 0 { evidence.cipherSuite = UInt16(choices.octet()) << 8 | UInt16(choices.octet()) }
        if flags & 16 != 0 {
            evidence.alpnOffers = ["sip/2", String(decoding: choices.octets(atMost: 16), as: UTF8.self)]
        }
        if flags & 32 != 0 { evidence.sni = String(decoding: choices.octets(atMost: 64), as: UTF8.self) }
        for _ in 0..<choices.number(below: 10) {
            guard let donor = choices.element(of: donors) else { break }
            switch choices.number(below: 4) {
            case 0: evidence.chain.append(donor)
            case 1: if let forged = forged(donor, by: &choices, world.keys.issuing) { evidence.chain.append(forged) }
            case 2:
                if let forged = forged(donor, by: &choices, world.keys.certificateRoot) {
                    evidence.chain.append(forged)
                }
            default: evidence.chain.append(choices.octets(atMost: 2_048))
            }
        }
        return evidence
    }

    private static func forged(_ der: [UInt8], by choices: inout Choices, _ key: CertificateKey) -> [UInt8]? {
        DERTree(der)?.forged(by: &choices, signer: key)
    }

    private static func evidenceSeeds() throws -> [[UInt8]] {
        let world = try FuzzWorld.shared()
        // Host, time, epoch, direction, flags; then the number of certificates, and for each its number and what becomes of it.
        let links: [[UInt8]] = [
            [0, 0, 0, 0, 0, 2, 2, 0, 3, 0], [1, 0, 0, 0, 0, 2, 0, 0, 1, 0], [1, 0, 0, 4, 0, 2, 4, 0, 5, 0],
            [0, 0, 0, 0, 0, 0], [1, 0, 0, 11, 0, 2, 4, 0, 5, 0],
            [0, 0, 1, 10, 63, 1, 3, 19, 1, 1, 3, 97, 98, 99, 2, 2, 0, 3, 0],
            [0, 1, 0, 0, 0, 2, 2, 1, 1, 1, 9, 0, 0, 3, 1, 2, 3, 3, 0], [0, 0, 0, 0, 0, 2, 3, 2, 1, 2, 7, 3, 0],
        ]
        // Unlike anything that is signed here: keys and curves of other kinds, in the form of a certificate.
        let raw = world.chains.values.flatMap { $0 }.map { der -> [UInt8] in
            [0, 0, 0, 0, 0, 1, 0, 3, 255, UInt8(der.count >> 8), UInt8(der.count & 0xFF)] + der
        }
        return links + raw.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static let crlSeeds: [[UInt8]] = [
        [0, 0], [0, 1, 6, 3], [0, 1, 4, 9], [0, 2, 0, 5, 1, 9, 4, 7], [1, 0], [1, 1, 4, 20], [2, 1, 3, 12],
    ]

    private static func checkFacts(_ der: [UInt8]) throws(Finding) {
        guard let facts = try? CertificateFacts(der: der) else { return }
        let texts = [facts.issuerText, facts.subjectText, facts.serialText]
        try Finding.unless(
            texts.allSatisfy { $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }, "a name is not safe to show: \(texts)"
        )
        try Finding.unless(facts.names.sipIdentities.count <= CertificateLimits.namesMax, "too many names")
        _ = (facts.fingerprint, facts.distributionPoints, facts.pathLength, facts.hasNoRevocationData)
    }

    /// What an admission must be able to show, looked up here without the rules.
    private static func check(_ verdict: Verdict, _ evidence: LinkEvidence, _ context: TrustContext) throws(Finding) {
        switch verdict {
        case .refused(let refusal, let trace):
            let texts = [refusal.seen, refusal.expected, refusal.rule, refusal.next]
            try Finding.unless(texts.allSatisfy { !$0.isEmpty }, "\(refusal.code) is not explained: \(texts)")
            try Finding.unless(
                trace.steps.first { !$0.passed }?.outcome == .failed(refusal.code), "the trace tells another reason")
        case .admitted(let peer, let trace):
            try Finding.unless(
                trace.steps.allSatisfy(\.passed), "a rule failed, and the peer is admitted: \(trace.steps)")
            try Finding.unless(evidence.handshakeFailure == nil, "a failed handshake is admitted")
            guard let first = evidence.chain.first else {
                return try Finding.unless(
                    peer.peerClass == .client && !evidence.direction.isOutbound, "a \(peer.peerClass) shows nothing")
            }
            try checkProven(peer, first, evidence, context)
        }
    }

    private static func checkProven(
        _ peer: VerifiedPeer, _ first: [UInt8], _ evidence: LinkEvidence, _ context: TrustContext
    ) throws(Finding) {
        guard let leaf = try? CertificateFacts(der: first) else {
            throw Finding("an unreadable certificate is admitted")
        }
        try Finding.unless(evidence.hasValidatedChain, "a chain that nobody proved is admitted")
        try Finding.unless(peer.keyPin == leaf.keyPin && peer.serial == leaf.serial, "the peer has another key")
        try Finding.unless(
            leaf.notBefore <= context.now && context.now <= leaf.notAfter + .seconds(1),
            "out of its time: \(leaf.notAfter)")
        switch peer.peerClass {
        case .server:
            let record = peer.identity.flatMap { context.topology?.server(named: $0) }
            try Finding.unless(
                record?.keys.contains(leaf.keyPin) == true, "\(peer.identity ?? "") is admitted with a key of others")
            try Finding.unless(peer.roles == context.topology?.roles(of: peer.identity ?? ""), "\(peer.roles)")
        case .partner:
            let record = peer.recordName.flatMap { context.topology?.partner(named: $0) }
            try Finding.unless(
                record?.enabled == true && record?.blocked == false, "\(peer.recordName ?? "") is no partner")
            try Finding.unless(peer.domains.allSatisfy { record?.domains.contains($0) == true }, "\(peer.domains)")
        case .application:
            try Finding.unless(
                peer.recordName.flatMap { context.topology?.application(named: $0) } != nil, "no such application")
        case .client:
            if let address = peer.userAOR {
                try Finding.unless(address.hasSuffix("@contoso.example"), "\(address) is no user of ours")
            }
        }
    }

    private static func check(_ list: RevocationList) throws(Finding) {
        for entry in list.entries {
            try Finding.unless(list.contains(serial: entry.serial), "\(entry.serial) is listed and not found")
        }
        try Finding.unless(
            !list.contains(serial: [1, 2, 3, 4, 5, 6, 7]) || !list.entries.isEmpty, "an empty list revokes")
        try Finding.unless(list.entries.count <= RevocationList.entriesMax, "\(list.entries.count) entries")
    }

    /// A list that is taken in, and names the edge's certificate, ends the edge.
    private static func checkEffect(of list: RevocationList, _ world: FuzzWorld) throws(Finding) {
        let chain = world.chains[FuzzWorld.edge] ?? []
        guard let first = chain.first, let leaf = try? CertificateFacts(der: first),
            let context = try? TrustContext(
                roots: [world.root], lists: [list.der], issuers: [world.issuing], now: FuzzWorld.start)
        else { return }
        try Finding.unless(
            (try? CertificateFacts(der: world.issuing)).map { list.isSigned(by: $0) } == true
                || (try? CertificateFacts(der: world.root)).map { list.isSigned(by: $0) } == true,
            "a list is taken that nobody signed")
        let verdict = decide(
            LinkEvidence(direction: .outbound(.registrar(FuzzWorld.edge)), chain: chain), in: context)
        let isRevoked = list.contains(serial: leaf.serial) && list.covers(leaf)
        try Finding.unless(!isRevoked || verdict.peer == nil, "a revoked certificate is admitted")
    }
}
