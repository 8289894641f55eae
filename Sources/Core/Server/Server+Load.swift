public import Basis
import SIP
import Trust

/// Who has asked for more than his share, and what he is told. Looked at before anything else is done for a request.
extension Server {
    /// Takes in how long an input has waited, from its reading until its answer was handed to the connection; the shard
    /// measures the longest of each turn.
    public mutating func observe(wait: Interval, at now: Instant, into outputs: inout Outputs) {
        tell(overload.observe(wait, at: now), into: &outputs)
    }

    /// How often the costs of requests are doubled now: zero, unless inputs wait too long.
    public var overloadCut: UInt8 { overload.cut }

    mutating func tell(_ change: OverloadControl.Change?, into outputs: inout Outputs) {
        switch change {
        case .began:
            counters.overloads &+= 1
            counters.isOverloaded = true
            outputs.event(.overloadBegan)
        case .ended:
            counters.isOverloaded = false
            outputs.event(.overloadEnded)
        case nil: break
        }
    }

    /// Whether the connection or the partner may have this request served. False: it was refused here, or an ACK dropped.
    ///
    /// Links between servers of this network and those of applications have no bucket: they carry the requests of many, who
    /// are counted where they are proven.
    mutating func mayAsk(
        _ message: SIPMessage, on id: ConnectionID, _ link: Link.Glance, at moment: Moment, into outputs: inout Outputs
    ) -> Bool {
        switch link.proof.peerClass {
        case .server, .application: return true
        case .client:
            let allowance = link.isProven ? ServerLimits.ofConnection : ServerLimits.ofUnprovenConnection
            let cut = overload.cut
            if links.take(charge(for: message, link), of: allowance, cut: cut, from: id, at: moment.now) { return true }
            // Only now it is worth a look whether it is inside a dialog. What a stranger sends is inside none.
            if link.isProven, message.toTag != nil,
                links.take(.reduced, of: allowance, cut: cut, from: id, at: moment.now)
            {
                return true
            }
            counters.refusedByConnection &+= 1
            let pause = links[id]?.bucket.timeUntilHalfFull(of: allowance, at: moment.now) ?? .zero
            refuse(message, on: id, for: pause, at: moment, into: &outputs)
            return false
        case .partner:
            let (name, allowance, cut) = (link.proof.partnerName, ServerLimits.ofPartner, overload.cut)
            if buckets.take(charge(for: message, link), of: name.span, allowance, cut: cut, at: moment.now) {
                return true
            }
            if message.toTag != nil, buckets.take(.reduced, of: name.span, allowance, cut: cut, at: moment.now) {
                return true
            }
            counters.refusedByPartner &+= 1
            refuse(message, on: id, for: ServerLimits.holdMax, at: moment, into: &outputs)
            return false
        }
    }

    /// Whether a proven user may have this request served. One that is not counted at the link it came over is counted here,
    /// and one with many connections is counted over all of them.
    mutating func mayAsk(_ aor: [UInt8], _ charge: Charge, at moment: Moment) -> Bool {
        if buckets.take(charge, of: aor.span, ServerLimits.ofIdentity, cut: overload.cut, at: moment.now) {
            return true
        }
        counters.refusedByIdentity &+= 1
        return false
    }

    /// When to come back, spread so that not everybody comes at once.
    mutating func retryLater() -> HeaderLines {
        Self.retryAfter(seconds: ServerLimits.retryAfterSeconds + chance.next() % (ServerLimits.retryAfterSeconds + 1))
    }

    /// What belongs by its method to something that is there already is charged less. A stranger has nothing yet.
    private func charge(for message: SIPMessage, _ link: Link.Glance) -> Charge {
        guard link.isProven else { return .full }
        switch message.method {
        case .ack, .bye, .cancel, .prack, .update, .info, .register: return .reduced
        case .invite, .subscribe, .notify, .refer, .options, .publish, .message, .other: return .full
        }
    }

    /// Says 503 and, so that the refusals themselves cost little, reads nothing from the connection for a while.
    private mutating func refuse(
        _ message: SIPMessage, on id: ConnectionID, for pause: Interval, at moment: Moment, into outputs: inout Outputs
    ) {
        // An ACK has no answer. The callee asks for it again by its 2xx (RFC 3261 §13.3.1.4).
        if message.method != .ack {
            reply(503, "Too many requests", retryLater(), to: message, on: id, into: &outputs)
        }
        // Spread, so that those who are held at the same time are not read again at the same time.
        guard let link = links[id], link.heldUntil <= moment.now else { return }
        let longest = min(pause, ServerLimits.holdMax).nanoseconds
        let hold = Interval(nanoseconds: longest / 2 + chance.next() % (longest / 2 + 1))
        links.modify(id) { $0.heldUntil = moment.now + hold }
        outputs.items.append(.hold(id, hold))
    }
}
