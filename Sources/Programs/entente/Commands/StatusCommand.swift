import ArgumentParser
import Basis
import Transport
import Trust

/// What the server is doing.
struct StatusCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the state of this server.", discussion: "Example: entente status")
    @OptionGroup var options: GlobalOptions

    func perform() async throws {
        let value = try await admin.get("/status")
        print(value, Self.text(value))
    }

    static func text(_ value: JSONValue) -> String {
        let epoch = value["epoch"]?.integerValue ?? 0
        let swept = value["swept"]?.integerValue ?? 0
        let trust = value["trust"] ?? .null
        let isFresh = trust["timestamp"]?["stale"]?.boolValue == false
        var rows = [
            ["network", value.shown("network")],
            ["server", "\(value.shown("server")) (\(value.texts("roles").joined(separator: ", ")))"],
            ["authority", value.shown("authority")],
            [
                "trust",
                (isFresh ? Terminal.mark("fresh", .good) : Terminal.mark("stale", .doubtful))
                    + ", epoch \(epoch), " + (swept >= epoch ? "swept" : "swept up to \(swept)"),
            ],
            [
                "topology",
                "version \(trust["topology"]?.shown("version") ?? ""), until \(trust["topology"]?.shown("expires") ?? "")",
            ],
        ]
        if let certificate = value["certificate"] {
            rows.append(["certificate", TimeText.remaining(until: certificate.shown("not_after"))])
        }
        rows.append(["root hash", value.shown("root_hash")])
        rows.append(["root fingerprint", value.shown("root_fingerprint")])
        for (kind, address) in (value["addresses"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            rows.append([kind, address.stringValue ?? ""])
        }
        let links = (value["links"]?.objectValue ?? [:]).sorted { $0.key < $1.key }
            .map { "\($0.value.integerValue ?? 0) \($0.key)" }
        rows.append(["links", links.isEmpty ? "none" : links.joined(separator: ", ")])
        rows.append(["users", "\(value.shown("users")), \(value.shown("addresses_of_record")) of them signed in"])
        for need in value["needs"]?.arrayValue ?? [] {
            rows.append(["to do", "\(need.shown("why")): \(need.shown("next"))"])
        }
        var text = Terminal.table([], rows)
        let nodes = value["nodes"]?.arrayValue ?? []
        if !nodes.isEmpty {
            text += "\n\n"
            text += Terminal.table(
                ["SERVER", "EPOCH", "SWEPT", "LINKS CLOSED", "ACKNOWLEDGED"],
                nodes.map { node in
                    [
                        node.shown("node"), node.shown("epoch"), node["swept"]?.boolValue == true ? "yes" : "no",
                        node.shown("links_closed"), node.shown("at"),
                    ]
                })
        }
        return text
    }
}

/// Lengths of time as people read them.
enum TimeText {
    /// The largest unit of which there are two or more.
    static func text(_ interval: Interval) -> String {
        let seconds = interval.wholeSeconds
        for (size, name) in [(UInt64(86_400), "days"), (3_600, "hours"), (60, "minutes")] where seconds >= 2 * size {
            return "\(seconds / size) \(name)"
        }
        return "\(seconds) seconds"
    }

    /// How long it is until a time in RFC 3339.
    static func remaining(until text: String) -> String {
        guard let end = WallTime(rfc3339: text) else { return text }
        let now = OperatingSystem.wallTime
        return end > now ? "\(self.text(end - now)) left, until \(text)" : "ended \(self.text(now - end)) ago, \(text)"
    }
}
