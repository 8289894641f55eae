import Basis
import SIP
import Trust

/// The home proxy's rules: who a request is from, whether it may pass, and where it goes. What no rule lets through is
/// refused: a request is for a user of ours, or from a proven user of ours to a partner, or inside a dialog of theirs.
extension Server {
    mutating func routeAtHome(
        _ job: Job, from sender: Sender, at moment: Moment, into outputs: inout Outputs
    ) -> Routing {
        let request = job.request
        let own = ownRoutes(of: request.message)
        if request.message.method == .register {
            return routeRegister(job, from: sender, at: moment, into: &outputs)
        }
        if let token = own.token, !request.isOutsideDialog {
            return routeInDialog(job, from: sender, token: token, own: own, into: &outputs)
        }
        let identity: [UInt8]
        switch identify(job, sender, at: moment, into: &outputs) {
        case .user(let address): identity = address
        case .answer(let status, let reason, let fields): return .reply(status, reason, fields)
        }
        // Who came over another server of ours was counted there; an application has no limit but its grant.
        switch sender {
        case .client, .partner:
            guard mayAsk(identity, .full, at: moment) else {
                return .reply(503, "Too many requests", retryLater())
            }
        case .server, .application: break
        }
        if let refusal = refusalOfMedia(request.message) { return refusal }
        // Where the request goes is decided here. A Route that is left would be another's word on it, and the edge, which
        // trusts this server, would take it for ours.
        var preparation = Preparation(routesToPop: own.total)
        preparation.identity = identity
        preparation.mayLeave = !request.message.hasPrivacy("id")
        if surroundings.isOwn(domain: request.requestURI.host) {
            return routeToUser(job, from: sender, identity: identity, preparation, at: moment)
        }
        if let partner = surroundings.partner(for: request.requestURI.canonicalHost) {
            return routeToPartner(partner, job, from: sender, identity: identity, preparation, into: &outputs)
        }
        if case .partner = sender {
            return refuse(job, .e406, 404, "Not Found", why: "not for a domain of ours", into: &outputs)
        }
        return refuse(job, .e401, 403, "Domain is not federated", why: request.requestURI.description, into: &outputs)
    }

    /// A REGISTER is for our domain, from a client, and its To is proven.
    private mutating func routeRegister(
        _ job: Job, from sender: Sender, at moment: Moment, into outputs: inout Outputs
    ) -> Routing {
        guard case .client(let flow) = sender else { return .reply(403, "Forbidden", []) }
        if let refusal = Self.refusalOfRequirements(job.request) { return refusal }
        guard surroundings.isOwn(domain: job.request.requestURI.host) || surroundings.isOwn(job.request.requestURI)
        else {
            return .reply(404, "Not Found", [])
        }
        let address = job.request.toURI.userAtHost
        guard !address.isEmpty, surroundings.isOwn(domain: job.request.toURI.host) else {
            return .reply(404, "Not Found", [])
        }
        switch authenticate(address, of: job, on: flow, as: .registrar, at: moment, into: &outputs) {
        case .user(let aor):
            guard mayAsk(aor, .reduced, at: moment) else {
                return .reply(503, "Too many requests", retryLater())
            }
            return .register(aor: aor, flow: flow)
        case .answer(let status, let reason, let fields): return .reply(status, reason, fields)
        }
    }

    /// Whom a request outside a dialog is from, proven by what its link allows.
    private mutating func identify(
        _ job: Job, _ sender: Sender, at moment: Moment, into outputs: inout Outputs
    ) -> Authentication {
        let request = job.request
        switch sender {
        case .client(let flow):
            if request.isAnonymous { return identifyAnonymous(job, on: flow, at: moment, into: &outputs) }
            let from = request.fromURI
            guard surroundings.isOwn(domain: from.host), case let address = from.userAtHost, !address.isEmpty else {
                return .answer(403, "From is not yours", [])
            }
            return authenticate(address, of: job, on: flow, as: .proxy, at: moment, into: &outputs)
        case .partner(let name):
            // Behind an edge the asserted identity is what the edge checked; on a link of our own we check From ourselves.
            guard let partner = surroundings.partner(named: name) else { return refuseIdentity(job, into: &outputs) }
            guard job.link.peerClass == .server else {
                return request.identity(in: partner.domains).map { .user($0) } ?? refuseIdentity(job, into: &outputs)
            }
            let address = assertedAddress(request.message)
            let domain = address.drop { $0 != UInt8(ascii: "@") }.dropFirst()
            guard partner.domains.contains(where: { domain.equalsIgnoringCase($0) }) else {
                return refuseIdentity(job, into: &outputs)
            }
            return .user(address)
        case .server:
            // Users of ours, and nobody else, asserted by a role that proves users itself.
            let address = assertedAddress(request.message)
            let domain = address.drop { $0 != UInt8(ascii: "@") }.dropFirst()
            guard job.link.peer.assertsUsers, !address.isEmpty, surroundings.isOwn(domain: domain) else {
                return refuseIdentity(job, into: &outputs)
            }
            return .user(address)
        case .application(let name):
            guard let given = job.link.peer.grant, !given.outboundOnly else {
                return refuseIdentity(job, into: &outputs)
            }
            let grant = surroundings.grant(given, of: name)
            let asserted = grant.assertIdentity ? assertedAddress(request.message) : []
            let address = asserted.isEmpty ? request.fromAddress : asserted
            guard grant.allows(address, in: surroundings.domains) else { return refuseIdentity(job, into: &outputs) }
            guard grant.challenged else { return .user(address) }
            return authenticate(address, of: job, on: .direct(job.connection), as: .proxy, at: moment, into: &outputs)
        }
    }

