import Basis

/// Decides by how much everybody's allowance is cut, from how long inputs wait: doubled costs while they wait too long, and
/// step by step the full allowance again when they do not. RFC 7339's aim, to refuse early what cannot be served, without
/// its parameters: the hop before learns by 503 and Retry-After.
///
/// A cut meets those first who ask for most. Who asks for little has the same as before.
struct OverloadControl: Sendable {
    /// What changed for everybody.
    enum Change: Equatable {
        /// The cut has come to `overloadCut`: more is asked for than can be done.
        case began
        /// Nothing is cut any more.
        case ended
    }

    /// How often the costs are doubled; zero while nothing waits too long.
    private(set) var cut: UInt8 = 0
    /// Whether `began` was told and `ended` was not.
    private(set) var isOverloaded = false
    /// When the cut was made larger.
    private var raised = Instant.zero
    /// When something waited too long, or the cut was made smaller.
    private var latest = Instant.zero

    /// Takes in that an input has waited for `wait` until its answer was on its way.
    mutating func observe(_ wait: Interval, at now: Instant) -> Change? {
        // Between the two limits everything stays as it is.
        if wait >= ServerLimits.waitCalm { latest = now }
        guard wait >= ServerLimits.waitMax else { return advance(to: now) }
        // A step takes effect with the next turns: they must be seen before the next one.
        guard cut == 0 || now - raised >= ServerLimits.cutStep else { return nil }
        raised = now
        cut = min(cut + 1, ServerLimits.cutMax)
        guard cut >= ServerLimits.overloadCut, !isOverloaded else { return nil }
        isOverloaded = true
        return .began
    }

    /// Takes back one step of the cut for each `cutRecovery` in which nothing waited too long.
    mutating func advance(to now: Instant) -> Change? {
        while cut > 0, now - latest >= ServerLimits.cutRecovery {
            cut -= 1
            latest = latest + ServerLimits.cutRecovery
        }
        guard cut == 0, isOverloaded else { return nil }
        isOverloaded = false
        return .ended
    }

    /// When `advance` must be called next; nil while nothing is cut.
    var next: Instant? { cut > 0 ? latest + ServerLimits.cutRecovery : nil }
}
