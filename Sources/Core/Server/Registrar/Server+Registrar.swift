import Basis
import SIP
import Trust

/// The registrar's place in the server: order in, bindings changed, journal written, answer out after the commit.
extension Server {
    mutating func register(
        _ job: Job, aor: [UInt8], flow: Flow, at moment: Moment, into outputs: inout Outputs
    ) {
        let message = job.request.message
        let order: Registrar.Order
        switch Registrar.order(in: message, flow: flow) {
        case .order(let read): order = read
        case .refused(let status, let reason): return answer(job, status, reason, at: moment, into: &outputs)
        }
        var result = Registrar.Answer.accepted(isChanged: false)
        let (bindings, change) = shared.location.update(aor, at: moment.wall) { bindings in
            result = Registrar.apply(order, to: &bindings, at: moment.wall)
            if case .accepted(isChanged: true) = result { return true }
            return false
        }
        switch result {
        case .refused(let status, let reason, let lines):
            answer(job, status, reason, lines, at: moment, into: &outputs)
        case .accepted:
            var lines = acceptance(of: order, bindings, message, at: moment.wall)
            // The edge keeps it with the flow, so that the connection ends with the user; it does not tell the client.
            if job.link.peerClass == .server {
                lines.add(.pAssertedIdentity) { $0.append(sip: aor) }
            }
            guard let change else { return answer(job, 200, "OK", lines, at: moment, into: &outputs) }
            settle(aor, bindings, flow: flow, at: moment)
            let ticket = record(change, into: &outputs)
            if let transaction = job.transaction {
                journal.wait(
                    JournalQueue.Pending(
                        ticket: ticket, transaction: transaction, connection: job.connection, request: message,
                        lines: lines))
            }
        }
    }

    /// Ties the address to the connection, so that its bindings end with it; without one left, the proof ends too.
    private mutating func settle(_ aor: [UInt8], _ bindings: [Binding], flow: Flow, at moment: Moment) {
        let last = bindings.filter { $0.flow == flow }.map(\.expires).max()
        let isBoundHere = last != nil
        if let last {
            shared.proven.limit(aor, on: flow, to: moment.now + (last - moment.wall))
        } else {
            shared.proven.forget(aor, on: flow)
        }
        guard case .direct(let id) = flow else { return }
        links.modify(id) { $0.setRegistered(aor, isBoundHere) }
    }

    private func acceptance(
        of order: Registrar.Order, _ bindings: [Binding], _ message: SIPMessage, at wall: WallTime
    ) -> HeaderLines {
        var lines = HeaderLines()
        for binding in bindings { lines.add(.contact) { Registrar.appendContact(of: binding, at: wall, to: &$0) } }
        // RFC 3327 §5.3: the Path is told back to a client that understands it.
        if message.supports("path") {
            for element in message.elements(of: .path) { lines.add(.path, element) }
        }
        // RFC 3608 §5: requests of this client should come through this server.
        let home = surroundings.insideHost
        lines.add(.serviceRoute) { $0.append(sip: home, parameters: ";transport=tls;lr") }
        if order.supportsOutbound, order.contacts.contains(where: { $0.regID != nil && $0.instanceID != nil }) {
            // RFC 5626 §6: the client must know that its flows are kept, and how soon it must be heard of.
            lines.add(.require, "outbound")
            lines.add(.flowTimer) { $0.append(decimal: UInt64(ServerLimits.flowTimerSeconds)) }
        }
        return lines
    }

    /// Writes what is now under an address to the journal.
    @discardableResult
    mutating func record(_ change: BindingChange, into outputs: inout Outputs) -> UInt64 {
        let ticket = journal.ticket()
        let value = change.bindings.isEmpty ? nil : BindingCoding.encode(change.bindings)
        outputs.items.append(
            .append(JournalRecord(ticket: ticket, order: change.order, key: change.aor, value: value)))
        outputs.detail(.bindingsChanged(aor: change.aor, count: change.bindings.count))
        return ticket
    }

    mutating func committed(upTo ticket: UInt64, at moment: Moment, into outputs: inout Outputs) {
        for pending in journal.take(upTo: ticket) {
            respond(
                200, "OK", pending.lines, to: pending.request, in: pending.transaction, on: pending.connection,
                at: moment, into: &outputs)
        }
    }

    /// Nothing of these records was stored, so nothing of them is acknowledged; the client tries again.
    mutating func commitFailed(_ first: UInt64, _ last: UInt64, at moment: Moment, into outputs: inout Outputs) {
        for pending in journal.take(upTo: last) {
            guard pending.ticket >= first else {
                respond(
                    200, "OK", pending.lines, to: pending.request, in: pending.transaction, on: pending.connection,
                    at: moment, into: &outputs)
                continue
            }
            respond(
                503, "Not stored", Self.retryAfter(seconds: 10), to: pending.request, in: pending.transaction,
                on: pending.connection, at: moment, into: &outputs)
        }
    }

    /// The flow has gone: its bindings go with it.
    mutating func endBindings(of aor: [UInt8], on flow: Flow, at moment: Moment, into outputs: inout Outputs) {
        let (_, change) = shared.location.update(aor, at: moment.wall) { bindings in
            let count = bindings.count
            bindings.removeAll { $0.flow == flow }
            return bindings.count != count
        }
        if let change { record(change, into: &outputs) }
    }

    mutating func expireBindings(at moment: Moment, into outputs: inout Outputs) {
        while let stripe = expirySweep.take(at: moment.now) {
            for change in shared.location.expire(stripe: stripe, at: moment.wall) { record(change, into: &outputs) }
        }
    }
}