    /// RFC 3323 §4.1: who hides From still has to be somebody. RFC 3325 §6: P-Preferred-Identity says who, otherwise it is
    /// the first user proven on the flow.
    private mutating func identifyAnonymous(
        _ job: Job, on flow: Flow, at moment: Moment, into outputs: inout Outputs
    ) -> Authentication {
        if let preferred = job.request.message.preferredIdentities?.first?.uri {
            guard surroundings.isOwn(domain: preferred.host), case let address = preferred.userAtHost, !address.isEmpty
            else { return .answer(403, "P-Preferred-Identity is not yours", []) }
            return authenticate(address, of: job, on: flow, as: .proxy, at: moment, into: &outputs)
        }
        guard let user = shared.proven.users(on: flow, at: moment.now).first else {
            return .answer(403, "Anonymous to others, not to us", [])
        }
        return .user(user)
    }

    private func assertedAddress(_ message: SIPMessage) -> [UInt8] {
        message.firstNameAddress(of: .pAssertedIdentity)?.uri?.userAtHost ?? []
    }

    private mutating func refuseIdentity(_ job: Job, into outputs: inout Outputs) -> Authentication {
        outputs.event(.requestRefused(job.connection, .e403, why: job.request.fromURI.description))
        return .answer(403, "From is not proven by this link", [])
    }

    /// Inside a dialog: from one of the two flows in the token, to the other.
    private mutating func routeInDialog(
        _ job: Job, from sender: Sender, token user: ArraySlice<UInt8>, own: OwnRoutes, into outputs: inout Outputs
    ) -> Routing {
        let request = job.request
        guard
            let (token, side) = dialogTokens.open(
                user, callID: request.callID, fromTag: request.fromTag ?? [], toTag: request.toTag ?? []),
            sender.origin == (side == .caller ? token.callerOrigin : token.targetOrigin)
        else {
            return refuse(
                job, .e403, 403, "Not your dialog", why: "Route is not ours, or not this flow's", into: &outputs)
        }
        if let refusal = refusalOfMedia(request.message) { return refusal }
        var preparation = Preparation(routesToPop: own.count)
        preparation.identity = side == .caller ? token.caller : token.target
        preparation.mayLeave = !request.message.hasPrivacy("id")
        switch side == .caller ? token.targetOrigin : token.callerOrigin {
        case .client(let flow):
            guard let target = target(on: flow, requestURI: nil) else {
                return .reply(480, "Temporarily Unavailable", [])
            }
            // The route set may name the flow already: what the token says takes its place.
            if case .edge(let edge) = flow, own.next?.user == edge.token[...] { preparation.routesToPop += 1 }
            return .forward([target], preparation)
        case .partner(let name):
            guard let partner = surroundings.partner(named: name) else { return .reply(404, "Not Found", []) }
            guard !partner.blocked else {
                return refuse(job, .e404, 403, "Partner is blocked", why: partner.name, into: &outputs)
            }
            guard let target = target(towards: partner, inDialogOver: own.next) else {
                return refuse(job, .e403, 403, "Not your dialog", why: "Route does not lead to \(name)", into: &outputs)
            }
            preparation.routesToPop += target.routes.count
            return .forward([target], preparation)
        case .application(let name):
            guard let address = surroundings.applicationAddress(name) else { return .reply(404, "Not Found", []) }
            return .forward([Target(hop: .link(.application(name), address))], preparation)
        }
    }

