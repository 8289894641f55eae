/// The one file of this room with unsafe operations: each stays inside the bounds that it checks in its first lines.
enum RawBytes {
    /// A new array of exact capacity: `bytes[start..<end]`, followed by `room` zero octets.
    static func copy(_ bytes: Span<UInt8>, from start: Int, to end: Int, room: Int) -> [UInt8] {
        precondition(start >= 0 && start <= end && end <= bytes.count && room >= 0)
        let count = end - start
        return unsafe bytes.withUnsafeBufferPointer { source in
            unsafe [UInt8](unsafeUninitializedCapacity: count + room) { target, initialised in
                if count > 0, let from = source.baseAddress, let to = target.baseAddress {
                    unsafe to.initialize(from: from + start, count: count)
                }
                if room > 0, let to = target.baseAddress {
                    unsafe (to + count).initialize(repeating: 0, count: room)
                }
                initialised = count + room
            }
        }
    }

    /// Appends `bytes[start..<end]` to `target`.
    static func append(_ bytes: Span<UInt8>, from start: Int, to end: Int, to target: inout [UInt8]) {
        precondition(start >= 0 && start <= end && end <= bytes.count)
        unsafe bytes.withUnsafeBufferPointer { source in
            unsafe target.append(contentsOf: UnsafeBufferPointer(rebasing: source[start..<end]))
        }
    }

    /// The little-endian number at `offset`.
    static func load<Number: FixedWidthInteger & BitwiseCopyable>(
        _ type: Number.Type, from bytes: Span<UInt8>, at offset: Int
    ) -> Number {
        // Traps beyond the end; unsafe only for types of which not every bit pattern is a value.
        unsafe Number(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }

    /// Writes `number` at `offset`, little-endian.
    static func store<Number: FixedWidthInteger & BitwiseCopyable>(
        _ number: Number, to bytes: inout [UInt8], at offset: Int
    ) {
        precondition(offset >= 0 && offset + Number.bitWidth / 8 <= bytes.count)
        unsafe bytes.withUnsafeMutableBytes { raw in
            unsafe raw.storeBytes(of: number.littleEndian, toByteOffset: offset, as: Number.self)
        }
    }

    /// The first offset in `start..<end` whose octet is below 0x20 or is 0x7F; `end` when there is none.
    ///
    /// Eight octets a step. In the word arithmetic only octets above a true hit can be reported wrongly, so that the
    /// lowest reported one is always right.
    static func nextControl(in bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && end <= bytes.count)
        return unsafe bytes.withUnsafeBytes { raw in
            var offset = start
            let high: UInt64 = 0x8080_8080_8080_8080
            while offset + 8 <= end {
                let word = unsafe UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                let below = (word &- 0x2020_2020_2020_2020) & ~word & high
                let flipped = word ^ 0x7F7F_7F7F_7F7F_7F7F
                let delete = (flipped &- 0x0101_0101_0101_0101) & ~flipped & high
                let hits = below | delete
                if hits != 0 { return offset + hits.trailingZeroBitCount / 8 }
                offset += 8
            }
            while offset < end {
                let octet = unsafe raw[offset]
                if octet < 0x20 || octet == 0x7F { return offset }
                offset += 1
            }
            return max(offset, start)
        }
    }
}
