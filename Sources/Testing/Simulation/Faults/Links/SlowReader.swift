import Basis

/// A reader takes a few octets now and then, so that what is sent to him piles up at the sender.
extension World {
    /// What a slow reader takes at a time.
    private static let sipOctets = 64

    func maybeSlow(_ link: Link, from side: End.Side) {
        guard faults.strikes(.slowReader) else { return }
        link[from: side].slowUntil = now + faults.milliseconds(1_000..<30_000, for: .slowReader)
        note("reads slowly from now on", at: name(link[side.other]))
    }

    /// How many of `count` octets are taken now.
    func takenOctets(of count: Int, from stream: Stream) -> Int {
        stream.slowUntil > now ? min(count, Self.sipOctets) : pieceOctets(of: count)
    }

    /// What a slow reader rests between two sips.
    func readingPause(_ stream: Stream) -> Interval {
        stream.slowUntil > now ? faults.milliseconds(50..<800, for: .slowReader) : .zero
    }
}
