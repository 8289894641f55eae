import Basis
import Trust

/// Waits until the servers have swept an epoch, and tells when each had and what it closed.
struct SweepWait {
    let client: AdminClient
    /// `/servers` before the change: what each had closed until then.
    let before: JSONValue
    let begin: WallTime
    let epoch: Int64

    /// One server's part.
    struct Server {
        let name: String
        /// Milliseconds from the change to the acknowledgement; nil when none came.
        let milliseconds: UInt64?
        let linksClosed: Int64

        var json: JSONValue {
            var fields: [String: JSONValue] = [
                "name": .string(name), "acknowledged": .bool(milliseconds != nil),
                "links_closed": .integer(linksClosed),
            ]
            if let milliseconds { fields["milliseconds"] = .integer(Int64(clamping: milliseconds)) }
            return .object(fields)
        }
    }

    /// What happened within the time.
    struct Outcome {
        let servers: [Server]
        /// The links that this server closed, with code and time.
        let closed: [JSONValue]

        var isComplete: Bool { servers.allSatisfy { $0.milliseconds != nil } }

        var text: String {
            let rows = servers.map { server in
                [
                    server.name, server.milliseconds.map { "acknowledged after \($0) ms" } ?? "not heard of yet",
                    "\(server.linksClosed) links closed",
                ]
            }
            let links = closed.map {
                "  \($0.shown("code")) \($0.shown("conn")) \($0.shown("address")) closed at \($0.shown("time"))"
            }
            return ([Terminal.table([], rows)] + links).joined(separator: "\n")
        }
    }

    /// How often the server is asked.
    private static let pause = Duration.milliseconds(20)

    func run(seconds: Int) async throws -> Outcome {
        let end = ContinuousClock.now + .seconds(seconds)
        var latest = try await client.get("/servers")
        while !all(latest).allSatisfy({ $0.milliseconds != nil }), ContinuousClock.now < end {
            try await Task.sleep(for: Self.pause)
            latest = try await client.get("/servers")
        }
        let refusals = try await client.get("/refusals")["refusals"]?.arrayValue ?? []
        let closed = refusals.filter { refusal in
            guard let time = WallTime(rfc3339: refusal.shown("time")) else { return false }
            return time >= begin && refusal.shown("code") == TrustCode.e501.rawValue
        }
        return Outcome(servers: all(latest), closed: closed)
    }

    /// The servers that have joined: nobody waits for the others.
    private func all(_ answer: JSONValue) -> [Server] {
        (answer["servers"]?.arrayValue ?? []).filter { $0["joined"]?.boolValue == true }.map { server in
            let name = server.shown("name")
            let had = before["servers"]?.arrayValue?.first { $0.shown("name") == name }?["links_closed"]?.integerValue
            let hasSwept = (server["epoch"]?.integerValue ?? 0) >= epoch && server["swept"]?.boolValue == true
            let time = hasSwept ? WallTime(rfc3339: server.shown("at")) : nil
            return Server(
                name: name, milliseconds: time.map { ($0 - begin).wholeMilliseconds },
                linksClosed: (server["links_closed"]?.integerValue ?? 0) - (had ?? 0))
        }
    }
}
