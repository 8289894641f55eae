import Testing
import Transactions

/// One of the four machines, seen alike by the tests.
protocol TransactionMachine: Hashable {
    associatedtype Event: Hashable & CaseIterable
    associatedtype Action: Hashable
    associatedtype State: Hashable & CaseIterable
    var state: State { get }
    init()
    mutating func handle(_ event: Event) -> Action
}

extension InviteClientTransaction: TransactionMachine {}
extension NonInviteClientTransaction: TransactionMachine {}
extension InviteServerTransaction: TransactionMachine {}
extension NonInviteServerTransaction: TransactionMachine {}

/// One step of a machine: from where, by what, to where, with which action.
struct TransactionStep<Machine: TransactionMachine> {
    let before: Machine.State
    let event: Machine.Event
    let after: Machine.State
    let action: Machine.Action
}

/// The rows in which something happens, in the order of states and events.
func transitionTable<Machine: TransactionMachine>(of type: Machine.Type) -> String {
    var reached: [Machine.State: Machine] = [:]
    var waiting = [Machine()]
    while let machine = waiting.popLast() {
        guard reached.updateValue(machine, forKey: machine.state) == nil else { continue }
        for event in Machine.Event.allCases {
            var next = machine
            _ = next.handle(event)
            waiting.append(next)
        }
    }
    var rows: [String] = []
    for state in Machine.State.allCases {
        guard let machine = reached[state] else {
            rows.append("\(state) is never reached")
            continue
        }
        for event in Machine.Event.allCases {
            var next = machine
            let action = next.handle(event)
            if next.state != state || "\(action)" != "ignore" {
                rows.append("\(state) \(event) -> \(next.state): \(action)")
            }
        }
    }
    return rows.joined(separator: "\n")
}

/// Every sequence of events up to `depth`, each given as the steps that it makes. Returns how many there were.
func forEachSequence<Machine: TransactionMachine>(
    of type: Machine.Type, depth: Int, _ check: ([TransactionStep<Machine>]) -> Bool
) -> (count: Int, failures: Int) {
    var steps: [TransactionStep<Machine>] = []
    var count = 0
    var failures = 0
    func extend(_ machine: Machine) {
        guard steps.count < depth else { return }
        for event in Machine.Event.allCases {
            var next = machine
            let action = next.handle(event)
            steps.append(TransactionStep(before: machine.state, event: event, after: next.state, action: action))
            count += 1
            if !check(steps) { failures += 1 }
            extend(next)
            steps.removeLast()
        }
    }
    extend(Machine())
    return (count, failures)
}

@Suite("RFC 3261 §17: the four machines")
struct TransactionMachineTests {
    @Test("RFC 3261 §17.1.1.2, RFC 6026 §8.4: the INVITE client machine is the figure's")
    func inviteClientTable() {
        #expect(transitionTable(of: InviteClientTransaction.self) == TransactionGoldenTables.inviteClient)
    }

    @Test("RFC 3261 §17.1.2.2: the non-INVITE client machine is the figure's")
    func nonInviteClientTable() {
        #expect(transitionTable(of: NonInviteClientTransaction.self) == TransactionGoldenTables.nonInviteClient)
    }

    @Test("RFC 3261 §17.2.1, RFC 6026 §8.5: the INVITE server machine is the figure's")
    func inviteServerTable() {
        #expect(transitionTable(of: InviteServerTransaction.self) == TransactionGoldenTables.inviteServer)
    }

    @Test("RFC 3261 §17.2.2: the non-INVITE server machine is the figure's")
    func nonInviteServerTable() {
        #expect(transitionTable(of: NonInviteServerTransaction.self) == TransactionGoldenTables.nonInviteServer)
    }

    @Test(
        "RFC 3261 §17.1.1: every sequence of 6 gives the user one end: a failure, a timeout, an error, or 2xx and timer M"
    )
    func inviteClientSequences() {
        let result = forEachSequence(of: InviteClientTransaction.self, depth: 6) { steps in
            let actions = steps.map(\.action)
            let outcomes = actions.filter { [.acknowledgeAndPass, .informTimeout, .informTransportError].contains($0) }
            let successes = steps.filter { $0.event == .success && $0.action != .ignore }
            let timersStarted = actions.filter { $0 == .passAndStartTimerM }.count
            return outcomes.count <= 1
                // A user who saw a 2xx is never told of a failure, nor the other way round.
                && (outcomes.isEmpty || successes.isEmpty)
                && timersStarted == (successes.isEmpty ? 0 : 1)
                && actions.filter { $0 == .end }.count <= 1
                // No provisional response comes up after a final one.
                && !provisionalFollowsFinal(steps)
                && terminatedIsTerminal(steps, .terminated, .ignore)
                && endsAreReported(
                    steps, .terminated,
                    [
                        .acknowledgeAndPass, .informTimeout, .informTransportError, .end,
                    ])
        }
        #expect(result.failures == 0)
        #expect(result.count == sequences(of: InviteClientTransaction.Event.allCases.count, depth: 6))
    }

