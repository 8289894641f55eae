import Server

/// What piles up at a sender whose reader is slow: the transport tells its shard above a limit, and again when all has left.
/// A client that does not read its answers is not read either, as in production.
extension World {
    /// Far less than `TransportLimits.pendingBytesMax`, because devices here say little.
    private static let pendingOctetsMax = 8 * 1_024

    func judgeBacklog(of link: Link, from side: End.Side) {
        guard link[side].isOpen, case .seat(let id) = link[side].party, let connection = link[side].id,
            let seat = seat(id)
        else { return }
        let waiting = link[from: side].bytes.count
        guard link[from: side].isCongested ? waiting == 0 : waiting > Self.pendingOctetsMax else { return }
        link[from: side].isCongested.toggle()
        let isCongested = link[from: side].isCongested
        note(isCongested ? "\(connection) is congested" : "\(connection) is not congested any more", at: name(id))
        seat.post(.congested(connection, isCongested))
        if !isCongested { arrangeDelivery(link, to: side) }
    }

    func stopsReading(_ link: Link, _ side: End.Side) -> Bool {
        link.device != nil && side == .acceptor && link[from: .acceptor].isCongested
    }
}
