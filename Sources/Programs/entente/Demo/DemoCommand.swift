import ArgumentParser
import Foundation
import Node
import Trust

/// A whole network on this machine, for somebody who sees Entente for the first time.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Run two organisations on this machine and show how they trust each other.",
        discussion: """
            Four servers, each a process of its own, on loopback addresses: contoso.example and fabrikam.example, each with a \
            front end and an edge. A message crosses, a rogue server is refused, and the accounts to sign in with are printed. \
            It stays up until Ctrl-C, and a second run starts from what is there.

            Example: entente demo --exit --json
            """)

    @Option(help: "Where everything lives.")
    var dir = "./entente-demo"
    @Flag(help: "End after the checks, with 0 when all are good and 3 when one is not.")
    var exit = false
    @Flag(help: "Print checks, servers, links, accounts and addresses as one JSON object.")
    var json = false
    @Flag(help: "Do not say what is being done.")
    var quiet = false

    func run() async throws {
        try await reporting(asJSON: json) {
            let begin = ContinuousClock.now
            let signals = Signals()
            let network = try await DemoNetwork.start(in: path) { text in
                if !quiet { Terminal.printError("   \(text)") }
            }
            do {
                try await show(network, begin: begin, signals)
            } catch {
                await network.stop()
                throw error
            }
            if !quiet { Terminal.printError("   ending four servers") }
            await network.stop()
        }
    }

    private var path: String {
        dir.hasPrefix("/") ? dir : URL(fileURLWithPath: dir).standardizedFileURL.path
    }

    private func show(_ network: DemoNetwork, begin: ContinuousClock.Instant, _ signals: Signals) async throws {
        let report = try await DemoChecks.run(on: network)
        try report.storeSoftphones()
        let seconds = (ContinuousClock.now - begin) / .seconds(1)
        if json {
            Terminal.print(report.json.text)
        } else {
            Terminal.print(report.screen(colour: Terminal.hasColour))
        }
        if exit {
            guard report.isGood else {
                let failed = report.checks.filter { !$0.ok }.map(\.name).joined(separator: "; ")
                let failure = CommandFailure(
                    .checkFailed, "checks failed: \(failed)",
                    next: "read the serve.log files under \(path), or remove it to begin anew")
                guard json else { throw failure }
                // Standard output has its one object, which says the same.
                Terminal.printError(failure.text)
                throw ExitCode(failure.status.rawValue)
            }
            return
        }
        if !quiet {
            Terminal.printError(
                "== up after \(String(format: "%.1f", seconds)) s; events follow; Ctrl-C ends the network")
        }
        var events = DemoEvents(network: network)
        while !signals.hasCome {
            try await Task.sleep(for: .milliseconds(200))
            for line in events.next() where !json { Terminal.print(line) }
        }
    }
}
