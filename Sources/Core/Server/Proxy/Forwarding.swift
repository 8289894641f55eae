import Basis
import SIP
import Transactions
import Trust

/// RFC 3261 §16.6: sending a request on, to each of its targets at once.
extension Server {
    mutating func forward(
        _ job: Job, to targets: [Target], _ preparation: Preparation, at moment: Moment, into outputs: inout Outputs
    ) {
        let message = job.request.message
        var preparation = preparation
        preparation.isFromInside = job.link.peerClass == .server
        let loop = LoopHash(job.request, from: job.link.peer)
        guard !isLooping(job.request, loop) else {
            return answer(job, 482, "Loop Detected", at: moment, into: &outputs)
        }
        guard let transaction = job.transaction else {
            return forwardAcknowledgement(job, to: targets, preparation, at: moment, into: &outputs)
        }
        // RFC 5393 §5: the breadth that is left is shared by the branches.
        let breadth = min(message.maxBreadth ?? ServerLimits.maxBreadth, ServerLimits.maxBreadth)
        guard targets.count <= Int(breadth) else {
            return answer(job, 440, "Max-Breadth Exceeded", at: moment, into: &outputs)
        }
        if message.method == .invite { answer(job, 100, "Trying", at: moment, into: &outputs) }
        // No name for it here: the copy behind a name would make its branches be copied when one of them changes.
        let tag = contexts.insert(
            ResponseContext(
                job, transaction: transaction, loop: loop, preparation: preparation,
                breadth: breadth / UInt32(max(targets.count, 1)),
                branches: targets.map {
                    ResponseContext.Branch(target: job.request.isOutsideDialog ? $0 : $0.fixed)
                }))
        transactions.setUserTag(tag, of: transaction)
        if message.method != .invite { contexts.awaitAnswer(to: tag, at: moment.now) }
        outputs.detail(
            .routed(
                job.connection, method: message.methodBytes.text, callID: Array(job.request.callID),
                peerClass: job.link.peerClass, peer: job.link.peer.identity ?? ""))
        for index in targets.indices { start(branch: index, of: tag, at: moment, into: &outputs) }
    }

