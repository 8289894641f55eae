/// A dense table whose slots are reused and whose generations are not: a stale `ConnectionID` finds nothing.
///
/// The transport keeps its handlers in one, a server its links, so that both agree on a connection by its number alone.
public struct SlotTable<Element> {
    private struct Slot {
        var generation: UInt32
        var element: Element?
    }

    private let shard: ShardID
    private let isFollowing: Bool
    private var slots: [Slot] = []
    private var free: [UInt32] = []

    /// How many elements the table holds.
    public private(set) var count = 0

    /// An empty table for one shard. A following one takes its numbers from another table, by `adopt` alone.
    public init(shard: ShardID, following isFollowing: Bool = false) {
        self.shard = shard
        self.isFollowing = isFollowing
    }

    /// Puts `element` into a free slot and returns its new name; nil when `max` elements are there already.
    public mutating func insert(_ element: Element, max: Int) -> ConnectionID? {
        guard count < max else { return nil }
        count += 1
        if let slot = free.popLast() {
            let generation = slots[Int(slot)].generation
            slots[Int(slot)].element = element
            return ConnectionID(shard: shard, slot: slot, generation: generation)
        }
        let slot = UInt32(slots.count)
        slots.append(Slot(generation: 1, element: element))
        return ConnectionID(shard: shard, slot: slot, generation: 1)
    }

    /// Puts `element` where `id` says: the numbering is that of another table, whose generations only
    /// grow. False when the slot is taken, or the generation was there before.
    public mutating func adopt(_ element: Element, as id: ConnectionID) -> Bool {
        let index = Int(id.slot)
        while slots.count <= index { slots.append(Slot(generation: 0, element: nil)) }
        guard slots[index].element == nil, slots[index].generation <= id.generation else { return false }
        slots[index] = Slot(generation: id.generation, element: element)
        count += 1
        return true
    }

    /// The element named `id`, if it is still there; assigning nil is not possible, use `remove`.
    public subscript(id: ConnectionID) -> Element? {
        get {
            let index = Int(id.slot)
            guard id.shard == shard, index < slots.count, slots[index].generation == id.generation else { return nil }
            return slots[index].element
        }
        _modify {
            let index = Int(id.slot)
            if id.shard == shard, index < slots.count, slots[index].generation == id.generation,
                slots[index].element != nil
            {
                yield &slots[index].element
            } else {
                var nothing: Element?
                yield &nothing
            }
        }
    }

    /// Takes the element named `id` out; its slot returns with a higher generation. Nil when it has gone already.
    public mutating func remove(_ id: ConnectionID) -> Element? {
        let index = Int(id.slot)
        guard id.shard == shard, index < slots.count, slots[index].generation == id.generation,
            let element = slots[index].element
        else { return nil }
        slots[index].element = nil
        slots[index].generation &+= 1
        if !isFollowing { free.append(id.slot) }
        count -= 1
        return element
    }

    /// Every name in the table, by slot.
    public var ids: [ConnectionID] {
        slots.indices.compactMap { index in
            slots[index].element == nil
                ? nil : ConnectionID(shard: shard, slot: UInt32(index), generation: slots[index].generation)
        }
    }
}
