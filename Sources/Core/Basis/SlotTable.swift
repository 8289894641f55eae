/// A dense table whose slots are reused and whose generations are not: a stale `ConnectionID` finds nothing.
///
/// The transport keeps its handlers in one, a server its links, so that both agree on a connection by its number alone.
/// Inlinable as a whole: it is asked for every message, and a generic call across modules costs more than the look.
public struct SlotTable<Element> {
    @usableFromInline
    struct Slot {
        @usableFromInline var generation: UInt32
        @usableFromInline var element: Element?

        @inlinable
        init(generation: UInt32, element: Element?) {
            self.generation = generation
            self.element = element
        }
    }

    @usableFromInline let shard: ShardID
    @usableFromInline let isFollowing: Bool
    @usableFromInline var slots: [Slot] = []
    @usableFromInline var free: [UInt32] = []

    @usableFromInline var held = 0

    /// How many elements the table holds.
    @inlinable public var count: Int { held }

    /// An empty table for one shard. A following one takes its numbers from another table, by `adopt` alone.
    @inlinable
    public init(shard: ShardID, following isFollowing: Bool = false) {
        self.shard = shard
        self.isFollowing = isFollowing
    }

    /// Puts `element` into a free slot and returns its new name; nil when `max` elements are there already.
    @inlinable
    public mutating func insert(_ element: Element, max: Int) -> ConnectionID? {
        guard held < max else { return nil }
        held += 1
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
    @inlinable
    public mutating func adopt(_ element: Element, as id: ConnectionID) -> Bool {
        let index = Int(id.slot)
        while slots.count <= index { slots.append(Slot(generation: 0, element: nil)) }
        guard slots[index].element == nil, slots[index].generation <= id.generation else { return false }
        slots[index] = Slot(generation: id.generation, element: element)
        held += 1
        return true
    }

    /// The element named `id`, if it is still there.
    @inlinable
    public subscript(id: ConnectionID) -> Element? {
        let index = Int(id.slot)
        guard id.shard == shard, index < slots.count, slots[index].generation == id.generation else { return nil }
        return slots[index].element
    }

    /// Changes the element named `id`; nil when it has gone. What it holds is not copied.
    @inlinable
    public mutating func update<Result>(_ id: ConnectionID, _ change: (inout Element) -> Result) -> Result? {
        let index = Int(id.slot)
        guard id.shard == shard, index < slots.count, slots[index].generation == id.generation,
            var element = slots[index].element.take()
        else { return nil }
        defer { slots[index].element = element }
        return change(&element)
    }

    /// Takes the element named `id` out; its slot returns with a higher generation. Nil when it has gone already.
    @inlinable
    public mutating func remove(_ id: ConnectionID) -> Element? {
        let index = Int(id.slot)
        guard id.shard == shard, index < slots.count, slots[index].generation == id.generation,
            let element = slots[index].element
        else { return nil }
        slots[index].element = nil
        slots[index].generation &+= 1
        if !isFollowing { free.append(id.slot) }
        held -= 1
        return element
    }

    /// Every name in the table, by slot.
    @inlinable
    public var ids: [ConnectionID] {
        slots.indices.compactMap { index in
            slots[index].element == nil
                ? nil : ConnectionID(shard: shard, slot: UInt32(index), generation: slots[index].generation)
        }
    }
}
