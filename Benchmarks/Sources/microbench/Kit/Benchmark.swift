import CCallgrind

/// One thing that is measured: set up once, then done again and again, each time the same amount of work.
protocol Benchmark {
    /// What it is called on the command line.
    static var name: String { get }
    /// What one step does, in a line.
    static var summary: String { get }
    /// How many steps are counted when the command line does not say; a fourth of it comes before, uncounted.
    static var iterations: Int { get }

    init() throws

    /// One operation. The number depends on its result, so that no compiler can leave it out.
    mutating func step() throws -> Int
}

/// A step did not do what its case says: its figures would mean nothing.
struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The steps that are counted. Never inlined, so that it stands above them in a profile.
@inline(never)
func countedSteps<Case: Benchmark>(_ benchmark: inout Case, _ count: Int) throws -> Int {
    var sum = 0
    for _ in 0..<count { sum &+= try benchmark.step() }
    return sum
}

/// What one run found.
struct Measurement {
    let iterations: Int
    /// Of the fastest of several rounds: whatever disturbs a round makes it slower, never faster.
    let nanosecondsPerStep: Double
    /// What the steps returned, added up.
    let checksum: Int
}

extension Benchmark {
    /// Sets the case up, warms it, and takes the time of `rounds` rounds of `iterations` steps.
    static func measure(iterations: Int, rounds: Int) throws -> Measurement {
        var benchmark = try Self()
        var checksum = 0
        // Before the counting begins, tables have grown and lazy values are there.
        for _ in 0..<Self.iterations / 4 { checksum &+= try benchmark.step() }
        let clock = ContinuousClock()
        var fastest = Duration.seconds(3_600)
        for _ in 0..<rounds {
            let start = clock.now
            callgrind_begin()
            checksum &+= try countedSteps(&benchmark, iterations)
            callgrind_end()
            fastest = min(fastest, clock.now - start)
        }
        return Measurement(
            iterations: iterations, nanosecondsPerStep: fastest / .nanoseconds(1) / Double(iterations),
            checksum: checksum)
    }
}
