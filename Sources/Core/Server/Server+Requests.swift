import Basis
import SIP
import Transactions
import Trust

/// The way of a message in, from the framer to the rule that answers for it. Read from top to bottom, this is the order
/// in which a request is looked at.
extension Server {
    mutating func received(_ framed: Framed, on id: ConnectionID, at moment: Moment, into outputs: inout Outputs) {
        // A link that a sweep closed in this turn may still have input queued: it is dropped unread.
        guard let link = links.glance(at: id) else { return }
        switch framed {
        case .keepAlivePing:
            // RFC 5626 §4.4.1: the answer to a double CRLF is one CRLF. It proves nothing and extends nothing.
            let start = outputs.bytes.count
            outputs.bytes.append(contentsOf: [13, 10])
            outputs.items.append(.send(id, ByteRange(start, outputs.bytes.count)))
        case .keepAlivePong:
            break
        case .message(let message):
            counters.messages[link.proof.peerClass] &+= 1
            if !link.hasSpoken { links.modify(id) { $0.hasSpoken = true } }
            if message.isRequest {
                request(message, on: id, link, at: moment, into: &outputs)
            } else {
                response(message, on: id, at: moment, into: &outputs)
            }
        case .violation(let violation, let message):
            counters.messages[link.proof.peerClass] &+= 1
            let count = link.violations &+ 1
            if count <= ServerLimits.violationsLoggedMax {
                links.modify(id) { $0.violations = count }
                outputs.event(.violation(id, kind: "\(violation.kind)", offset: violation.offset))
            }
            switch violation.answer {
            case .respond(let status, let reason):
                if let message, message.isRequest, message.method != .ack {
                    reply(status, reason, to: message, on: id, into: &outputs)
                }
            case .discard, .close:
                break
            }
            let isHopeless = !link.isProven && count >= ServerLimits.violationsLoggedMax / 4
            if violation.closes || isHopeless { outputs.items.append(.close(id, .violation)) }
        }
    }

    private mutating func request(
        _ message: SIPMessage, on id: ConnectionID, _ link: Link.Glance, at moment: Moment, into outputs: inout Outputs
    ) {
        // A link carries requests in the direction in which it was dialled.
        guard !link.isOutbound else {
            if message.method != .ack {
                reply(403, "Requests come on links that you dial", to: message, on: id, into: &outputs)
            }
            return
        }
        guard mayAsk(message, on: id, link, at: moment, into: &outputs) else { return }
        let request: ValidRequest
        do throws(RequestProblem) {
            request = try ValidRequest(message)
            if let problem = request.problem(for: .proxy) { throw problem }
        } catch {
            if message.method != .ack {
                reply(error.status, error.reason, error.lines, to: message, on: id, into: &outputs)
            }
            return
        }
        guard message.method == .ack || message.method == .cancel || transactions.serverCount(on: id) < link.requestsMax
        else {
            return reply(
                503, "Too many requests at once", Self.retryAfter(seconds: 5), to: message, on: id, into: &outputs)
        }
        switch transactions.receive(request, on: id, at: moment.now) {
        case .new(let transaction):
            let job = Job(request: request, connection: id, link: link.proof, transaction: transaction)
            answerOrForward(job, at: moment, into: &outputs)
        case .cancel(let transaction, let invite):
            cancel(message, transaction, invite, on: id, at: moment, into: &outputs)
        case .acknowledgesSuccess:
            // RFC 3261 §16.6: the ACK to a 2xx is a request of its own, routed without a transaction.
            let job = Job(request: request, connection: id, link: link.proof, transaction: nil)
            answerOrForward(job, at: moment, into: &outputs)
        case .absorbed, .acknowledged:
            break
        case .full:
            reply(503, "Server full", Self.retryAfter(seconds: 5), to: message, on: id, into: &outputs)
        }
    }

