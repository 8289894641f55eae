import Basis
import SIP
import Trust

/// The Route elements at the top of a request that name this server.
struct OwnRoutes {
    /// How many there are.
    var count = 0
    /// The user part of the first that has one: our token.
    var token: ArraySlice<UInt8>?
    /// The first Route that is not ours.
    var next: SIPURI?
    /// How many Route elements there are, ours and others.
    var total = 0
}

extension Server {
    /// RFC 3261 §16.4: what we put into the route set, or a client configured as its outbound proxy, is taken off again.
    func ownRoutes(of message: SIPMessage) -> OwnRoutes {
        var own = OwnRoutes()
        guard message.has(.route) else { return own }
        for element in message.elements(of: .route) {
            own.total += 1
            guard own.count == own.total - 1 else { continue }
            guard let uri = NameAddress(element)?.uri, surroundings.isOwn(uri) else {
                own.next = NameAddress(element)?.uri
                continue
            }
            own.count += 1
            if own.token == nil, let user = uri.user, !user.isEmpty { own.token = user }
        }
        return own
    }

    /// The way to a client: its connection here, or the edge that holds it.
    func target(on flow: Flow, requestURI: [UInt8]?) -> Target? {
        switch flow {
        case .direct(let id):
            return Target(hop: .connection(id), requestURI: requestURI)
        case .edge(let edge):
            guard let server = surroundings.servers(at: Array(edge.edge.utf8)[...]).first else { return nil }
            var target = Target(hop: .link(.server(server.name), server.address), requestURI: requestURI)
            target.isInside = true
            target.routes = [[UInt8](sip: edge.token, at: edge.edge.utf8, parameters: ";transport=tls;lr;ob")]
            return target
        }
    }

    /// The way to a partner: over our own link when this server is an edge, otherwise to the edge.
    func target(towards partner: PartnerRecord) -> Target? {
        if surroundings.isEdge { return target(outTo: partner) }
        let edges = surroundings.edges
        return insideTarget(edges.first { $0.name == partner.via }.map { [$0] } ?? edges)
    }

    /// The way to a partner inside a dialog: the edge whose token for this partner stands in the Route behind our own; nil
    /// when none stands there.
    ///
    /// The sender wrote that Route, so only its token is taken over: the edge knows its own again, and goes by nothing else.
    func target(towards partner: PartnerRecord, inDialogOver next: SIPURI?) -> Target? {
        if surroundings.isEdge { return target(outTo: partner) }
        guard let token = next?.user, PartnerTokens.recordVouchedFor(in: token) == partner.name,
            let name = PartnerTokens.edgeVouchedFor(in: token),
            let edge = surroundings.edges.first(where: { $0.name == name })
        else { return nil }
        var target = insideTarget([edge])
        target?.routes = [[UInt8](sip: token, at: name.utf8, parameters: ";transport=tls;lr")]
        return target
    }

    private func target(outTo partner: PartnerRecord) -> Target? {
        guard let address = partner.address, let domain = partner.domains.first else { return nil }
        return Target(hop: .link(.partner(domain), address))
    }

    /// The way from an edge inwards.
    func targetInwards(_ next: SIPURI?) -> Target? {
        let named = next.map { surroundings.servers(at: $0) } ?? []
        let inward = surroundings.inwardHops
        let first = named.filter { inward.contains($0) }
        return insideTarget(first + inward.filter { !first.contains($0) })
    }

    /// A target that each of `servers` can take, the first one first.
    private func insideTarget(_ servers: [ServerRecord]) -> Target? {
        let hops = servers.map { Target.Hop.link(.server($0.name), $0.address) }
        guard let first = hops.first else { return nil }
        var target = Target(hop: first, alternatives: Array(hops.dropFirst()))
        target.isInside = true
        return target
    }

    /// The protocol of a Reason header that is ours (RFC 3326).
    private static let reasonProtocol = "Entente"

    /// Whether an element of Reason carries a code of ours.
    static func isOwnReason(_ element: ArraySlice<UInt8>) -> Bool {
        element.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
            .equalsIgnoringCase(reasonProtocol)
    }

    /// The value of a Reason header that carries a code of refusal between our own servers (RFC 3326).
    static func reason(_ code: TrustCode, why: String) -> [UInt8] {
        let text = why.filter { $0.isASCII && $0 != "\"" && $0 != "\\" && !$0.isNewline }.prefix(200)
        return Array("\(reasonProtocol);cause=\(code.rawValue.dropFirst());text=\"\(code.rawValue) \(text)\"".utf8)
    }
}
