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
    private let addressCount = Atomic<Int>(0)
    private let changeCount = Atomic<UInt64>(0)

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
            box(for: key).stripe.withLock { stripe in
                put(bindings, under: key, in: &stripe)
            }
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

    /// Changes the bindings of `aor` in one step. Expired ones are gone before `change` sees them.
    ///
    /// - Parameter change: Returns whether it changed anything; only then there is something to be stored.
    func update(
        _ aor: [UInt8], at wall: WallTime, _ change: (inout [Binding]) -> Bool
    ) -> (bindings: [Binding], change: BindingChange?) {
        box(for: aor).stripe.withLock { stripe in
            // Changed where they stand, in one look: neither the list nor the table is copied.
            let step = Self.change(&stripe.bindings[aor, default: []], at: wall, change)
            if step.left.isEmpty { stripe.bindings[aor] = nil }
            count(before: step.hadAny, after: !step.left.isEmpty)
            return (step.left, step.isChanged ? nextChange(of: aor, to: step.left) : nil)
        }
    }

    private static func change(
        _ bindings: inout [Binding], at wall: WallTime, _ change: (inout [Binding]) -> Bool
    ) -> (hadAny: Bool, isChanged: Bool, left: [Binding]) {
        let hadAny = !bindings.isEmpty
        if bindings.contains(where: { $0.expires <= wall }) { bindings.removeAll { $0.expires <= wall } }
        let isChanged = change(&bindings)
        return (hadAny, isChanged, bindings)
    }

    /// Removes what has expired at `wall` from one stripe and returns what changed, sorted by address.
    func expire(stripe index: Int, at wall: WallTime) -> [BindingChange] {
        boxes[index % boxes.count].stripe.withLock { stripe in
            // Sorted, because the order of a dictionary changes from process to process and a run must not.
            let due = stripe.bindings.filter { $0.value.contains { $0.expires <= wall } }.sorted {
                $0.key.lexicographicallyPrecedes($1.key)
            }
            return due.map { aor, bindings in
                let left = bindings.filter { $0.expires > wall }
                put(left, under: aor, in: &stripe)
                return nextChange(of: aor, to: left)
            }
        }
    }

    private func put(_ bindings: [Binding], under aor: [UInt8], in stripe: inout Stripe) {
        let before = stripe.bindings.updateValue(bindings, forKey: aor)
        if bindings.isEmpty { stripe.bindings[aor] = nil }
        count(before: before != nil, after: !bindings.isEmpty)
    }

    /// Counts an address that came or went. No list in the table is empty.
    private func count(before: Bool, after: Bool) {
        if before != after { addressCount.add(after ? 1 : -1, ordering: .relaxed) }
    }

    /// Called with the stripe locked, so that the numbers of one address rise in the order of its changes.
    private func nextChange(of aor: [UInt8], to bindings: [Binding]) -> BindingChange {
        BindingChange(
            order: changeCount.add(1, ordering: .relaxed).newValue, aor: aor, bindings: bindings)
    }

    /// Whether there is no binding at all. Read without a lock: another shard's change may be seen a moment later.
    var isEmpty: Bool { addressCount.load(ordering: .relaxed) == 0 }

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

/// What an address has become. Every one must be stored, also when nobody waits for it: the store commits them in `order`.
struct BindingChange {
    /// Counts the changes of this process without a gap, from 1 on.
    let order: UInt64
    let aor: [UInt8]
    /// All that is bound now.
    let bindings: [Binding]
}
