import Foundation
import Trust

/// The way of one message through the servers, read from what each of them logged.
struct DemoHops {
    let callID: String
    let list: [DemoReport.Hop]

    /// The Call-IDs of the messages that a server has sent on so far.
    static func callIDs(in process: DemoProcess) -> Set<String> {
        Set(messages(in: process).compactMap { $0["callID"]?.stringValue })
    }

    /// The hops of the newest message from `sender`: of one that is not among `known`. The logs are written a moment after
    /// the message has passed, so this waits for the four of them, at most three seconds.
    static func of(
        _ network: DemoNetwork, sentFrom sender: DemoAccount, besides known: Set<String>
    ) async throws -> DemoHops {
        let first = try network.process(of: sender.organisation.frontEnd)
        let end = ContinuousClock.now + .seconds(3)
        while true {
            let callID = callIDs(in: first).subtracting(known).first ?? ""
            let hops = network.processes.flatMap { process in
                messages(in: process).filter { $0["callID"]?.stringValue == callID }.map { (process, $0) }
            }
            if hops.count >= 4 || ContinuousClock.now > end {
                let inOrder = hops.sorted { ($0.1["time"]?.stringValue ?? "") < ($1.1["time"]?.stringValue ?? "") }
                return DemoHops(callID: callID, list: inOrder.map { hop($0.1, in: $0.0, sender) })
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private static func messages(in process: DemoProcess) -> [JSONValue] {
        process.events("routed").filter { $0["method"]?.stringValue == "MESSAGE" }
    }

    private static func hop(_ routed: JSONValue, in process: DemoProcess, _ sender: DemoAccount) -> DemoReport.Hop {
        let peerClass = routed["class"]?.stringValue ?? ""
        let peer = routed["peer"]?.stringValue ?? ""
        let isAdmitted = process.events("linkAdmitted").contains { $0["conn"] == routed["conn"] }
        return DemoReport.Hop(
            server: process.server.name, peer: peer.isEmpty ? sender.aor : peer, peerClass: peerClass,
            code: isAdmitted ? "admitted" : "unknown")
    }
}
