import Basis
import SIP
import Server
import Trust

/// Links come up, carry octets, and go.
extension World {
    // MARK: Dialling

    /// A device or a shard opens a connection to an address. When none comes up: why, and after what time that is known.
    func open(
        from party: End.Party, address: NetworkAddress, shown: NetworkAddress, as dialled: Dialled
    ) -> Opening {
        guard let machine = machines.first(where: { machine in machine.listeners.contains { $0.address == address } }),
            let listener = machine.listeners.first(where: { $0.address == address })
        else { return .failed(why: "no answer", in: Self.connectDeadline) }
        let end = End(party: party, address: shown)
        let obstacle = obstacle(from: host(end), to: .machine(machine.number))
        switch obstacle {
        case .unanswered: return .failed(why: "no answer", in: Self.connectDeadline)
        case .refused: return .failed(why: "connection refused", in: dice.milliseconds(1..<50))
        case .brokenHandshake, nil: break
        }
        guard machine.isUp else { return .failed(why: "connection refused", in: dice.milliseconds(1..<50)) }
        let shard = UInt8(dice.below(machine.seats.count))
        let id = SeatID(machine: machine.number, incarnation: machine.incarnation, shard: shard)
        let link = Link(
            number: links.count, listener: listener.facts, dialled: dialled, acceptor: machine.number, from: end,
            to: End(party: .seat(id), address: address))
        links.append(link)
        if obstacle == .brokenHandshake {
            reset(link)
            return .began(link)
        }
        // In TLS 1.3 the end that dialled is ready first.
        let ready = dice.milliseconds(1..<40)
        schedule(.handshake(link: link.number, .dialler), in: ready)
        schedule(.handshake(link: link.number, .acceptor), in: ready + dice.milliseconds(1..<40))
        return .began(link)
    }

    /// What became of an attempt to open a connection.
    enum Opening {
        case began(Link)
        case failed(why: String, in: Interval)
    }

    /// A shard wants a link.
    func dial(_ request: DialRequest, from id: SeatID) {
        let own = machines[id.machine].listeners[0].address
        switch open(from: .seat(id), address: request.address, shown: own, as: request.dialled) {
        case .began: return
        case .failed(let why, let interval):
            note("finds nobody at \(request.address): \(why)", at: name(id))
            schedule(.dialFailed(id, Dialling(request: request, why: why)), in: interval)
        }
    }

    /// The handshake has ended at this end: a shard is given the evidence, a device decides for itself.
    func shake(_ link: Link, _ side: End.Side) {
        guard !link[side].isClosed else { return }
        switch link[side].party {
        case .seat(let id):
            guard let seat = seat(id) else { return }
            guard let connection = seat.table.insert(link.number, max: 100_000) else { return }
            link[side].id = connection
            link[side].state = .waiting
            seat.post(.established(connection, evidence(of: link, at: side)))
        case .device(let number, let generation):
            let device = devices[number]
            guard device.generation == generation, device.link == link.number else { return }
            let roots = [organisations[device.organisation].rootCertificate]
            switch decide(evidence(of: link, at: side), in: TrustContext(roots: roots, now: wall)) {
            case .admitted:
                link[side].state = .open(StreamFramer(keepAlive: .sendsPings))
                connected(device)
                arrangeDelivery(link, to: side)
            case .refused(let refusal, _):
                note("refuses \(machines[link.acceptor].shortName): \(refusal.code.rawValue)", at: device.name)
                close(link, side)
            }
        }
    }

    /// What a handshake would have shown to this end, with the certificates that are in use now.
    private func evidence(of link: Link, at side: End.Side) -> LinkEvidence {
        let direction: LinkDirection =
            switch side {
            case .dialler: .outbound(link.dialled)
            case .acceptor: .inbound(link.listener)
            }
        let chain: [[UInt8]] =
            switch link[side.other].party {
            case .seat(let id): machines[id.machine].chain
            case .device: []
            }
        return LinkEvidence(direction: direction, chain: chain, remoteAddress: link[side.other].address)
    }

    /// The shard has admitted the link: it is read from now on.
    func admit(_ number: Int, of id: SeatID, as connection: ConnectionID, _ peer: VerifiedPeer) {
        let link = links[number]
        guard let side = side(of: id, connection, in: link), !link[side].isClosed else { return }
        // The end that opened a link is the one that may ping.
        link[side].state = .open(StreamFramer(keepAlive: side == .dialler ? .sendsPings : .answersPings))
        note("admits \(connection) as \(peer.peerClass.rawValue) \(peer.identity ?? "")", at: name(id))
        observe(.admitted(id, connection, peer))
        arrangeDelivery(link, to: side)
    }

    func side(of id: SeatID, _ connection: ConnectionID, in link: Link) -> End.Side? {
        for side in [End.Side.dialler, .acceptor] {
            if case .seat(let own) = link[side].party, own == id, link[side].id == connection { return side }
        }
        return nil
    }

    // MARK: Octets

