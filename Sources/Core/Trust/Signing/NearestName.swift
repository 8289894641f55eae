/// Finds the name that somebody probably meant.
public enum NearestName {
    /// Longer texts are not compared.
    private static let lengthMax = 64

    /// The candidate with the fewest edits from `text`, when that is at most a third of its length and at least one
    /// letter is right; nil otherwise. Letter case does not count.
    public static func nearest(to text: String, among candidates: [String]) -> String? {
        let wanted = Array(text.lowercased().utf8.prefix(lengthMax))
        let ranked = candidates.map { ($0, distance(wanted, Array($0.lowercased().utf8.prefix(lengthMax)))) }
        guard let best = ranked.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }) else { return nil }
        return best.1 <= max(2, wanted.count / 3) && best.1 < max(wanted.count, 1) ? best.0 : nil
    }

    /// `; did you mean "x"?`, or the list of what is possible when nothing is near.
    static func hint(for text: String, among candidates: [String]) -> String {
        if let near = nearest(to: text, among: candidates) { return "; did you mean \"\(near)\"?" }
        return candidates.isEmpty ? "" : "; possible are " + candidates.sorted().joined(separator: ", ")
    }

    /// The number of insertions, deletions and replacements between two texts.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (position, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = position + 1
            for (column, other) in right.enumerated() {
                let change = diagonal + (letter == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(change, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}
