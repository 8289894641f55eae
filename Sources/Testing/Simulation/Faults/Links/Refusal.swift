import Basis

/// A connection does not come up though somebody listens: refused at once, unanswered until the dialler gives up, or broken
/// in the handshake.
extension World {
    enum Obstacle {
        case refused
        case unanswered
        case brokenHandshake
    }

    /// What the transport waits for an answer to its first segment (`TransportLimits.connectDeadline`).
    static let connectDeadline = Interval.seconds(5)

    func obstacle(from one: Host, to other: Host) -> Obstacle? {
        if isParted(one, other) || isParted(other, one) { return .unanswered }
        guard faults.strikes(.refusal) else { return nil }
        return faults.pick([.refused, .unanswered, .brokenHandshake], for: .refusal)
    }
}
