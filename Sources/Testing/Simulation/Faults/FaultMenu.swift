import Basis

/// Which faults a run has and how often: chosen by the seed, so that some runs have few of them and some a mixture that
/// nobody would have thought of.
///
/// Each fault has dice of its own: a new one on the menu changes no choice of the others.
struct FaultMenu {
    private struct Entry {
        /// In thousandths of its occasions; 0 for one that this run does not have.
        var rate = 0
        var dice: Dice
    }

    private var entries: [Fault: Entry] = [:]

    /// No faults at all.
    init(_ chance: Chance) {
        for fault in Fault.allCases {
            entries[fault] = Entry(dice: Dice(chance.derived(for: "fault \(fault.rawValue)")))
        }
    }

    /// In thousandths: how likely it is that a run has a fault.
    private static let share = 400

    /// Takes what the seed chooses.
    mutating func choose() {
        for fault in Fault.allCases {
            guard var entry = entries[fault] else { continue }
            if entry.dice.happens(Self.share) { entry.rate = 1 + entry.dice.below(fault.most) }
            entries[fault] = entry
        }
    }

    /// Takes everything off.
    mutating func end() {
        for fault in Fault.allCases { entries[fault]?.rate = 0 }
    }

    /// Whether this run has the fault.
    func has(_ fault: Fault) -> Bool { entries[fault].map { $0.rate > 0 } ?? false }

    /// Whether the fault happens on this occasion.
    mutating func strikes(_ fault: Fault) -> Bool {
        guard let rate = entries[fault]?.rate, rate > 0 else { return false }
        return entries[fault]?.dice.happens(rate) ?? false
    }

    /// A number from 0 up to, but not with, `bound`: how the fault happens.
    mutating func below(_ bound: Int, for fault: Fault) -> Int { entries[fault]?.dice.below(bound) ?? 0 }

    /// A time between two numbers of milliseconds.
    mutating func milliseconds(_ range: Range<UInt64>, for fault: Fault) -> Interval {
        entries[fault]?.dice.milliseconds(range) ?? .milliseconds(range.lowerBound)
    }

    /// One of `items`; nil when there is none.
    mutating func pick<Item>(_ items: [Item], for fault: Fault) -> Item? { entries[fault]?.dice.pick(items) }

    /// The faults of this run, with their rates.
    var text: String {
        Fault.allCases.compactMap { fault in
            entries[fault].flatMap { $0.rate > 0 ? "\(fault.rawValue) \($0.rate)" : nil }
        }.joined(separator: ", ")
    }
}
