/// A delivery is cut at any octet: the rest comes later.
extension World {
    func pieceOctets(of count: Int) -> Int {
        count > 1 && faults.strikes(.split) ? 1 + faults.below(count - 1, for: .split) : count
    }
}
