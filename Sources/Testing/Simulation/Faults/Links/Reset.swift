/// A link is reset when something is sent: both ends break, each in its own time, and what was on its way is lost.
extension World {
    func reset(_ link: Link) {
        note("link \(link.number) breaks", from: name(link.dialler), to: name(link.accepting))
        for side in [End.Side.dialler, .acceptor] {
            link[from: side].bytes = []
            guard !link[side].isClosed else { continue }
            link[side].state = .closed
            schedule(.gone(link: link.number, side), in: dice.milliseconds(1..<1_500))
        }
    }
}
