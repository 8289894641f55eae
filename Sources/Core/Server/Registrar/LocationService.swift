public import Basis
import Synchronization

/// RFC 3261 §10: the bindings of every address-of-record of this process, in one table that all shards share.
///
/// Striped by the address: each stripe is a value under a mutex that is held for one step and never while anything else
/// is called. A hop between loops would cost a thousand times as much as the uncontended lock, and this is the only
/// lock of the core. What is in here is visible at once; what a client was told waits for the journal.
public final class LocationService: Sendable {
    /// The number of stripes: enough that two shards seldom meet in one.
    public static let stripeCount = 64

    private struct Stripe {
        var bindings: [[UInt8]: [Binding]] = [:]
    }

    /// A mutex in an array needs a box: `Mutex` itself cannot be copied.
    private final class Box: Sendable {
        let stripe = Mutex(Stripe())
    }

    private let boxes: [Box]

    /// An empty table.
    public init() {
        boxes = (0..<Self.stripeCount).map { _ in Box() }
    }

    /// Puts back what the store held. Called once, before the first input.
    public func load(_ stored: [(key: [UInt8], value: [UInt8])]) -> LoadResult {
        var result = LoadResult()
        for (key, value) in stored {
            guard let bindings = BindingCoding.decode(value) else {
                result.damaged.append(key)
                continue
            }
            result.bindings += bindings.count
            box(for: key).stripe.withLock { $0.bindings[key] = bindings }
        }
        return result
    }

    /// What `load` found.
    public struct LoadResult: Sendable {
        /// How many bindings are in the table now.
        public var bindings = 0
        /// The addresses whose stored value could not be read.
        public var damaged: [[UInt8]] = []
    }

    /// The bindings of `aor` that have not expired at `wall`, in the order in which they were made.
    public func bindings(of aor: [UInt8], at wall: WallTime) -> [Binding] {
        box(for: aor).stripe.withLock { stripe in
            guard let bindings = stripe.bindings[aor] else { return [] }
            return bindings.allSatisfy { $0.expires > wall } ? bindings : bindings.filter { $0.expires > wall }
        }
    }

    /// Changes the bindings of `aor` in one step and returns what `change` returns. Expired ones are gone before `change` sees them.
    func update<Result: Sendable>(
        _ aor: [UInt8], at wall: WallTime, _ change: (inout [Binding]) -> Result
    ) -> Result {
        box(for: aor).stripe.withLock { stripe in
            var bindings = stripe.bindings.removeValue(forKey: aor) ?? []
            bindings.removeAll { $0.expires <= wall }
            let result = change(&bindings)
            if !bindings.isEmpty { stripe.bindings[aor] = bindings }
            return result
        }
    }

    /// Removes what has expired at `wall` from one stripe and returns the addresses that changed with what is left of them.
    func expire(stripe index: Int, at wall: WallTime) -> [(aor: [UInt8], left: [Binding])] {
        boxes[index % boxes.count].stripe.withLock { stripe in
            var changed: [(aor: [UInt8], left: [Binding])] = []
            for (aor, bindings) in stripe.bindings where bindings.contains(where: { $0.expires <= wall }) {
                changed.append((aor, bindings.filter { $0.expires > wall }))
            }
            // Sorted, because the order of a dictionary changes from process to process and a run must not.
            changed.sort { $0.aor.lexicographicallyPrecedes($1.aor) }
            for (aor, left) in changed { stripe.bindings[aor] = left.isEmpty ? nil : left }
            return changed
        }
    }

    /// Whether there is no binding at all.
    var isEmpty: Bool { boxes.allSatisfy { $0.stripe.withLock { $0.bindings.isEmpty } } }

    /// How many addresses and bindings there are; for reports, not for decisions.
    public var census: (addresses: Int, bindings: Int) {
        boxes.reduce(into: (0, 0)) { sum, box in
            box.stripe.withLock { stripe in
                sum.0 += stripe.bindings.count
                sum.1 += stripe.bindings.values.reduce(0) { $0 + $1.count }
            }
        }
    }

    /// Every address with its bindings, sorted; for reports and checkers.
    public var everything: [(aor: [UInt8], bindings: [Binding])] {
        boxes.flatMap { box in
            box.stripe.withLock { stripe in stripe.bindings.map { (aor: $0.key, bindings: $0.value) } }
        }.sorted { $0.aor.lexicographicallyPrecedes($1.aor) }
    }

    /// FNV-1a: the same stripe in every process, unlike the standard hash.
    private func box(for aor: [UInt8]) -> Box {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in aor { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return boxes[Int(hash % UInt64(boxes.count))]
    }
}