    /// A shard sends.
    func write(_ bytes: [UInt8], to number: Int, of id: SeatID, as connection: ConnectionID) {
        let link = links[number]
        guard let side = side(of: id, connection, in: link), !link[side].hasClosed else { return }
        if let message = try? SIPMessage.parse(bytes) {
            note(summary(message), from: name(id), to: name(link[side.other]))
            observe(.wrote(id, connection, message))
        } else if bytes != [13, 10] {
            fail(
                "world", "\(name(id)) writes what is no message: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
        }
        send(bytes, over: link, from: side)
    }

    /// Puts octets on their way.
    func send(_ bytes: [UInt8], over link: Link, from side: End.Side) {
        guard !link[side].isClosed else { return }
        if faults.strikes(.reset) { return reset(link) }
        maybeSwallow(link)
        guard !swallows(link, from: side) else { return }
        link[from: side].bytes += bytes
        maybeStall(link, from: side)
        maybeSlow(link, from: side)
        judgeBacklog(of: link, from: side)
        arrangeDelivery(link, to: side.other)
    }

    func arrangeDelivery(_ link: Link, to side: End.Side) {
        let stream = link[from: side.other]
        guard !stream.isDue, !stream.bytes.isEmpty || stream.ends, !stopsReading(link, side) else { return }
        link[from: side.other].isDue = true
        let arrival = max(now + transitTime(), stream.stalledUntil)
        schedule(.deliver(link: link.number, side), at: arrival + readingPause(stream))
    }

    /// Octets arrive: all that are on their way, or some of them, cut anywhere.
    func deliver(_ link: Link, to side: End.Side) {
        link[from: side.other].isDue = false
        guard !link.isBlackHole else { return }
        guard link[from: side.other].stalledUntil <= now else { return arrangeDelivery(link, to: side) }
        guard !link[side].isClosed else {
            link[from: side.other].bytes = []
            return
        }
        // Octets that came before this end was admitted wait unread, in the order in which they came.
        guard link[side].isOpen else {
            if link[from: side.other].ends { tellGone(link, side) }
            return
        }
        let waiting = link[from: side.other]
        let taken = takenOctets(of: waiting.bytes.count, from: waiting)
        link[from: side.other].bytes.removeFirst(taken)
        if taken > 0 { read(Array(waiting.bytes.prefix(taken)), from: link, side) }
        judgeBacklog(of: link, from: side.other)
        if link[from: side.other].ends, link[from: side.other].bytes.isEmpty { return tellGone(link, side) }
        arrangeDelivery(link, to: side)
    }

    private func read(_ bytes: [UInt8], from link: Link, _ side: End.Side) {
        guard case .open(var framer) = link[side].state else { return }
        var framed: [Framed] = []
        framer.receive(bytes, into: &framed)
        link[side].state = .open(framer)
        for found in framed {
            switch link[side].party {
            case .device(let number, let generation): take(found, devices[number], generation)
            case .seat(let id):
                guard let seat = seat(id), let connection = link[side].id else { return }
                if case .message(let message) = found { observe(.read(id, connection, message)) }
                if case .violation(let violation, _) = found {
                    fail("world", "\(name(id)) is sent a broken message by \(name(link[side.other])): \(violation)")
                }
                seat.post(.received(connection, found))
            }
        }
    }

    // MARK: Ends

    /// A shard closes a link.
    func close(_ number: Int, by id: SeatID, _ connection: ConnectionID, drains: Bool) {
        let link = links[number]
        guard let side = side(of: id, connection, in: link), !link[side].hasClosed else { return }
        note("closes \(connection)", from: name(id), to: name(link[side.other]))
        link[side].hasClosed = true
        if !drains { link[from: side].bytes = [] }
        close(link, side)
    }

    /// This end closes: the other one learns it behind the last octet.
    func close(_ link: Link, _ side: End.Side) {
        guard !link[side].isClosed else { return }
        link[side].state = .closed
        end(link, toward: side.other)
        schedule(.gone(link: link.number, side), in: dice.microseconds(10..<500))
    }

    /// The stream towards `side` ends behind its last octet.
    func end(_ link: Link, toward side: End.Side) {
        link[from: side.other].ends = true
        arrangeDelivery(link, to: side)
    }

    /// This end is told that the link has gone.
    func tellGone(_ link: Link, _ side: End.Side) {
        guard !link[side].isTold else { return }
        link[side].isTold = true
        link[side].state = .closed
        end(link, toward: side.other)
        switch link[side].party {
        case .device(let number, let generation): lost(devices[number], generation)
        case .seat(let id):
            guard let seat = seat(id) else { return }
            guard let connection = link[side].id else {
                if case .dialler = side {
                    seat.post(.dialFailed(link.dialled, why: "connection reset in the handshake"))
                }
                return
            }
            note("loses \(connection)", at: name(id))
            observe(.gone(id, connection))
            seat.post(.closed(connection))
            _ = seat.table.remove(connection)
        }
    }
}
