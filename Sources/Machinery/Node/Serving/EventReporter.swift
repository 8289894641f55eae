import Basis
import Server
import Storage
import Transport
import Trust

/// Turns what servers and transport tell into log lines, metrics and the stored evidence that `explain` reads.
struct EventReporter: Sendable {
    let log: Log
    let metrics: Metrics
    let recorder: LinkRecorder
    let replica: TrustReplica

    func report(_ event: ServerEvent, of shard: ShardID) {
        let time = OperatingSystem.wallTime
        switch event {
        case .linkAdmitted(let id, let peer, let evidence, let trace):
            recorder.admitted(id) {
                Self.verdict(id, peer.identity, "admitted", peer.epoch, evidence, trace, time)
            }
            log.write(.info, event.name, at: time) { line in
                line.add("conn", id.description)
                line.add("peer", name(of: peer, evidence))
                line.add("class", peer.peerClass.rawValue)
                line.add("direction", evidence.direction.isOutbound ? "outbound" : "inbound")
                line.add("tls", evidence.tlsVersion?.rawValue ?? "")
                line.add("group", evidence.group ?? "")
                line.add("epoch", peer.epoch.number)
            }
        case .linkRefused(let id, let refusal, let evidence, let trace, let epoch),
            .linkCut(let id, let refusal, let evidence, let trace, let epoch):
            recorder.refused { Self.verdict(id, nil, refusal.code.rawValue, epoch, evidence, trace, time) }
            // A link that was cut was admitted before: that verdict holds no longer.
            recorder.closed(id)
            log.write(.warning, event.name, at: time) { line in
                line.add("conn", id.description)
                line.add("code", refusal.code.rawValue)
                line.add("peer", evidence.remoteAddress.map(\.description) ?? "")
                line.add("seen", refusal.seen)
                line.add("expected", refusal.expected)
                line.add("rule", refusal.rule)
                line.add("next", refusal.next)
                line.add("epoch", epoch.number)
            }
        case .linkClosed(let id, let peer):
            recorder.closed(id)
            log.write(.info, event.name, at: time) { line in
                line.add("conn", id.description)
                line.add("class", peer.peerClass.rawValue)
                line.add("peer", peer.identity ?? "")
            }
        case .dialFailed(let target, let why):
            log.write(.warning, event.name, at: time) { line in
                line.add("peer", target.name)
                line.add("why", why)
            }
        case .swept(let epoch, let closed):
            metrics.set(epoch: epoch)
            log.write(.info, event.name, at: time) { line in
                line.add("shard", shard.number)
                line.add("epoch", epoch.number)
                line.add("linksClosed", closed)
            }
            Task { await replica.swept(epoch, by: shard, closed: closed) }
        case .userProven(let aor, let id):
            log.write(.info, event.name, at: time) { line in
                line.add("conn", id.description)
                line.add("user", String(decoding: aor, as: UTF8.self))
            }
        case .authenticationFailed(let aor, let id, let known):
            log.write(.warning, event.name, at: time) { line in
                line.add("conn", id.description)
                line.add("user", String(decoding: aor, as: UTF8.self))
                line.add("known", known)
            }
        case .bindingsChanged(let aor, let count):
            log.write(.debug, event.name, at: time) { line in
                line.add("user", String(decoding: aor, as: UTF8.self))
                line.add("bindings", count)
            }
        case .requestRefused(let id, let code, let why):
            log.write(.warning, event.name, at: time) { line in
                line.add("conn", id.description)
                line.add("code", code.rawValue)
                line.add("why", why)
            }
        case .violation(let id, let kind, let offset):
            log.write(.info, event.name, at: time) { line in
                line.add("conn", id.description)
                line.add("kind", kind)
                line.add("offset", offset)
            }
        case .routed(let id, let method, let callID, let peerClass, let peer):
            log.write(.debug, event.name, at: time) { line in
                line.add("conn", id.description)
                line.add("method", method)
                line.add("callID", String(decoding: callID, as: UTF8.self))
                line.add("class", peerClass.rawValue)
                line.add("peer", peer)
            }
        case .overloadBegan:
            log.write(.warning, event.name, at: time) { line in line.add("shard", shard.number) }
        case .overloadEnded:
            log.write(.info, event.name, at: time) { line in line.add("shard", shard.number) }
        }
    }

    /// A handshake that never became a link: judged by the same function, for its code and trace.
    func report(_ event: TransportEvent, context: TrustContext) {
        let time = OperatingSystem.wallTime
        switch event {
        case .handshakeFailed(let evidence):
            guard case .refused(let refusal, let trace) = decide(evidence, in: context) else { return }
            metrics.countRefusal(refusal.code)
            let id = ConnectionID(rawValue: 0)
            let epoch = context.epoch
            recorder.refused { Self.verdict(id, nil, refusal.code.rawValue, epoch, evidence, trace, time) }
            log.write(.warning, "linkRefused", at: time) { line in
                line.add("code", refusal.code.rawValue)
                line.add("peer", evidence.remoteAddress.map(\.description) ?? "")
                line.add("seen", refusal.seen)
                line.add("expected", refusal.expected)
                line.add("rule", refusal.rule)
                line.add("next", refusal.next)
            }
        case .limitReached(let code, let address, let why):
            metrics.countRefusal(code)
            log.write(.warning, "limitReached", at: time) { line in
                line.add("code", code.rawValue)
                line.add("peer", address.map(\.description) ?? "")
                line.add("why", why)
            }
        case .acceptFailed(let listener, let why):
            log.write(.error, "acceptFailed", at: time) { line in
                line.add("listener", listener)
                line.add("why", why)
            }
        }
    }

    private func name(of peer: VerifiedPeer, _ evidence: LinkEvidence) -> String {
        peer.identity ?? evidence.remoteAddress.map(\.description) ?? ""
    }

    private static func verdict(
        _ id: ConnectionID, _ peer: String?, _ outcome: String, _ epoch: TrustEpoch, _ evidence: LinkEvidence,
        _ trace: Trace, _ time: WallTime
    ) -> LinkVerdict {
        LinkVerdict(
            connection: id, time: time, peer: peer ?? evidence.remoteAddress.map(\.host) ?? "", outcome: outcome,
            epoch: epoch, evidence: evidence.encoded, trace: trace.encoded)
    }
}
