import Basis

/// Token buckets of everybody who has a name, in a memory that does not grow with the number of names.
///
/// A name has two places, found by a hash under a key that nobody outside knows, and is refused only when both are empty. Who
/// floods empties his two; another name shares both with him once in `placesMax` squared, and nobody can arrange that.
struct SharedBuckets: Sendable {
    private let key: KeyedHash.Key
    private var first: [TokenBucket]
    private var second: [TokenBucket]

    /// Every bucket full.
    init(chance: consuming Chance) {
        key = KeyedHash.Key(low: chance.next(), high: chance.next())
        first = Array(repeating: TokenBucket(), count: ServerLimits.bucketPlacesMax)
        second = first
    }

    /// Takes what one request of `name` costs from both its places; false, and nothing is taken, when neither has as much.
    mutating func take(
        _ charge: Charge, of name: Span<UInt8>, _ allowance: Allowance, cut: UInt8, at now: Instant
    ) -> Bool {
        var hash = KeyedHash(key: key)
        hash.append(lowercased: name)
        let value = hash.finish()
        let count = UInt64(ServerLimits.bucketPlacesMax)
        let (one, other) = (Int(value.low % count), Int(value.high % count))
        let isGranted = first[one].take(charge, of: allowance, cut: cut, at: now)
        return second[other].take(charge, of: allowance, cut: cut, at: now) || isGranted
    }
}
