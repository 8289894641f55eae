/// Where a scenario is performed: the simulation is one stage, real servers on loopback addresses are the other. It knows
/// the organisations contoso.example (users alice, alice-abroad, anna) and fabrikam.example (bob, ben), each with a front
/// end and an edge; alice and bob connect to the front end, the others to the edge.
///
/// A stage only acts and waits. What is expected, `Scenario.play` judges, by the same witnesses on every stage.
public protocol ScenarioStage {
    /// What each device has seen until now, by the device's name.
    var witnesses: [String: Witness] { get }
    /// What happened last, for the report of a failure; empty when the stage keeps no log.
    var account: String { get }
    /// Carries out a step that is neither an expectation nor `reaches`. Returns when it has been begun, or, for `waits` and
    /// `settles`, when it has ended.
    /// - Throws: what stood in the way.
    mutating func perform(_ step: ScenarioStep) async throws
    /// Lets things happen until `condition` holds.
    /// - Throws: when it did not come to hold within the stage's own limit.
    mutating func wait(until condition: ([String: Witness]) throws -> Bool) async throws
    /// Ends the story: calls end and everything comes to rest, as far as the stage can tell.
    /// - Throws: what was left.
    mutating func finish() async throws
    /// Takes down what the stage consists of, after a story that held and after one that did not.
    mutating func strike() async
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
    /// How often a message is written again before `reaches` gives up: more than fit into the longest pause of a server
    /// that dials again.
    static let attemptsMax = 5_000

    /// Plays the story on a stage, and strikes the stage.
    /// - Throws: `ScenarioFailure` at the first sentence that does not hold, with the stage's account.
    public func play(on stage: inout some ScenarioStage) async throws(ScenarioFailure) {
        let failure: ScenarioFailure?
        do {
            try await tell(on: &stage)
            failure = nil
        } catch {
            failure = ScenarioFailure("\(error)\n\(stage.account)")
        }
        await stage.strike()
        if let failure { throw failure }
    }

    private func tell(on stage: inout some ScenarioStage) async throws(ScenarioFailure) {
        for (line, step) in steps {
            do {
                switch step {
                case .expects(let expectation):
                    if !expectation.isLasting { try await stage.wait { try expectation.holds(for: $0) } }
                case .reaches(let name, let to): try await Self.write(from: name, to: to, on: &stage)
                case .registers, .unregisters, .losesConnection, .sends, .calls, .answers, .refuses, .hangsUp,
                    .disables,
                    .enables, .changesPassword, .crashes, .restarts, .revokes, .rekeys, .removesEdge, .addsEdge,
                    .removesPartner, .addsPartner, .settles, .waits:
                    try await stage.perform(step)
                }
            } catch {
                throw ScenarioFailure("line \(line), \"\(step)\": \(error)")
            }
        }
        do {
            try await stage.finish()
        } catch {
            throw ScenarioFailure("at the end: \(error)")
        }
        try judgeAtRest(stage.witnesses)
    }

    /// What must be true of the whole story: nothing came twice, and nothing came that must not.
    private func judgeAtRest(_ witnesses: [String: Witness]) throws(ScenarioFailure) {
        for (line, step) in steps {
            guard case .expects(let expectation) = step else { continue }
            let asked: (name: String, text: String, count: Int)
            switch expectation {
            case .receives(let name, let text): asked = (name, text, 1)
            case .neverReceives(let name, let text): asked = (name, text, 0)
            case .registered, .notRegistered, .delivered, .fails, .rings, .inCall, .inNoCall: continue
            }
            let count = try witnesses.of(asked.name).receipts(of: asked.text)
            guard count == asked.count else {
                throw ScenarioFailure("line \(line), \"\(step)\": at the end it was received \(count) times")
            }
        }
    }

    private static func write(from name: String, to: String, on stage: inout some ScenarioStage) async throws {
        for attempt in 1...attemptsMax {
            let text = "attempt \(attempt) of \(name) to reach \(to)"
            try await stage.perform(.sends(name, text: text, to: to))
            try await stage.wait { try $0.outcome(of: text) != nil }
            if try stage.witnesses.isDelivered(text) == true { return }
        }
        throw ScenarioFailure("not with \(attemptsMax) messages")
    }
}
