import Basis
import SIP
import Transactions
import Trust

/// RFC 3261 §16.6: sending a request on, to each of its targets at once.
extension Server {
    mutating func forward(
        _ job: Job, to targets: [Target], _ preparation: Preparation, at moment: Moment, into outputs: inout Outputs
    ) {
        let message = job.facts.message
        var preparation = preparation
        preparation.isFromInside = job.link.peerClass == .server
        let loop = LoopHash(message, from: job.link.peer)
        guard !isLooping(message, loop) else { return answer(job, 482, "Loop Detected", at: moment, into: &outputs) }
        guard let transaction = job.transaction else {
            return forwardAcknowledgement(job, to: targets, preparation, at: moment, into: &outputs)
        }
        // RFC 5393 §5: the breadth that is left is shared by the branches.
        let breadth = min(message.maxBreadth ?? ServerLimits.maxBreadth, ServerLimits.maxBreadth)
        guard targets.count <= Int(breadth) else {
            return answer(job, 440, "Max-Breadth Exceeded", at: moment, into: &outputs)
        }
        if message.method == .invite { answer(job, 100, "Trying", at: moment, into: &outputs) }
        var context = ResponseContext(
            request: message, connection: job.connection, transaction: transaction, loop: loop, preparation: preparation
        )
        context.breadth = breadth / UInt32(max(targets.count, 1))
        context.branches = targets.map {
            ResponseContext.Branch(target: job.facts.isOutsideDialog ? $0 : $0.fixed)
        }
        let tag = contexts.insert(context)
        transactions.setUserTag(tag, of: transaction)
        if message.method != .invite { contexts.awaitAnswer(to: tag, at: moment.now) }
        outputs.detail(
            .routed(
                job.connection, method: job.facts.message.methodBytes.text, callID: Array(job.facts.callID),
                peerClass: job.link.peerClass, peer: job.link.peer.identity ?? ""))
        for index in targets.indices { start(branch: index, of: tag, at: moment, into: &outputs) }
    }

    /// Starts one branch: over its connection, or when the link to its hop is up.
    mutating func start(branch index: Int, of tag: UInt64, at moment: Moment, into outputs: inout Outputs) {
        guard let context = contexts[tag] else { return }
        let branch = context.branches[index]
        guard hasRoom(context.request, towards: branch.target.hop) else {
            return complete(branch: index, of: tag, status: 513, at: moment, into: &outputs)
        }
        switch branch.target.hop {
        case .connection(let id):
            if id.shard == shard, links[id] == nil {
                return complete(branch: index, of: tag, status: 430, at: moment, into: &outputs)
            }
            if links[id]?.isCongested == true {
                return complete(branch: index, of: tag, status: 503, at: moment, into: &outputs)
            }
            send(branch: index, of: tag, over: id, at: moment, into: &outputs)
        case .link(let dialled, let address):
            switch dialler.way(to: dialled, for: .branch(index, context: tag), at: moment.now) {
            case .send(let id) where links[id]?.isCongested == true:
                let failure = Dialler.Failure(code: nil, why: "link stands still")
                branchFailed(index, of: tag, failure, at: moment, into: &outputs)
            case .send(let id): send(branch: index, of: tag, over: id, at: moment, into: &outputs)
            case .wait(let mustDial):
                if mustDial { outputs.items.append(.dial(DialRequest(dialled: dialled, address: address))) }
            case .fail(let failure): branchFailed(index, of: tag, failure, at: moment, into: &outputs)
            case .full: complete(branch: index, of: tag, status: 503, at: moment, into: &outputs)
            }
        }
    }

    /// Whether the next hop still takes what this one makes of the request. Where a message ends that is too large is not
    /// known there, and the link would end for everybody on it.
    private func hasRoom(_ request: SIPMessage, towards hop: Target.Hop) -> Bool {
        let limits: SIPLimits
        switch hop {
        case .link(.server, _), .link(.registrar, _): limits = .standard
        case .link(.partner, _), .link(.application, _): limits = .outside
        case .connection(let id):
            guard links[id]?.peerClass == .server else { return true }
            limits = .standard
        }
        return request.byteCount - request.body.count + ServerLimits.addedHeadBytesMax <= limits.headBytesMax
            && request.lineCount + ServerLimits.addedLinesMax <= limits.headerLinesMax
    }

