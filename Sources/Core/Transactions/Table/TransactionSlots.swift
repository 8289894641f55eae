internal import Basis

/// Dense records under reused slots and fresh generations, with those of one connection chained, so that the end of a
/// connection costs as much as it has transactions.
///
/// Generic inside this module only, where it is specialised for its two records.
struct TransactionSlots<Record: Sendable>: Sendable {
    private struct Slot: Sendable {
        var generation: UInt32
        var connection: ConnectionID
        var newer: UInt32
        var older: UInt32
        var record: Record?
    }

    private struct Chain: Sendable {
        var newest: UInt32
        var count: Int
    }

    private let shard: ShardID
    private let max: Int
    private var slots: [Slot] = []
    private var free: [UInt32] = []
    private var chains: [ConnectionID: Chain] = [:]

    /// How many records there are.
    private(set) var count = 0

    init(shard: ShardID, max: Int) {
        self.shard = shard
        self.max = min(max, PackedSlot.slotsMax)
    }

    /// Puts `record` into a free slot; nil when the table is full.
    mutating func insert(_ record: Record, on connection: ConnectionID) -> UInt64? {
        guard count < max else { return nil }
        count += 1
        let slot: UInt32
        if let reused = free.popLast() {
            slot = reused
        } else {
            slot = UInt32(slots.count)
            slots.append(
                Slot(generation: 1, connection: connection, newer: Self.none, older: Self.none, record: nil))
        }
        slots[Int(slot)].record = record
        slots[Int(slot)].connection = connection
        link(slot, on: connection)
        return PackedSlot.pack(shard: shard, slot: slot, generation: slots[Int(slot)].generation)
    }

    /// The record named `id`; nil when it has gone.
    subscript(id: UInt64) -> Record? {
        guard let index = index(of: id) else { return nil }
        return slots[index].record
    }

    /// Changes the record named `id`; nil when it has gone.
    mutating func update<Result>(_ id: UInt64, _ change: (inout Record) -> Result) -> Result? {
        guard let index = index(of: id), var record = slots[index].record else { return nil }
        let result = change(&record)
        slots[index].record = record
        return result
    }

    /// The connection of the record named `id`; nil when it has gone.
    func connection(of id: UInt64) -> ConnectionID? {
        index(of: id).map { slots[$0].connection }
    }

    /// Takes the record named `id` out; nil when it has gone.
    mutating func remove(_ id: UInt64) -> Record? {
        guard let index = index(of: id), let record = slots[index].record else { return nil }
        unlink(UInt32(index))
        slots[index].record = nil
        slots[index].generation &+= 1
        free.append(UInt32(index))
        count -= 1
        return record
    }

    /// Every record, by slot.
    var records: [Record] { slots.compactMap(\.record) }

    /// How many records a connection has.
    func count(on connection: ConnectionID) -> Int { chains[connection]?.count ?? 0 }

    /// The names of a connection's records, oldest first.
    func ids(on connection: ConnectionID) -> [UInt64] {
        guard let chain = chains[connection] else { return [] }
        var result: [UInt64] = []
        result.reserveCapacity(chain.count)
        var slot = chain.newest
        while slot != Self.none, result.count < chain.count {
            result.append(PackedSlot.pack(shard: shard, slot: slot, generation: slots[Int(slot)].generation))
            slot = slots[Int(slot)].older
        }
        return result.reversed()
    }

    private func index(of id: UInt64) -> Int? {
        let index = Int(PackedSlot.slot(id))
        guard PackedSlot.shard(id) == shard, index < slots.count,
            slots[index].generation == PackedSlot.generation(id), slots[index].record != nil
        else { return nil }
        return index
    }

    private mutating func link(_ slot: UInt32, on connection: ConnectionID) {
        var chain = chains[connection] ?? Chain(newest: Self.none, count: 0)
        slots[Int(slot)].newer = Self.none
        slots[Int(slot)].older = chain.newest
        if chain.newest != Self.none { slots[Int(chain.newest)].newer = slot }
        chain.newest = slot
        chain.count += 1
        chains[connection] = chain
    }

    private mutating func unlink(_ slot: UInt32) {
        let (connection, newer, older) = (
            slots[Int(slot)].connection, slots[Int(slot)].newer, slots[Int(slot)].older
        )
        if newer != Self.none { slots[Int(newer)].older = older }
        if older != Self.none { slots[Int(older)].newer = newer }
        guard var chain = chains[connection] else { return }
        chain.count -= 1
        if chain.newest == slot { chain.newest = older }
        chains[connection] = chain.count == 0 ? nil : chain
    }

    private static var none: UInt32 { .max }
}
