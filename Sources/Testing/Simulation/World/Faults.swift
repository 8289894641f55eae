import Basis

/// Which faults a run has and how often, in thousandths: chosen by the seed, so that some runs have few of them and some
/// a mixture that nobody would have thought of.
struct Faults {
    /// A delivery is cut at any octet.
    var splits = 0
    /// A delivery is late by up to two seconds.
    var lateness = 0
    /// A link is reset when something is sent.
    var resets = 0
    /// A link stands still for up to twenty seconds when something is sent.
    var stalls = 0
    /// A connection is refused though somebody listens.
    var refusals = 0
    /// A commit takes up to three seconds.
    var slowCommits = 0
    /// A commit fails.
    var failedCommits = 0
    /// A device forges P-Asserted-Identity.
    var forgeries = 0
    /// A step of the plan is a crash.
    var crashes = 0
    /// A step of the plan changes the trust.
    var trustChanges = 0

    static let none = Faults()

    static func chosen(by dice: inout Dice) -> Faults {
        func some(_ most: Int) -> Int { dice.happens(600) ? 1 + dice.below(most) : 0 }
        var faults = Faults()
        faults.splits = some(300)
        faults.lateness = some(100)
        faults.resets = some(8)
        faults.stalls = some(8)
        faults.refusals = some(200)
        faults.slowCommits = some(200)
        faults.failedCommits = some(60)
        faults.forgeries = some(300)
        faults.crashes = some(40)
        faults.trustChanges = some(120)
        return faults
    }
}
