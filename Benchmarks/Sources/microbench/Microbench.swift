import Glibc

/// Measures single steps of the hot path. `Benchmarks/micro` builds it, runs it and compares what it finds.
@main
enum Microbench {
    private static var cases: [any Benchmark.Type] {
        [
            ParseInvite.self, ValidateInvite.self, SerialiseForwarded.self, TransactionStep.self, ProxyInvite.self,
            ProxyMessage.self, RegisterRefresh.self, LookUpBindings.self, CheckDigest.self, DecideCold.self,
            DecideKept.self, LookUpRevoked.self, ModuleBoundary.self,
        ]
    }

    private static let usage = "usage: microbench --list | microbench CASE [--iterations N] [--rounds N] [--json]\n"

    static func main() {
        do {
            try run()
        } catch {
            print("FAIL \(error)")
            exit(1)
        }
    }

    private static func run() throws {
        var arguments = CommandLine.arguments.dropFirst()
        guard let first = arguments.popFirst() else { return print(usage, terminator: "") }
        if first == "--list" {
            for found in cases { print("\(found.name)\t\(found.iterations)\t\(found.summary)") }
            return
        }
        guard let found = cases.first(where: { $0.name == first }) else {
            throw BenchmarkFailure("no case is called \(first); \(usage)")
        }
        var (iterations, rounds, isJSON) = (found.iterations, 1, false)
        while let option = arguments.popFirst() {
            switch option {
            case "--iterations": iterations = try number(arguments.popFirst())
            case "--rounds": rounds = try number(arguments.popFirst())
            case "--json": isJSON = true
            default: throw BenchmarkFailure("\(option) is no option; \(usage)")
            }
        }
        let result = try found.measure(iterations: iterations, rounds: rounds)
        let nanoseconds = Int(result.nanosecondsPerStep.rounded())
        print(
            isJSON
                ? "{\"case\": \"\(found.name)\", \"iterations\": \(iterations), \"nanoseconds\": \(nanoseconds), "
                    + "\"checksum\": \(result.checksum)}"
                : "\(found.name): \(nanoseconds) ns, \(iterations) steps, checksum \(result.checksum)")
    }

    private static func number(_ text: String?) throws -> Int {
        guard let number = text.flatMap({ Int($0) }), number > 0 else {
            throw BenchmarkFailure("\(text ?? "nothing") is no number of steps; \(usage)")
        }
        return number
    }
}