    /// Starts one branch: over its connection, or when the link to its hop is up.
    mutating func start(branch index: Int, of tag: UInt64, at moment: Moment, into outputs: inout Outputs) {
        guard let (job, hop) = contexts.update(tag, { ($0.job, $0.branches[index].target.hop) }) else { return }
        guard hasRoom(job.request.message, towards: hop) else {
            return complete(branch: index, of: tag, status: 513, at: moment, into: &outputs)
        }
        switch hop {
        case .connection(let id):
            let link = links[id]
            if id.shard == shard, link == nil {
                return complete(branch: index, of: tag, status: 430, at: moment, into: &outputs)
            }
            if link?.isCongested == true {
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
        guard let leaving = contexts.update(tag, { $0.leaving(over: index) }) ?? nil else { return }
        let message = leaving.job.request.message
        let isInvite = message.method == .invite
        let started =
            isInvite
            ? transactions.startInvite(on: id, userTag: tag, at: moment.now)
            : transactions.startNonInvite(message.method, on: id, userTag: tag, at: moment.now)
        guard let transaction = started else {
            return complete(branch: index, of: tag, status: 503, at: moment, into: &outputs)
        }
        let timerC = isInvite ? contexts.startTimerC(of: index, in: tag, at: moment.now) : nil
        _ = contexts.update(tag) { $0.branches[index].called(transaction, over: id, timerC: timerC) }
        var edits = takeSpareEdits()
        prepare(&edits, for: leaving.target, of: leaving.job, leaving.preparation, breadth: leaving.breadth)
        let (branches, loop, sentBy) = (branches, leaving.loop, sentBy(towards: leaving.target))
        edits.prepend(.via) { value in
            value.append(via: sentBy)
            branches.append(transaction, loop, to: &value)
        }
        write(message, edits, to: id, into: &outputs)
        spareEdits = edits
    }

    /// An empty list of changes that keeps the memory of the last one; it goes back to `spareEdits`.
    mutating func takeSpareEdits() -> MessageEdits {
        var edits = MessageEdits()
        swap(&edits, &spareEdits)
        edits.removeAll()
        return edits
    }

    /// RFC 3261 §16.6: the changes that every hop makes, in the order of the section; our own Via comes on top of them.
    private func prepare(
        _ edits: inout MessageEdits, for target: Target, of job: Job, _ preparation: Preparation, breadth: UInt32
    ) {
        let request = job.request.message
        if let uri = target.requestURI { edits.setRequestURI(uri) }
        let forwards = request.maxForwards.map { $0 - min($0, 1) } ?? ServerLimits.maxForwards
        edits.replace(.maxForwards, decimal: forwards)
        // RFC 5393 §5.3.3: a request that has none is given one.
        edits.replace(.maxBreadth, decimal: breadth)
        if preparation.routesToPop > 0 { edits.removeFirst(.route, preparation.routesToPop) }
        // RFC 3325 §5: what others wrote about identity ends here; what is said from here on is ours.
        edits.remove(preparation.isFromInside ? .identities : .claims)
        removeOwnReasons(of: request, &edits)
        if let identity = identity(in: preparation, towards: target) {
            edits.append(.pAssertedIdentity) { $0.append(sip: identity) }
        }
        if surroundings.isFrontEnd { removeOwnCredentials(of: request, &edits) }
        for route in target.routes.reversed() { edits.prepend(.route, route) }
        if let record = target.record {
            edits.prepend(request.method == .register ? .path : .recordRoute, record)
        }
        addSource(of: job, &edits)
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

    /// RFC 3261 §18.2.1: the topmost Via says from which address the request came, unless sent-by is that address. What the
    /// sender itself says about that is taken out.
    private func addSource(of job: Job, _ edits: inout MessageEdits) {
        // Empty when it is not known: then nobody is believed.
        let address = job.link.source
        let via = job.request.topVia
        let host = via.host.first == UInt8(ascii: "[") ? via.host.dropFirst().dropLast() : via.host
        let isKnown = address.isEmpty || host == address[...]
        guard !isKnown || via.received != nil, let element = job.request.message.firstElement(of: .via) else { return }
        edits.replaceFirst(.via) { value in
            value.append(contentsOf: element.prefix { $0 != UInt8(ascii: ";") })
            for (name, parameter) in via.parameters where !name.equalsIgnoringCase("received") {
                value.append(UInt8(ascii: ";"))
                value.append(contentsOf: name)
                guard let parameter else { continue }
                value.append(UInt8(ascii: "="))
                value.append(contentsOf: parameter)
            }
            guard !isKnown else { return }
            value.append(text: ";received=")
            value.append(contentsOf: address)
        }
    }

    /// What was an answer to us is for nobody else. RFC 3261 §22.3: credentials for other realms pass.
    private func removeOwnCredentials(of request: SIPMessage, _ edits: inout MessageEdits) {
        guard request.has(.authorization) || request.has(.proxyAuthorization) else { return }
        let realm = surroundings.realm
        for name in [HeaderName.authorization, .proxyAuthorization] where request.has(name) {
            let values = request.values(of: name)
            let foreign = values.filter { DigestCredentials($0).map { $0.realm != realm[...] } ?? true }
            guard foreign.count < values.count else { continue }
            edits.remove(name)
            for value in foreign { edits.append(name, value) }
        }
    }

    /// Name and port by which the next hop knows this server: sent-by of a branch's Via.
    func sentBy(towards target: Target) -> [UInt8] {
        switch target.hop {
        case .connection(let id): isOutside(id) ? surroundings.outsideHost : surroundings.insideHost
        case .link(.partner, _): surroundings.outsideHost
        case .link(.server, _), .link(.application, _), .link(.registrar, _): surroundings.insideHost
        }
    }

    /// Whether a client came to the listener that faces the outside. Of a connection that another shard holds only the
    /// roles tell.
    private func isOutside(_ id: ConnectionID) -> Bool {
        guard let link = links[id], case .inbound(let listener) = link.evidence.direction else {
            return surroundings.isEdge
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
        let message = job.request.message
        for target in targets where hasRoom(message, towards: target.hop) {
            var edits = takeSpareEdits()
            defer { spareEdits = edits }
            prepare(&edits, for: target, of: job, preparation, breadth: ServerLimits.maxBreadth)
            let (branch, sentBy) = (BranchTokens.cookie + chance.hexDigits(), sentBy(towards: target))
            edits.prepend(.via) { value in
                value.append(via: sentBy)
                value.append(contentsOf: branch)
            }
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
    private func isLooping(_ request: ValidRequest, _ hash: LoopHash) -> Bool {
        if let branch = request.topVia.branch, branches.loopHash(in: branch) == hash { return true }
        for element in request.message.elements(of: .via).dropFirst() {
            if let branch = Via(element)?.branch, branches.loopHash(in: branch) == hash { return true }
        }
        return false
    }
}

/// RFC 5393 §4.2.1: what decides where a request goes, as 32 bits: target, Route, the fields that name the request, and who
/// sent it here: an edge sends inwards what comes from a client, and to a partner what comes from inside.
struct LoopHash: Hashable {
    let value: UInt32

    init(_ request: ValidRequest, from peer: VerifiedPeer) {
        var hash = FieldHash()
        hash.mix(peer.peerClass.rawValue.utf8.span)
        if let identity = peer.identity { hash.mix(identity.utf8.span) }
        hash.mix(request.message.requestURIBytes.span)
        for element in request.message.elements(of: .route) { hash.mix(element.span) }
        hash.mix(request.callID.span)
        if let tag = request.fromTag { hash.mix(tag.span) }
        hash.endField()
        if let tag = request.toTag { hash.mix(tag.span) }
        hash.endField()
        if let cSeq = request.message.value(of: .cSeq) { hash.mix(cSeq.span) }
        value = UInt32(truncatingIfNeeded: hash.value ^ hash.value >> 32)
    }

    /// FNV-1a over fields, each with an end. Nothing secret hangs on it: the branch that carries it is under a MAC.
    private struct FieldHash {
        var value: UInt64 = 0xcbf2_9ce4_8422_2325

        mutating func mix(_ bytes: Span<UInt8>) {
            for offset in bytes.indices { mix(bytes[offset]) }
            endField()
        }

        mutating func endField() { mix(0xFF) }

        private mutating func mix(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    }

    init(value: UInt32) {
        self.value = value
    }
}
