import Dispatch
import Simulation
import Synchronization

/// Runs seeds on some threads at the same time, and tells of them in their order.
final class SeedRun: Sendable {
    private struct State {
        var next = 0
        /// Ended before one that comes first.
        var early: [Int: Simulation.Report] = [:]
        var told = 0
        var failed = 0
    }

    private let simulations: [Simulation]
    private let printer: SeedPrinter
    private let state = Mutex(State())

    /// Each such seed runs twice, and the logs must be the same.
    private static let twiceEvery: UInt64 = 20

    init(_ simulations: [Simulation], printer: SeedPrinter) {
        self.simulations = simulations
        self.printer = printer
    }

    /// Runs all of them, `jobs` at a time. Returns how many failed.
    func run(jobs: Int) -> Int {
        DispatchQueue.concurrentPerform(iterations: jobs) { _ in
            while let number = take() {
                let simulation = simulations[number]
                let twice = simulations.count == 1 || simulation.seed.isMultiple(of: Self.twiceEvery)
                end(number, simulation.check(twice: twice))
            }
        }
        return state.withLock { $0.failed }
    }

    private func take() -> Int? {
        state.withLock { state in
            guard state.next < simulations.count else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    private func end(_ number: Int, _ report: Simulation.Report) {
        state.withLock { state in
            state.early[number] = report
            while let report = state.early.removeValue(forKey: state.told) {
                printer.print(simulations[state.told], report)
                if !report.findings.isEmpty { state.failed += 1 }
                state.told += 1
            }
        }
    }
}
