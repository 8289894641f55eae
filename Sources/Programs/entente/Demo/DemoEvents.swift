import Foundation
import Trust

/// What happens in the network, line by line, while the demo stays up: the servers' logs, shortened for people.
struct DemoEvents {
    private var offsets: [String: UInt64] = [:]
    private var ended: Set<String> = []
    private let network: DemoNetwork

    /// Begins with what is logged from now on.
    init(network: DemoNetwork) {
        self.network = network
        for process in network.processes { offsets[process.server.name] = process.log(from: nil).end }
    }

    /// The lines that are new since the last call.
    mutating func next() -> [String] {
        var found: [(time: String, line: String)] = []
        for process in network.processes {
            let (lines, end) = process.log(from: offsets[process.server.name])
            for line in lines {
                guard let value = try? JSONValue(parsing: Array(line.utf8)), let text = Self.text(of: value) else {
                    continue
                }
                let time = value["time"]?.stringValue ?? ""
                found.append((time, "\(time.dropFirst(11).prefix(8))  \(process.server.name)  \(text)"))
            }
            offsets[process.server.name] = end
        }
        let gone = network.processes.filter { !$0.isRunning && ended.insert($0.server.name).inserted }
        return found.sorted { $0.time < $1.time }.map(\.line)
            + gone.map { "== \($0.server.name) has ended; \($0.server.logFile) says why; Ctrl-C ends the others" }
    }

    /// One event in words; nil for those that come by themselves all the time.
    private static func text(of value: JSONValue) -> String? {
        func field(_ name: String) -> String { value[name]?.stringValue ?? "" }
        let event = field("event")
        guard event != "swept" else { return nil }
        let names = ["code", "method", "class", "peer", "user", "seen", "why"]
        let fields = names.compactMap { name in field(name).isEmpty ? nil : field(name) }
        return ([event] + fields).joined(separator: "  ")
    }
}