    @Test("RFC 3261 §17.1.2: every sequence of 6 gives the user exactly one final response, timeout or error")
    func nonInviteClientSequences() {
        let result = forEachSequence(of: NonInviteClientTransaction.self, depth: 6) { steps in
            let ends = steps.filter { $0.after == .terminated && $0.action != .ignore }
            return ends.count == (steps.last?.after == .terminated ? 1 : 0)
                && terminatedIsTerminal(steps, .terminated, .ignore)
        }
        #expect(result.failures == 0)
        #expect(result.count == sequences(of: NonInviteClientTransaction.Event.allCases.count, depth: 6))
    }

    @Test(
        "RFC 3261 §17.2.1, RFC 6026 §7.1: every sequence of 6 sends one failure or only successes, and errors end nothing"
    )
    func inviteServerSequences() {
        let result = forEachSequence(of: InviteServerTransaction.self, depth: 6) { steps in
            let failures = steps.filter { $0.action == .sendAndStartTimerH }.count
            let successes = steps.filter { $0.event == .sendSuccess && $0.action != .ignore }.count
            return failures <= 1 && (failures == 0 || successes == 0)
                && steps.filter { $0.action == .sendAndStartTimerL }.count == (successes > 0 ? 1 : 0)
                && steps.filter { $0.event == .transportError }.allSatisfy { $0.before == $0.after }
                // Only the ACK to a 2xx goes up, the other is absorbed.
                && steps.filter { $0.event == .ack && $0.action == .pass }.allSatisfy { $0.before == .accepted }
                && terminatedIsTerminal(steps, .terminated, .ignore)
                && endsAreReported(steps, .terminated, [.confirm, .end, .informNoACK])
        }
        #expect(result.failures == 0)
        #expect(result.count == sequences(of: InviteServerTransaction.Event.allCases.count, depth: 6))
    }

    @Test("RFC 3261 §17.2.2: every sequence of 6 sends at most one final response, and nothing after it")
    func nonInviteServerSequences() {
        let result = forEachSequence(of: NonInviteServerTransaction.self, depth: 6) { steps in
            steps.filter { $0.event == .sendFinal && $0.action == .send }.count <= 1
                && terminatedIsTerminal(steps, .terminated, .ignore)
        }
        #expect(result.failures == 0)
        #expect(result.count == sequences(of: NonInviteServerTransaction.Event.allCases.count, depth: 6))
    }

    @Test("RFC 3261 §17: each state with a timer ends when its timer fires, whatever came before")
    func timersEndEveryState() {
        let client = forEachSequence(of: InviteClientTransaction.self, depth: 5) { steps in
            guard let last = steps.last else { return true }
            switch (last.before, last.event) {
            case (.calling, .timerB), (.accepted, .timerM), (.proceeding, .cancelWait): return last.after == .terminated
            case (.calling, _), (.proceeding, _), (.accepted, _), (.terminated, _): return true
            }
        }
        let server = forEachSequence(of: InviteServerTransaction.self, depth: 5) { steps in
            guard let last = steps.last else { return true }
            switch (last.before, last.event) {
            case (.accepted, .timerL), (.completed, .timerH): return last.after == .terminated
            case (.proceeding, _), (.accepted, _), (.completed, _), (.terminated, _): return true
            }
        }
        #expect(client.failures == 0)
        #expect(server.failures == 0)
    }

    private func terminatedIsTerminal<Machine: TransactionMachine>(
        _ steps: [TransactionStep<Machine>], _ terminated: Machine.State, _ ignore: Machine.Action
    ) -> Bool {
        steps.allSatisfy { $0.before != terminated || ($0.after == terminated && $0.action == ignore) }
    }

    private func endsAreReported<Machine: TransactionMachine>(
        _ steps: [TransactionStep<Machine>], _ terminated: Machine.State, _ reports: Set<Machine.Action>
    ) -> Bool {
        steps.allSatisfy { ($0.before != terminated && $0.after == terminated) == reports.contains($0.action) }
    }

    private func provisionalFollowsFinal(_ steps: [TransactionStep<InviteClientTransaction>]) -> Bool {
        guard let final = steps.firstIndex(where: { $0.after == .accepted || $0.after == .terminated }) else {
            return false
        }
        return steps[final...].contains { $0.event == .provisional && $0.action != .ignore }
    }

    private func sequences(of events: Int, depth: Int) -> Int {
        var power = 1
        var sum = 0
        for _ in 0..<depth {
            power *= events
            sum += power
        }
        return sum
    }
}
