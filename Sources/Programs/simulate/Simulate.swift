import ArgumentParser
import Foundation
import Simulation

/// Runs the simulated network from seeds, and says how to run a failing one again.
@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs two organisations, their servers and users in virtual time, from a seed.",
        discussion: """
            The same seed gives the same run. Set SWIFT_DETERMINISTIC_HASHING=1, so that it does in another process too.
            """)

    @Option(help: "One seed.")
    var seed: UInt64?

    @Option(help: "A range of seeds, as `1...300`.")
    var seeds: String?

    @Option(help: "A file of seeds that once failed, run before the range: SEED MINUTES what it found.")
    var file: String?

    @Option(help: "Minutes of trouble in virtual time; healing and rest come after it. A file has its own.")
    var minutes: UInt64 = 3

    @Option(help: "Seeds that run at the same time; one for each processor when it is not given.")
    var jobs: Int?

    @Flag(help: "Print the whole log of a single seed.")
    var log = false

    @Flag(help: "One JSON object for each seed, a line each.")
    var json = false

    mutating func validate() throws {
        guard seed != nil || seeds != nil || file != nil else {
            throw ValidationError("give --seed N, --seeds A...B or --file PATH")
        }
        if seeds != nil, range == nil { throw ValidationError("a range of seeds is written 1...300") }
        if let jobs, jobs < 1 { throw ValidationError("at least one seed runs at a time") }
    }

    mutating func run() throws {
        let all = try simulations()
        let printer = SeedPrinter(isJSON: json, isSingle: all.count == 1, printsLog: log && all.count == 1)
        let failed = SeedRun(all, printer: printer).run(jobs: jobs ?? ProcessInfo.processInfo.activeProcessorCount)
        if !json { print("\(all.count - failed) of \(all.count) seeds are clean") }
        if failed > 0 { throw ExitCode.failure }
    }

    private func simulations() throws -> [Simulation] {
        var all: [Simulation] = []
        if let file { all += try SeedList.parse(String(contentsOfFile: file, encoding: .utf8)) }
        if let seed { all.append(Simulation(seed: seed, minutes: minutes)) }
        if let range { all += range.map { Simulation(seed: $0, minutes: minutes) } }
        return all
    }

    private var range: ClosedRange<UInt64>? {
        guard let parts = seeds?.split(separator: "."), parts.count == 2, let first = UInt64(parts[0]),
            let last = UInt64(parts[1]), first <= last
        else { return nil }
        return first...last
    }
}