    /// Writes the request of a branch to a connection, in a client transaction of its own.
    mutating func send(
        branch index: Int, of tag: UInt64, over id: ConnectionID, at moment: Moment, into outputs: inout Outputs
    ) {
        guard let context = contexts[tag], context.branches[index].isPending else { return }
        let isInvite = context.request.method == .invite
        let started =
            isInvite
            ? transactions.startInvite(on: id, userTag: tag, at: moment.now)
            : transactions.startNonInvite(context.request.method, on: id, userTag: tag, at: moment.now)
        guard let transaction = started else {
            return complete(branch: index, of: tag, status: 503, at: moment, into: &outputs)
        }
        contexts[tag]?.branches[index].transaction = transaction
        contexts[tag]?.branches[index].connection = id
        contexts[tag]?.branches[index].progress = .calling
        if isInvite {
            let deadline = contexts.startTimerC(of: index, in: tag, at: moment.now)
            contexts[tag]?.branches[index].timerC = deadline
        }
        let edits = edits(
            for: context.branches[index].target, of: context.request, from: context.connection, context.preparation,
            breadth: context.breadth, branch: branches.branch(for: transaction, loop: context.loop))
        write(context.request, edits, to: id, into: &outputs)
    }

    /// RFC 3261 §16.6: the changes that every hop makes, in the order of the section.
    private func edits(
        for target: Target, of request: SIPMessage, from source: ConnectionID, _ preparation: Preparation,
        breadth: UInt32, branch: [UInt8]
    ) -> MessageEdits {
        var edits = MessageEdits()
        if let uri = target.requestURI { edits.setRequestURI(uri) }
        let forwards = request.maxForwards.map { $0 - min($0, 1) } ?? ServerLimits.maxForwards
        edits.replace(.maxForwards, String(forwards).utf8)
        // RFC 5393 §5.3.3: a request that has none is given one.
        edits.replace(.maxBreadth, String(breadth).utf8)
        if preparation.routesToPop > 0 { edits.removeFirst(.route, preparation.routesToPop) }
        // RFC 3325 §5: what others wrote about identity ends here; what is said from here on is ours.
        edits.remove(preparation.isFromInside ? .identities : .claims)
        removeOwnReasons(of: request, &edits)
        if let identity = identity(in: preparation, towards: target) {
            edits.append(.pAssertedIdentity, Array("<sip:".utf8) + identity + [UInt8(ascii: ">")])
        }
        if surroundings.roles.contains(.frontEnd) { removeOwnCredentials(of: request, &edits) }
        for route in target.routes.reversed() { edits.prepend(.route, route) }
        if let record = target.record {
            edits.prepend(request.method == .register ? .path : .recordRoute, record)
        }
        if let received = viaWithSource(of: request, from: source) { edits.replaceFirst(.via, received) }
        edits.prepend(.via, via(branch, towards: target))
        return edits
    }

    /// Whom the next hop is told that a request is from. A partner is told of a caller who hides that he is one of ours, and
    /// nothing else (Decision 0010).
    private func identity(in preparation: Preparation, towards target: Target) -> [UInt8]? {
        guard !preparation.identity.isEmpty else { return nil }
        guard !target.isInside, !preparation.mayLeave else { return preparation.identity }
        switch target.hop {
        case .link(.partner, _):
            return Array("anonymous".utf8) + preparation.identity.drop { $0 != UInt8(ascii: "@") }
        case .link(.server, _), .link(.application, _), .link(.registrar, _), .connection: return nil
        }
    }

    /// RFC 3261 §18.2.1: the topmost Via with the address that the request came from; nil when sent-by is that address. What
    /// the sender itself says about that is taken out.
    private func viaWithSource(of request: SIPMessage, from source: ConnectionID) -> [UInt8]? {
        guard let address = links[source]?.evidence.remoteAddress, let element = request.firstElement(of: .via),
            let via = Via(element)
        else { return nil }
        let isSentBy = via.host.equals(address.host) || via.host.equals("[\(address.host)]")
        guard !isSentBy || via.received != nil else { return nil }
        var bytes = Array(element.prefix { $0 != UInt8(ascii: ";") })
        for (name, value) in via.parameters where !name.equalsIgnoringCase("received") {
            bytes += [UInt8(ascii: ";")] + name
            if let value { bytes += [UInt8(ascii: "=")] + value }
        }
        return isSentBy ? bytes : bytes + Array(";received=\(address.host)".utf8)
    }

    /// What was an answer to us is for nobody else. RFC 3261 §22.3: credentials for other realms pass.
    private func removeOwnCredentials(of request: SIPMessage, _ edits: inout MessageEdits) {
        for name in [HeaderName.authorization, .proxyAuthorization] where request.has(name) {
            let values = request.values(of: name)
            let foreign = values.filter { DigestCredentials($0).map { $0.realm != surroundings.realm[...] } ?? true }
            guard foreign.count < values.count else { continue }
            edits.remove(name)
            for value in foreign { edits.append(name, value) }
        }
    }