    private mutating func answerOrForward(_ job: Job, at moment: Moment, into outputs: inout Outputs) {
        guard !isDraining || !job.request.isOutsideDialog else {
            return answer(job, 503, "Ending", Self.retryAfter(seconds: 5), at: moment, into: &outputs)
        }
        if job.request.message.method == .options, isAddressedToUs(job.request) {
            guard case .reply(let status, let reason, let fields)? = Self.refusalOfRequirements(job.request)
            else {
                return answer(job, 200, "OK", Self.capabilities, at: moment, into: &outputs)
            }
            return answer(job, status, reason, fields, at: moment, into: &outputs)
        }
        guard let sender = sender(of: job.request.message, on: job.connection, job.link) else {
            outputs.event(.requestRefused(job.connection, .e406, why: "no flow named by the edge"))
            return answer(job, 403, "Forbidden", at: moment, into: &outputs)
        }
        let decision: Routing
        if surroundings.isFrontEnd {
            decision = routeAtHome(job, from: sender, at: moment, into: &outputs)
        } else {
            decision = routeAtEdge(job, from: sender, at: moment, into: &outputs)
        }
        switch decision {
        case .reply(let status, let reason, let fields):
            answer(job, status, reason, fields, at: moment, into: &outputs)
        case .register(let aor, let flow):
            register(job, aor: aor, flow: flow, at: moment, into: &outputs)
        case .forward(let targets, let preparation):
            forward(job, to: targets, preparation, at: moment, into: &outputs)
        }
    }

    /// RFC 3261 §11: OPTIONS to the domain or to this server itself is answered to anybody who was admitted, with nothing
    /// looked up.
    private func isAddressedToUs(_ request: ValidRequest) -> Bool {
        let uri = request.requestURI
        guard uri.user?.isEmpty ?? true else { return false }
        return surroundings.isOwn(domain: uri.host) || surroundings.isOwn(uri)
    }

    /// RFC 3261 §9.2, RFC 3261 §16.10: the CANCEL is answered here, and goes on to every branch that still waits.
    private mutating func cancel(
        _ message: SIPMessage, _ transaction: ServerTransactionID, _ invite: ServerTransactionID?, on id: ConnectionID,
        at moment: Moment, into outputs: inout Outputs
    ) {
        guard let invite, let tag = transactions.userTag(of: invite), contexts[tag] != nil else {
            respond(
                481, "Call/Transaction Does Not Exist", to: message, in: transaction, on: id, at: moment, into: &outputs
            )
            return
        }
        respond(200, "OK", to: message, in: transaction, on: id, at: moment, into: &outputs)
        let reason = message.elements(of: .reason).first { !Self.isOwnReason($0) }.map { Array($0) }
        _ = contexts.update(tag) { $0.cancelReason = reason }
        cancelBranches(of: tag, at: moment, into: &outputs)
    }
}

/// One request under way through the rules and its branches: what it says, where it came in, and the transaction that answers
/// it. An object, because all of them read it and none changes it.
final class Job: Sendable {
    let request: ValidRequest
    let connection: ConnectionID
    let link: LinkProof
    /// Nil for the ACK to a 2xx, which nobody answers.
    let transaction: ServerTransactionID?

    init(
        request: ValidRequest, connection: ConnectionID, link: LinkProof, transaction: ServerTransactionID?
    ) {
        self.request = request
        self.connection = connection
        self.link = link
        self.transaction = transaction
    }
}

/// What the rules decided about a request.
enum Routing {
    case reply(UInt16, String, HeaderLines)
    /// A REGISTER of a proven user.
    case register(aor: [UInt8], flow: Flow)
    case forward([Target], Preparation)
}

/// Where one branch goes.
struct Target {
    /// The hop that takes it.
    enum Hop {
        case connection(ConnectionID)
        case link(Dialled, NetworkAddress)
    }

    var hop: Hop
    /// The hops that do as well when this one is not reachable, in the order in which they are tried.
    var alternatives: [Hop] = []
    /// The request URI of the branch; nil leaves it.
    var requestURI: [UInt8]?
    /// Route URIs to put on top, first one first.
    var routes: [[UInt8]] = []
    /// Record-Route or Path line to put on top.
    var record: [UInt8]?
    /// The user of ours whose flow this is; empty when the branch leads elsewhere or follows a dialog.
    var user: [UInt8] = []
    /// Whether the hop is a server of this network, which is told the proven identity.
    var isInside = false
}

extension Target {
    /// The same target over the next hop; nil when there is none.
    var next: Target? {
        guard let hop = alternatives.first else { return nil }
        var next = self
        next.hop = hop
        next.alternatives.removeFirst()
        return next
    }

    /// The same target over no other hop than its own: inside a dialog, where the hop knows the dialog.
    var fixed: Target {
        var fixed = self
        fixed.alternatives = []
        return fixed
    }
}

/// What every branch of a request has in common.
struct Preparation {
    /// How many Route elements at the top are ours and leave.
    var routesToPop = 0
    /// The identity that we assert towards servers and partners; empty for none.
    var identity: [UInt8] = []
    /// Whether the identity may leave the network (RFC 3323: not with `Privacy: id`).
    var mayLeave = true
    /// Whether a server of this network sent the request; set when it is forwarded.
    var isFromInside = false
}
