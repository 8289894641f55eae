public import Basis
import Synchronization

/// Who has proven to be whom, by flow: after one good digest the flow is trusted for that user, and is not challenged
/// again until the registration ends, the account changes, or an hour has passed.
///
/// Shared by the shards, because the requests of one client behind an edge may reach this server over several links.
public final class ProvenUsers: Sendable {
    /// How many users one flow may prove; the oldest leaves and is simply challenged again.
    public static let usersPerFlowMax = 64
    /// How long a proof lasts without a new one.
    public static let lifetime = Interval.seconds(3_600)
    /// How many flows of clients at edges are remembered by each stripe; above it the oldest proof goes.
    public static let flowsPerStripeMax = 16_384
    private static let stripeCount = 64

    private struct Proof {
        let aor: [UInt8]
        /// An hour after the digest.
        let latest: Instant
        /// When it ends: with the registration, if that is earlier.
        var until: Instant
    }

    private final class Box: Sendable {
        let proofs = Mutex<[Flow: [Proof]]>([:])
    }

    private let boxes: [Box]

    /// Nobody has proven anything.
    public init() {
        boxes = (0..<Self.stripeCount).map { _ in Box() }
    }

    /// Remembers that `aor` was proven on `flow`.
    func prove(_ aor: [UInt8], on flow: Flow, at now: Instant) {
        box(for: flow).proofs.withLock { flows in
            var proofs = flows[flow] ?? []
            proofs.removeAll { $0.aor == aor || $0.until <= now }
            if proofs.count >= Self.usersPerFlowMax { proofs.removeFirst() }
            proofs.append(Proof(aor: aor, latest: now + Self.lifetime, until: now + Self.lifetime))
            if flows.count >= Self.flowsPerStripeMax, flows[flow] == nil {
                // Only proofs are lost here: the client behind a forgotten flow is challenged once more.
                flows = flows.filter { $0.value.contains { $0.until > now } }
                if flows.count >= Self.flowsPerStripeMax { flows.removeAll() }
            }
            flows[flow] = proofs
        }
    }

    /// A registration of `aor` on `flow` lasts until `end` now, and the proof no longer than that.
    func limit(_ aor: [UInt8], on flow: Flow, to end: Instant) {
        box(for: flow).proofs.withLock { flows in
            guard let index = flows[flow]?.firstIndex(where: { $0.aor == aor }) else { return }
            let latest = flows[flow]?[index].latest ?? end
            flows[flow]?[index].until = min(end, latest)
        }
    }

    /// Whether `aor` is proven on `flow`.
    func isProven(_ aor: [UInt8], on flow: Flow, at now: Instant) -> Bool {
        box(for: flow).proofs.withLock { flows in
            flows[flow]?.contains { $0.aor == aor && $0.until > now } ?? false
        }
    }

    /// The users proven on `flow`, oldest first.
    func users(on flow: Flow, at now: Instant) -> [[UInt8]] {
        box(for: flow).proofs.withLock { flows in
            flows[flow]?.filter { $0.until > now }.map(\.aor) ?? []
        }
    }

    /// Forgets one user of a flow: the registration ended.
    func forget(_ aor: [UInt8], on flow: Flow) {
        box(for: flow).proofs.withLock { flows in
            flows[flow]?.removeAll { $0.aor == aor }
            if flows[flow]?.isEmpty == true { flows[flow] = nil }
        }
    }

    /// Forgets a whole flow: the connection has gone.
    func forget(_ flow: Flow) {
        box(for: flow).proofs.withLock { $0[flow] = nil }
    }

    /// Forgets a user on every flow and returns the flows: the account was disabled, removed or given a new password.
    func forgetEverywhere(_ aor: [UInt8]) -> [Flow] {
        let all = boxes.flatMap { box in
            box.proofs.withLock { flows in
                let concerned = flows.filter { $0.value.contains { $0.aor == aor } }.keys
                for flow in concerned {
                    flows[flow]?.removeAll { $0.aor == aor }
                    if flows[flow]?.isEmpty == true { flows[flow] = nil }
                }
                return Array(concerned)
            }
        }
        // Sorted, because the order of a dictionary changes from process to process and a run must not.
        return all.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    private func box(for flow: Flow) -> Box {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        switch flow {
        case .direct(let id):
            hash = (hash ^ id.rawValue) &* 0x0000_0100_0000_01b3
            hash ^= hash >> 29
        case .edge(let edge):
            for byte in edge.token { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        }
        return boxes[Int(hash % UInt64(boxes.count))]
    }
}
