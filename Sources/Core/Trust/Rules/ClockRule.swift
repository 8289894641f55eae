import Basis

/// E203: times can only be judged by a clock that agrees with the authority's.
enum ClockRule {
    static let rule = Rule("time.clock", "RFC 5280 §6.1.3")

    static func check(_ claim: Claim, isPinned: Bool, _ evidence: LinkEvidence, _ context: TrustContext) -> Finding {
        let limit = context.policy.clockOffsetMax.wholeMilliseconds / 1_000
        let expected = "within \(limit) s of the authority"
        guard context.isClockDoubtful else { return .passed(rule, saw: "our clock agrees", expected: expected) }
        let action = context.policy[.clockDoubtful, claim.party]
        let saw = "our clock is further off"
        if action.admits(isLive: evidence.isLive, isKnown: isPinned) {
            return .alarm(rule, saw: saw, expected: expected)
        }
        return .failed(rule, .e203, saw: saw, expected: expected, next: "set the clock of this server")
    }
}

extension TrustPolicy.Action {
    /// Whether a peer is let in under this action.
    func admits(isLive: Bool, isKnown: Bool) -> Bool {
        switch self {
        case .admit, .admitWithAlarm, .useDigest: true
        case .keepLive: isLive
        case .keepKnown: isLive || isKnown
        case .refuse: false
        }
    }
}
