import ArgumentParser
import Foundation
import Node

/// Runs this server's roles until it is told to end.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run this server's roles.",
        discussion: """
            Example: entente serve --dir /var/lib/entente

            SIGTERM and SIGINT end it in order: no new requests, what runs may finish, then everything closes.
            """
    )

    @OptionGroup var options: GlobalOptions
    @Option(help: "Event loops, each with a shard of its own (default: the number of cores).")
    var loops: Int?

    func run() async throws {
        try await reporting(asJSON: options.json) {
            let count = loops ?? ProcessInfo.processInfo.activeProcessorCount
            let signals = Signals()
            let manager = ServiceManager(environment: ProcessInfo.processInfo.environment)
            let runtime = try await NodeRuntime.start(folder: options.folder, loops: count, manager: manager)
            await signals.wait()
            await runtime.stop(drainSeconds: 10)
        }
    }
}
