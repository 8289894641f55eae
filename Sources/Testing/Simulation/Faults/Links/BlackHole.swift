import Basis

/// A link is half open, or quite dead, and nobody is told: octets that are sent vanish. Who waits in vain for an
/// acknowledgement of TCP gives up after a while, and so does who asks an idle link whether it lives.
extension World {
    private static let giveUp = Interval.seconds(30)
    private static let idleProbe = Interval.seconds(90)

    func maybeSwallow(_ link: Link) {
        guard !link.isBlackHole, faults.strikes(.blackHole) else { return }
        link.isBlackHole = true
        note("link \(link.number) is a black hole", from: name(link.dialler), to: name(link.accepting))
        for side in [End.Side.dialler, .acceptor] { learn(link, side, in: Self.idleProbe) }
    }

    /// Whether these octets vanish, and with them, after a while, the end that sent them.
    func swallows(_ link: Link, from side: End.Side) -> Bool {
        guard link.isBlackHole else { return false }
        learn(link, side, in: Self.giveUp)
        return true
    }

    /// The network is mended: the other machine answers that it knows nothing of the link.
    func endBlackHoles() {
        for link in links where link.isBlackHole {
            for side in [End.Side.dialler, .acceptor] { learn(link, side, in: dice.milliseconds(10..<20_000)) }
        }
    }

    private func learn(_ link: Link, _ side: End.Side, in interval: Interval) {
        guard !link[side].isTold else { return }
        schedule(.gone(link: link.number, side), in: interval)
    }
}
