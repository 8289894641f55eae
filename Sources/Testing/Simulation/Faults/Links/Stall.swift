import Basis

/// One direction of a link stands still for up to twenty seconds when something is sent.
extension World {
    func maybeStall(_ link: Link, from side: End.Side) {
        guard faults.strikes(.stall) else { return }
        link[from: side].stalledUntil = now + faults.milliseconds(100..<20_000, for: .stall)
        note("link \(link.number) stands still", from: name(link[side]), to: name(link[side.other]))
    }
}
