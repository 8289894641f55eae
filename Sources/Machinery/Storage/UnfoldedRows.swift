/// The rows of the journal that are not folded yet, with the last row of each key.
///
/// An address that is refreshed often has many rows and is written to the table of bindings once: a row that a later one of
/// its key follows only has to go. To know this without an index in the file, which each insert would pay for, the keys are
/// kept here; records share them.
struct UnfoldedRows {
    private var keys: [[UInt8]] = []
    private var lastRows: [[UInt8]: Int64] = [:]
    private var firstRow: Int64 = 1

    /// How many there are.
    var count: Int { keys.count }

    /// The row that the next record gets.
    var nextRow: Int64 { firstRow + Int64(keys.count) }

    /// Adds a row; one that is missing in front of it counts as one of an empty key.
    mutating func append(_ key: [UInt8], as row: Int64) {
        if keys.isEmpty { firstRow = row }
        while nextRow < row { keys.append([]) }
        keys.append(key)
        lastRows[key] = row
    }

    /// The oldest rows, at most `max` of them.
    func oldest(_ max: Int) -> Range<Int64> { firstRow..<firstRow + Int64(min(max, keys.count)) }

    /// Whether no later row has the key of this one.
    func isLastOfItsKey(_ row: Int64) -> Bool {
        let index = Int(row - firstRow)
        guard keys.indices.contains(index) else { return false }
        return lastRows[keys[index]] == row
    }

    /// Forgets the oldest rows.
    mutating func removeOldest(_ count: Int) {
        for row in oldest(count) where isLastOfItsKey(row) { lastRows[keys[Int(row - firstRow)]] = nil }
        keys.removeFirst(min(count, keys.count))
        firstRow += Int64(count)
    }
}
