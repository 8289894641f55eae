/// Where a scenario runs: the simulation is one stage, real servers on loopback addresses can be another. It knows the
/// organisations contoso.example (users alice, alice-abroad, anna) and fabrikam.example (bob, ben), each with a front
/// end and an edge; alice and bob connect to the front end, the others to the edge.
public protocol ScenarioStage {
    /// Carries one step out. Returns when it has been begun, or, for `waits` and `expects`, when it has ended.
    /// - Throws: what stood in the way, or what was expected and did not come.
    mutating func perform(_ step: ScenarioStep) throws
    /// Ends the story: everything comes to rest, and nothing may be left.
    mutating func finish() throws
}

/// What went wrong in a scenario, with the sentence that it happened at.
public struct ScenarioFailure: Error, Sendable, CustomStringConvertible {
    /// What was seen, after the sentence.
    public let description: String

    /// A failure with its words.
    public init(_ description: String) {
        self.description = description
    }
}

extension Scenario {
    /// Plays the story on a stage.
    /// - Throws: `ScenarioFailure` at the first sentence that does not hold.
    public func play(on stage: inout some ScenarioStage) throws(ScenarioFailure) {
        for (line, step) in steps {
            do {
                try stage.perform(step)
            } catch {
                throw ScenarioFailure("line \(line), \"\(step)\": \(error)")
            }
        }
        do {
            try stage.finish()
        } catch {
            throw ScenarioFailure("at the end: \(error)")
        }
    }
}