    /// The Via of a branch, with the name and port that the next hop knows this server by.
    func via(_ branch: [UInt8], towards target: Target) -> [UInt8] {
        let sentBy =
            switch target.hop {
            case .connection(let id): isOutside(id) ? surroundings.outsideHost : surroundings.insideHost
            case .link(.partner, _): surroundings.outsideHost
            case .link(.server, _), .link(.application, _), .link(.registrar, _): surroundings.insideHost
            }
        return Array("SIP/2.0/TLS ".utf8) + sentBy + Array(";branch=".utf8) + branch
    }

    /// Whether a client came to the listener that faces the outside. Of a connection that another shard holds only the
    /// roles tell.
    private func isOutside(_ id: ConnectionID) -> Bool {
        guard let link = links[id], case .inbound(let listener) = link.evidence.direction else {
            return surroundings.roles.contains(.edge)
        }
        return listener.kind == .external
    }

    /// Serialises into this turn's bytes, or into a parcel for the shard that owns the connection.
    func write(_ message: SIPMessage, _ edits: MessageEdits, to id: ConnectionID, into outputs: inout Outputs) {
        if id.shard == shard {
            let start = outputs.bytes.count
            message.serialise(applying: edits, into: &outputs.bytes)
            outputs.items.append(.send(id, ByteRange(start, outputs.bytes.count)))
        } else {
            write(message.serialised(applying: edits), to: id, into: &outputs)
        }
    }

    func write(_ bytes: [UInt8], to id: ConnectionID, into outputs: inout Outputs) {
        if id.shard == shard {
            let start = outputs.bytes.count
            outputs.bytes += bytes
            outputs.items.append(.send(id, ByteRange(start, outputs.bytes.count)))
        } else {
            outputs.items.append(
                .post(id.shard, MailBox(.write(id, bytes: bytes, from: shard, epoch: links.context.epoch))))
        }
    }

    /// RFC 3261 §16.6 step 10: the ACK to a 2xx goes without a transaction; nobody answers it and nothing waits for it.
    private mutating func forwardAcknowledgement(
        _ job: Job, to targets: [Target], _ preparation: Preparation, at moment: Moment, into outputs: inout Outputs
    ) {
        let message = job.facts.message
        for target in targets where hasRoom(message, towards: target.hop) {
            let edits = edits(
                for: target, of: message, from: job.connection, preparation, breadth: ServerLimits.maxBreadth,
                branch: BranchTokens.cookie + Hex.encodeBytes(chance.bytes(8)))
            switch target.hop {
            case .connection(let id):
                // A flow that has gone takes nothing; the caller hears of it by the BYE that it cannot deliver either.
                guard id.shard != shard || links[id] != nil else { continue }
                write(message, edits, to: id, into: &outputs)
            case .link(let dialled, let address):
                let bytes = message.serialised(applying: edits)
                switch dialler.way(to: dialled, for: .acknowledgement(bytes), at: moment.now) {
                case .send(let id): write(bytes, to: id, into: &outputs)
                case .wait(mustDial: true):
                    outputs.items.append(.dial(DialRequest(dialled: dialled, address: address)))
                case .wait(mustDial: false), .fail, .full: continue
                }
            }
        }
    }

    /// RFC 3261 §16.3 step 4, RFC 5393 §4.2: a request that passes here again with everything alike is in a loop; one whose
    /// target changed meanwhile is a spiral, and passes.
    private func isLooping(_ message: SIPMessage, _ hash: LoopHash) -> Bool {
        for element in message.elements(of: .via) {
            guard let branch = Via(element)?.branch, branch.starts(with: BranchTokens.cookie) else { continue }
            if branches.loopHash(in: branch) == hash { return true }
        }
        return false
    }
}

/// RFC 5393 §4.2.1: what decides where a request goes, as 32 bits: target, Route, the fields that name the request, and who
/// sent it here: an edge sends inwards what comes from a client, and to a partner what comes from inside.
struct LoopHash: Hashable {
    let value: UInt32

    init(_ message: SIPMessage, from peer: VerifiedPeer) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
            hash = (hash ^ 0xFF) &* 0x0000_0100_0000_01b3
        }
        mix(peer.peerClass.rawValue.utf8)
        mix((peer.identity ?? "").utf8)
        mix(message.requestURIBytes)
        for element in message.elements(of: .route) { mix(element) }
        mix(message.callID ?? [])
        mix(message.fromTag ?? [])
        mix(message.toTag ?? [])
        mix(message.value(of: .cSeq) ?? [])
        value = UInt32(truncatingIfNeeded: hash ^ hash >> 32)
    }

    init(value: UInt32) {
        self.value = value
    }
}