    /// A request for a user of ours: to every flow that has a binding.
    private func routeToUser(
        _ job: Job, from sender: Sender, identity: [UInt8], _ preparation: Preparation, at moment: Moment
    ) -> Routing {
        guard let user = directory.user(at: job.request.requestURI.userAtHost), user.isEnabled else {
            return .reply(404, "Not Found", [])
        }
        let aor = user.aor
        var targets: [Target] = []
        var seen: [Flow] = []
        var bindings = shared.location.bindings(of: aor, at: moment.wall)
        if bindings.count > 1 { bindings.sort { $0.q > $1.q } }
        for binding in bindings {
            guard let flow = binding.flow, !seen.contains(flow),
                var target = target(on: flow, requestURI: binding.contact)
            else { continue }
            seen.append(flow)
            target.user = aor
            if job.request.message.method.createsDialog, let origin = sender.origin {
                let token = DialogToken(
                    caller: identity, callerOrigin: origin, target: aor, targetOrigin: .client(flow))
                target.record = dialogTokens.token(
                    token, callID: job.request.callID, callerTag: job.request.fromTag ?? []
                )
                .map { recordRoute(user: $0) }
            }
            targets.append(target)
        }
        return targets.isEmpty ? .reply(480, "Temporarily Unavailable", []) : .forward(targets, preparation)
    }

    /// A request for a partner's user: from a proven user of ours only; nobody is passed from one partner to another.
    private mutating func routeToPartner(
        _ partner: PartnerRecord, _ job: Job, from sender: Sender, identity: [UInt8], _ preparation: Preparation,
        into outputs: inout Outputs
    ) -> Routing {
        switch sender {
        case .client, .server, .application: break
        case .partner:
            return refuse(job, .e406, 403, "Forbidden", why: "from a partner to a partner", into: &outputs)
        }
        guard !partner.blocked else {
            return refuse(job, .e404, 403, "Partner is blocked", why: partner.name, into: &outputs)
        }
        guard var target = target(towards: partner) else { return .reply(404, "Not Found", []) }
        if job.request.message.method.createsDialog, let origin = sender.origin {
            let token = DialogToken(
                caller: identity, callerOrigin: origin, target: job.request.requestURI.userAtHost,
                targetOrigin: .partner(partner.name))
            target.record = dialogTokens.token(token, callID: job.request.callID, callerTag: job.request.fromTag ?? [])
                .map { recordRoute(user: $0) }
        }
        return .forward([target], preparation)
    }

    /// wire.md's rule on media: 488 with a Warning that says what is missing.
    private func refusalOfMedia(_ message: SIPMessage) -> Routing? {
        switch surroundings.media.judge(message) {
        case .passes: return nil
        // A body that calls itself SDP and cannot be read as one is not passed on either.
        case .malformed: return .reply(400, "Bad SDP", [])
        // RFC 3261 §21.4.13: what could be read.
        case .unreadable: return .reply(415, "Unsupported Media Type", [(.acceptEncoding, Array("identity".utf8))])
        case .open: return .reply(488, "Not Acceptable Here", [(.warning, mediaWarning)])
        }
    }

    /// What is said with 488.
    var mediaWarning: [UInt8] {
        Array("399 ".utf8) + surroundings.insideHost + Array(" \"Media must be SRTP: offer RTP/SAVP\"".utf8)
    }

    private mutating func refuse(
        _ job: Job, _ code: TrustCode, _ status: UInt16, _ reason: String, why: String, into outputs: inout Outputs
    ) -> Routing {
        outputs.event(.requestRefused(job.connection, code, why: why))
        // Inside the network the code travels back to the hop before; a client or partner gets the status alone.
        let fields: HeaderLines = job.link.peerClass == .server ? [(.reason, Self.reason(code, why: why))] : []
        return .reply(status, reason, fields)
    }

    private func recordRoute(user: [UInt8]) -> [UInt8] {
        [UInt8](sip: user, at: surroundings.clientAddress, parameters: ";transport=tls;lr")
    }
}

extension Method {
    /// RFC 3261 §12.1, RFC 6665, RFC 3515: whether a request of this method can create a dialog, so that this proxy must
    /// stay in the path. A method that we do not know might.
    var createsDialog: Bool {
        switch self {
        case .invite, .subscribe, .notify, .refer, .other: true
        case .ack, .bye, .cancel, .register, .options, .prack, .publish, .info, .message, .update: false
        }
    }
}
