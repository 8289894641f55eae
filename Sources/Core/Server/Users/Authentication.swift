import Basis
import SIP
import Trust

/// What asking a client for its user led to.
enum Authentication {
    /// Proven on this flow, now or before.
    case user([UInt8])
    /// The answer: a challenge, a refusal, a pause.
    case answer(UInt16, String, HeaderLines)
}

/// RFC 3261 §22, RFC 7616: one challenge in the account's algorithm, then the flow is trusted for that user.
extension Server {
    /// Which pair of headers a challenge uses.
    enum Challenger {
        /// 401 with WWW-Authenticate: a registrar.
        case registrar
        /// 407 with Proxy-Authenticate: a proxy.
        case proxy
    }

    /// Proves that `address` speaks on `flow`, or says how it could.
    mutating func authenticate(
        _ address: [UInt8], of job: Job, on flow: Flow, as challenger: Challenger, at moment: Moment,
        into outputs: inout Outputs
    ) -> Authentication {
        let found = directory.user(at: address)
        let account = found?.aor ?? address
        if found?.isEnabled == true, shared.proven.isProven(account, on: flow, at: moment.now) {
            return .user(account)
        }
        let record = found?.record
        let address = source(of: flow, job)
        if let pause = backOff.wait(for: account, from: address, at: moment.now) {
            return .answer(503, "Too many failures", Self.retryAfter(seconds: pause.wholeSeconds + 1))
        }
        let header: HeaderName = challenger == .registrar ? .authorization : .proxyAuthorization
        let credentials = job.request.message.credentials(in: header).first { $0.realm == surroundings.realm[...] }
        guard let credentials else { return challenge(record, flow, challenger, stale: false, at: moment) }
        // First whether this connection was asked: what answers no question of ours is no attempt at a password, and costs
        // nothing more.
        switch shared.nonces.judge(credentials.nonce, count: credentials.nc ?? 0, on: flow, at: moment.now) {
        case .stale, .replayed: return challenge(record, flow, challenger, stale: true, at: moment)
        case .fresh: break
        }
        // RFC 7616 §3.4.6: credentials are good for the request that they were made for. Phones leave the transport out.
        guard let uri = SIPURI(credentials.uri), uri.isEquivalent(to: job.request.requestURI, ignoring: "transport")
        else {
            return .answer(400, "Digest uri is not the Request-URI", [])
        }
        guard isRight(credentials, for: record, account: account, job) else {
            backOff.fail(account, from: address, at: moment.now)
            outputs.event(.authenticationFailed(aor: account, on: job.connection, known: record != nil))
            return challenge(record, flow, challenger, stale: false, at: moment)
        }
        backOff.succeed(account, from: address)
        shared.proven.prove(account, on: flow, at: moment.now)
        markProven(job.connection, at: moment, into: &outputs)
        outputs.event(.userProven(aor: account, on: job.connection))
        return .user(account)
    }

    /// A user is proven on the connection, here or by the home server behind this edge.
    mutating func markProven(_ id: ConnectionID, at moment: Moment, into outputs: inout Outputs) {
        guard let link = links[id] else { return }
        links.modify(id) { ($0.isProven, $0.provenAt) = (true, moment.now) }
        guard !link.isProven else { return }
        // From here on and not before: a stranger leaves nothing behind that outlives the time in which he must prove a user.
        deadlines.start(.renew, of: id, at: moment.now)
        outputs.items.append(.proven(id))
    }

    /// Checks the digest. An unknown account is checked against a verifier that fits nothing, so that it takes as long.
    private func isRight(
        _ credentials: DigestCredentials, for record: UserRecord?, account: [UInt8], _ job: Job
    ) -> Bool {
        let algorithm = challengeAlgorithm(of: record)
        let verifier: [UInt8]?
        switch algorithm {
        case .sha256: verifier = record?.verifiers.sha256
        case .md5: verifier = record?.verifiers.md5
        }
        let isKnown = verifier != nil && record?.state == .enabled
        let matches = Digest.verify(
            credentials, verifier: verifier ?? [UInt8](repeating: 0, count: algorithm == .md5 ? 16 : 32),
            algorithm: algorithm, method: job.request.message.methodBytes)
        let user = account.prefix { $0 != UInt8(ascii: "@") }
        return matches && isKnown && credentials.username == user && credentials.algorithm ?? .md5 == algorithm
    }

    private mutating func challenge(
        _ record: UserRecord?, _ flow: Flow, _ challenger: Challenger, stale: Bool, at moment: Moment
    ) -> Authentication {
        let nonce = shared.nonces.nonce(for: flow, at: moment.now, chance: &chance)
        let challenge = DigestChallenge(
            realm: String(decoding: surroundings.realm, as: UTF8.self), nonce: nonce,
            algorithm: challengeAlgorithm(of: record), stale: stale, opaque: nil)
        switch challenger {
        case .registrar: return .answer(401, "Unauthorized", [(.wwwAuthenticate, challenge.headerValue())])
        case .proxy:
            return .answer(407, "Proxy Authentication Required", [(.proxyAuthenticate, challenge.headerValue())])
        }
    }

    /// The account's algorithm; for an unknown user what most accounts have, so that a stranger learns nothing.
    private func challengeAlgorithm(of record: UserRecord?) -> SIP.DigestAlgorithm {
        switch record?.algorithm ?? usualAlgorithm {
        case .sha256: .sha256
        case .md5: .md5
        }
    }

    /// Where a guesser sits. Behind an edge that is the address that the edge saw: its own stands for everybody outside, and a
    /// flow is as cheap as a connection.
    private func source(of flow: Flow, _ job: Job) -> [UInt8] {
        switch flow {
        case .direct: job.link.evidence.remoteAddress?.network ?? []
        case .edge(let edge): Self.addressSeenByEdge(job.request.message)?.network ?? edge.token
        }
    }

    /// RFC 3261 §18.2.1: the edge's own Via stands on top, and in the next one `received`, or sent-by when it is the same, is
    /// where the client is.
    private static func addressSeenByEdge(_ message: SIPMessage) -> NetworkAddress? {
        guard let via = message.elements(of: .via).dropFirst().first(where: { _ in true }).flatMap({ Via($0) }) else {
            return nil
        }
        let host = (via.received ?? via.host).text
        return NetworkAddress(host.contains(":") && !host.hasPrefix("[") ? "[\(host)]:0" : "\(host):0")
    }
}
