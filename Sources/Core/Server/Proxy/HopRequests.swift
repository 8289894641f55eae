import Basis
import SIP
import Transactions
import Trust

/// The requests that a proxy makes itself: CANCEL and the ACK to a refused INVITE, hop by hop, which repeat what the branch's
/// request said under the same branch; ACK and BYE of a dialog that may not be.
extension Server {
    /// RFC 3261 §16.10: ends every branch that still waits for a final response.
    mutating func cancelBranches(of tag: UInt64, at moment: Moment, into outputs: inout Outputs) {
        guard let context = contexts[tag], context.isInvite else { return }
        _ = contexts.update(tag) { $0.isCancelled = true }
        for (index, branch) in context.branches.enumerated() where branch.isPending {
            guard let transaction = branch.transaction else {
                complete(branch: index, of: tag, status: 487, at: moment, into: &outputs)
                continue
            }
            switch transactions.cancel(transaction, at: moment.now) {
            case .send: writeCancel(for: transaction, of: tag, into: &outputs)
            case .afterProvisional, .tooLate: break
            }
        }
    }

    func writeCancel(for transaction: ClientTransactionID, of tag: UInt64, into outputs: inout Outputs) {
        guard let context = contexts[tag], let index = context.branchIndex(of: transaction) else { return }
        var cancel = HopRequest(
            method: "CANCEL", to: context.job.request.message.value(of: .to) ?? [], of: context,
            over: context.branches[index])
        cancel.reason = context.cancelReason
        write(cancel, branches.branch(for: transaction, loop: context.loop), context, into: &outputs)
    }

    /// RFC 3261 §17.1.1.3: the ACK carries the To of the response, so that the tag is there.
    func acknowledge(
        _ response: SIPMessage, _ transaction: ClientTransactionID, _ tag: UInt64, into outputs: inout Outputs
    ) {
        guard let context = contexts[tag], let index = context.branchIndex(of: transaction) else { return }
        let acknowledgement = HopRequest(
            method: "ACK", to: response.value(of: .to) ?? [], of: context, over: context.branches[index])
        write(acknowledgement, branches.branch(for: transaction, loop: context.loop), context, into: &outputs)
    }

    /// Ends the dialog that a 2xx made and that its caller never hears of: ACK and BYE, as the caller would send them.
    ///
    /// RFC 3261 §12.2.1.1: to the Contact of the response, over the proxies between here and there. Nobody waits for the
    /// answer to the BYE.
    mutating func endDialog(
        of response: SIPMessage, branch: Int, of tag: UInt64, reason: String, into outputs: inout Outputs
    ) {
        guard let context = contexts[tag], context.branches.indices.contains(branch) else { return }
        for method in ["ACK", "BYE"] {
            var request = HopRequest(
                method: method, to: response.value(of: .to) ?? [], of: context, over: context.branches[branch])
            if let contact = response.firstNameAddress(of: .contact) { request.uri = Array(contact.uriBytes) }
            let records = response.elements(of: .recordRoute).prefix { element in
                NameAddress(element)?.uri.map { !surroundings.isOwn($0) } ?? true
            }
            // A flow at an edge is named by the branch; whoever else stays in the path is in the response.
            request.routes = request.target.routes + records.reversed().map { Array($0) }
            if method == "BYE" {
                request.number &+= 1
                request.reason = Array(reason.utf8)
            }
            let branch = BranchTokens.cookie + chance.hexDigits()
            write(request, branch, context, into: &outputs)
        }
    }

    private func write(
        _ order: HopRequest, _ branch: [UInt8], _ context: ResponseContext, into outputs: inout Outputs
    ) {
        guard let id = order.connection else { return }
        let request = context.job.request
        var lines = HeaderLines()
        let sentBy = sentBy(towards: order.target)
        lines.add(.via) { value in
            value.append(via: sentBy)
            value.append(contentsOf: branch)
        }
        for route in order.routes { lines.add(.route, route) }
        lines.add(.maxForwards, String(ServerLimits.maxForwards))
        lines.add(.from, request.message.value(of: .from) ?? [])
        lines.add(.to, order.to)
        lines.add(.callID, request.callID)
        lines.add(.cSeq, "\(order.number) \(order.method)")
        if let reason = order.reason { lines.add(.reason, reason) }
        write(RequestWriter(method: order.method, uri: order.uri, lines: lines).bytes(), to: id, into: &outputs)
    }
}

/// What differs between the requests that a proxy makes itself.
private struct HopRequest {
    let method: String
    let to: ArraySlice<UInt8>
    let target: Target
    let connection: ConnectionID?
    var uri: [UInt8]
    var routes: [[UInt8]]
    var number: UInt32
    var reason: [UInt8]?

    /// One with the Request-URI, Route and CSeq number of the branch's request.
    init(
        method: String, to: ArraySlice<UInt8>, of context: ResponseContext, over branch: ResponseContext.Branch
    ) {
        let request = context.job.request
        self.method = method
        self.to = to
        target = branch.target
        connection = branch.connection
        uri = branch.target.requestURI ?? Array(request.message.requestURIBytes)
        routes = branch.target.routes
        for route in request.message.elements(of: .route).dropFirst(context.preparation.routesToPop) {
            routes.append(Array(route))
        }
        number = request.cSeq.number
    }
}
