import Basis
import SIP
import Trust

/// The edge's rules: what comes from outside gets our token and goes inwards, what comes from inside goes to the flow or
/// the partner that it names. An edge asks nobody for a password and believes no header from outside.
extension Server {
    mutating func routeAtEdge(
        _ job: Job, from sender: Sender, at moment: Moment, into outputs: inout Outputs
    ) -> Routing {
        let own = ownRoutes(of: job.request.message)
        switch job.link.peerClass {
        case .client: return fromClient(job, own)
        case .partner: return fromPartner(job, own, into: &outputs)
        case .server: return fromInside(job, own, into: &outputs)
        case .application: return .reply(403, "Forbidden", [])
        }
    }

    /// RFC 3327, RFC 5626 §5.1: the flow is written into Path or Record-Route, so that the home server can tell the
    /// clients behind this edge apart, and reach each over the connection on which it came.
    private mutating func fromClient(_ job: Job, _ own: OwnRoutes) -> Routing {
        guard var target = targetInwards(own.next) else {
            return .reply(503, "No way inwards", Self.retryAfter(seconds: 10))
        }
        // The Path is read inside; the Record-Route comes back from the client, over the flow that it has.
        let host = job.request.message.method == .register ? surroundings.insideHost : surroundings.clientAddress
        target.record = [UInt8](
            sip: flowTokens.token(for: job.connection), at: host, parameters: ";transport=tls;lr;ob")
        return .forward([target], Preparation(routesToPop: own.count))
    }

    /// A partner may send from its domains to ours. From is what it must prove outside a dialog; inside one it must bring
    /// back the token that this edge made for the same record.
    private mutating func fromPartner(_ job: Job, _ own: OwnRoutes, into outputs: inout Outputs) -> Routing {
        let request = job.request
        guard let name = job.link.peer.recordName else { return .reply(403, "Forbidden", []) }
        let isInDialog = !request.isOutsideDialog && own.token.flatMap { partnerTokens.record(in: $0) } == name
        var preparation = Preparation(routesToPop: own.count)
        if isInDialog {
            // Whom the identity belongs to is the home server's to say: its own token in the next Route knows.
            preparation.identity = request.fromAddress
        } else {
            guard let identity = request.identity(in: job.link.peer.domains) else {
                outputs.event(.requestRefused(job.connection, .e403, why: request.fromURI.description))
                return .reply(403, "From is not proven by this link", [])
            }
            guard surroundings.isOwn(domain: request.requestURI.host) else {
                outputs.event(.requestRefused(job.connection, .e406, why: request.requestURI.description))
                return .reply(404, "Not Found", [])
            }
            preparation.identity = identity
        }
        guard var target = targetInwards(own.next) else {
            return .reply(503, "No way inwards", Self.retryAfter(seconds: 10))
        }
        target.record = partnerRecordRoute(name)
        return .forward([target], preparation)
    }

    /// From inside, a request names the client's flow or the partner's dialog by our token in its Route, or a partner by the
    /// domain that it is for. No other Route counts: the home server decided, and says it in these two ways.
    private mutating func fromInside(_ job: Job, _ own: OwnRoutes, into outputs: inout Outputs) -> Routing {
        guard job.link.peer.assertsUsers else {
            outputs.event(.requestRefused(job.connection, .e403, why: job.link.peer.identity ?? ""))
            return .reply(403, "Forbidden", [(.reason, Self.reason(.e403, why: "this role speaks for nobody"))])
        }
        var preparation = Preparation(routesToPop: own.count)
        let record = own.token.flatMap { partnerTokens.record(in: $0) }
        preparation.identity = job.request.message.firstNameAddress(of: .pAssertedIdentity)?.uri?.userAtHost ?? []
        preparation.mayLeave = !job.request.message.hasPrivacy("id")
        if let token = own.token, record == nil {
            guard let id = flowTokens.connection(for: token) else {
                // RFC 5626 §11.2: the flow is not ours, or not any more.
                return .reply(430, "Flow Failed", [])
            }
            return .forward([Target(hop: .connection(id))], preparation)
        }
        // Inside a dialog our own token names the partner: its user agent's host may be one that no record has.
        let named = record.flatMap { surroundings.partner(named: $0) }
        guard let partner = named ?? surroundings.partner(for: job.request.requestURI.canonicalHost) else {
            outputs.event(.requestRefused(job.connection, .e401, why: job.request.requestURI.description))
            return .reply(404, "Not Found", [(.reason, Self.reason(.e401, why: "no partner"))])
        }
        guard !partner.blocked, var target = target(towards: partner) else {
            outputs.event(.requestRefused(job.connection, .e404, why: partner.name))
            return .reply(403, "Forbidden", [(.reason, Self.reason(.e404, why: partner.name))])
        }
        target.record = partnerRecordRoute(partner.name)
        return .forward([target], preparation)
    }

    private func partnerRecordRoute(_ record: String) -> [UInt8] {
        [UInt8](
            sip: partnerTokens.token(for: record, edge: surroundings.name), at: surroundings.outsideHost,
            parameters: ";transport=tls;lr")
    }
}
