public import Basis
import Server
import Synchronization
import Trust

/// The counters of a process, in Prometheus's text form. No label has values that a stranger can choose.
public final class Metrics: Sendable {
    private struct State {
        var shards: [ShardID: ServerCounters] = [:]
        var refusedEarly: [TrustCode: UInt64] = [:]
        var epoch: UInt64 = 0
        var running = 0
        var bindings = 0
        var expiry: [String: WallTime] = [:]
    }

    private let state = Mutex(State())

    /// All zero.
    public init() {}

    func set(_ counters: ServerCounters, of shard: ShardID) {
        state.withLock { $0.shards[shard] = counters }
    }

    func countRefusal(_ code: TrustCode) {
        state.withLock { $0.refusedEarly[code, default: 0] += 1 }
    }

    func set(epoch: TrustEpoch) {
        state.withLock { $0.epoch = epoch.number }
    }

    func set(running: Int, bindings: Int) {
        state.withLock { state in
            state.running = running
            state.bindings = bindings
        }
    }

    func set(expiry: WallTime, of name: String) {
        state.withLock { $0.expiry[name] = expiry }
    }

    /// The exposition at `now`.
    public func text(at now: WallTime) -> String {
        let state = state.withLock { $0 }
        var text = ""
        func family(_ name: String, _ kind: String, _ help: String, _ samples: [(labels: String, value: String)]) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
            for sample in samples { text += "\(name)\(sample.labels) \(sample.value)\n" }
        }
        func byClass(_ value: (ServerCounters, PeerClass) -> UInt64) -> [(labels: String, value: String)] {
            PeerClass.allCases.map { peerClass in
                let sum = state.shards.values.reduce(0) { $0 + value($1, peerClass) }
                return ("{class=\"\(peerClass.rawValue)\"}", String(sum))
            }
        }
        family("entente_links_admitted_total", "counter", "Links admitted, by class.", byClass { $0.admitted[$1] ?? 0 })
        let refused = TrustCode.allCases.map { code in
            let sum = state.shards.values.reduce(state.refusedEarly[code] ?? 0) { $0 + ($1.refused[code] ?? 0) }
            return (labels: "{code=\"\(code.rawValue)\"}", value: String(sum))
        }
        family("entente_links_refused_total", "counter", "Links refused or cut, by code.", refused)
        family("entente_links", "gauge", "Live links, by class.", byClass { UInt64(max($0.live[$1] ?? 0, 0)) })
        family(
            "entente_sip_messages_received_total", "counter", "SIP messages read from admitted links, by class.",
            byClass { $0.messages[$1] })
        func sum(_ value: (ServerCounters) -> UInt64) -> String {
            String(state.shards.values.reduce(0) { $0 + value($1) })
        }
        family(
            "entente_requests_refused_total", "counter",
            "SIP requests refused for asking too much: of a connection, of a user, of a partner.",
            [
                ("{of=\"connection\"}", sum { $0.refusedByConnection }),
                ("{of=\"user\"}", sum { $0.refusedByIdentity }),
                ("{of=\"partner\"}", sum { $0.refusedByPartner }),
            ])
        family(
            "entente_overloads_total", "counter", "How often an overload of a loop began.", [("", sum { $0.overloads })]
        )
        family(
            "entente_overloaded", "gauge", "Loops that are overloaded now.",
            [("", String(state.shards.values.count { $0.isOverloaded }))])
        family(
            "entente_requests_running", "gauge", "SIP requests in a transaction that has not ended.",
            [("", String(state.running))])
        family("entente_bindings", "gauge", "Bindings in the location service.", [("", String(state.bindings))])
        family("entente_trust_epoch", "gauge", "The epoch of the trust state in force.", [("", String(state.epoch))])
        let expiry = state.expiry.sorted { $0.key < $1.key }.map { entry in
            (
                labels: "{name=\"\(entry.key)\"}",
                value: String((entry.value.milliseconds - now.milliseconds) / 1_000)
            )
        }
        family("entente_certificate_expiry_seconds", "gauge", "Seconds until a certificate expires.", expiry)
        return text
    }
}
