import Trust

/// Counts the connections of each address that nobody has vouched for yet.
struct AddressQuota {
    private var counts: [[UInt8]: Int] = [:]
    private var holders: Set<ObjectIdentifier> = []

    /// Counts `holder` for the address; false when `max` are there already. The port does not matter.
    mutating func take(_ address: NetworkAddress?, by holder: ObjectIdentifier, max: Int) -> Bool {
        guard let address else { return true }
        guard counts[address.network, default: 0] < max else { return false }
        guard holders.insert(holder).inserted else { return true }
        counts[address.network, default: 0] += 1
        return true
    }

    /// Counts `holder` no more; nothing happens the second time.
    mutating func release(_ address: NetworkAddress?, by holder: ObjectIdentifier) {
        guard let address, holders.remove(holder) != nil, let count = counts[address.network] else {
            return
        }
        counts[address.network] = count > 1 ? count - 1 : nil
    }
}
