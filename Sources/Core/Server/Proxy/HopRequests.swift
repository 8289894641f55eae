import Basis
import SIP
import Transactions
import Trust

/// The two requests that a proxy makes itself, hop by hop: CANCEL, and the ACK to a refused INVITE. Both repeat what the
/// branch's request said, under the same branch.
extension Server {
    /// RFC 3261 §16.10: ends every branch that still waits for a final response.
    mutating func cancelBranches(of tag: UInt64, at moment: Moment, into outputs: inout Outputs) {
        guard let context = contexts[tag], context.request.method == .invite else { return }
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
        write("CANCEL", to: context.request.value(of: .to) ?? [], context.branches[index], of: context, into: &outputs)
    }

    /// RFC 3261 §17.1.1.3: the ACK carries the To of the response, so that the tag is there.
    func acknowledge(
        _ response: SIPMessage, _ transaction: ClientTransactionID, _ tag: UInt64, into outputs: inout Outputs
    ) {
        guard let context = contexts[tag], let index = context.branchIndex(of: transaction) else { return }
        write("ACK", to: response.value(of: .to) ?? [], context.branches[index], of: context, into: &outputs)
    }

    private func write(
        _ method: String, to: ArraySlice<UInt8>, _ branch: ResponseContext.Branch, of context: ResponseContext,
        into outputs: inout Outputs
    ) {
        guard let id = branch.connection, let transaction = branch.transaction else { return }
        let request = context.request
        var bytes = Array(method.utf8)
        bytes.append(UInt8(ascii: " "))
        bytes.append(contentsOf: branch.target.requestURI ?? Array(request.requestURIBytes))
        bytes.append(contentsOf: " SIP/2.0\r\n".utf8)
        func add(_ name: String, _ value: some Sequence<UInt8>) {
            bytes.append(contentsOf: name.utf8)
            bytes.append(contentsOf: ": ".utf8)
            bytes.append(contentsOf: value)
            bytes.append(contentsOf: "\r\n".utf8)
        }
        add("Via", via(branches.branch(for: transaction, loop: context.loop), towards: branch.target))
        for route in branch.target.routes { add("Route", route) }
        for route in request.elements(of: .route).dropFirst(context.preparation.routesToPop) { add("Route", route) }
        add("Max-Forwards", "\(ServerLimits.maxForwards)".utf8)
        add("From", request.value(of: .from) ?? [])
        add("To", to)
        add("Call-ID", request.callID ?? [])
        add("CSeq", "\(request.cSeq?.number ?? 0) \(method)".utf8)
        if method == "CANCEL", let reason = context.cancelReason { add("Reason", reason) }
        add("Content-Length", "0".utf8)
        bytes.append(contentsOf: "\r\n".utf8)
        if id.shard == shard {
            let start = outputs.bytes.count
            outputs.bytes.append(contentsOf: bytes)
            outputs.items.append(.send(id, ByteRange(start, outputs.bytes.count)))
        } else {
            outputs.items.append(
                .post(id.shard, MailBox(.write(id, bytes: bytes, from: shard, epoch: links.context.epoch))))
        }
    }
}
