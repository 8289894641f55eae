import Basis

/// Everything that happened, an entry each. A run that keeps none is faster, and the same in everything else.
struct Log: Sendable {
    /// Where something happened.
    enum Scene: Sendable {
        /// In the whole network.
        case everywhere
        /// At one server or device.
        case at(String)
        /// On the way from one to another.
        case between(String, String)
    }

    struct Entry: Sendable {
        let at: Instant
        let scene: Scene
        let text: String
    }

    let isKept: Bool
    private(set) var entries: [Entry] = []

    init(isKept: Bool) {
        self.isKept = isKept
    }

    mutating func add(_ text: String, _ scene: Scene, at now: Instant) {
        entries.append(Entry(at: now, scene: scene, text: text))
    }
}

extension Log.Entry {
    /// The entry as a line of the log.
    var line: String {
        switch scene {
        case .everywhere: "\(clock)  \(text)"
        case .at(let name): "\(clock)  \(name): \(text)"
        case .between(let from, let to): "\(clock)  \(from) > \(to) \(text)"
        }
    }

    /// Seconds since the start of the run, with their microseconds.
    var clock: String {
        let micros = at.nanoseconds / 1_000
        let fraction = String(micros % 1_000_000)
        return "\(micros / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    }
}

extension World {
    func note(_ text: @autoclosure () -> String, at name: @autoclosure () -> String? = nil) {
        guard log.isKept else { return }
        log.add(text(), name().map { .at($0) } ?? .everywhere, at: now)
    }

    func note(_ text: @autoclosure () -> String, from: @autoclosure () -> String, to: @autoclosure () -> String) {
        guard log.isKept else { return }
        log.add(text(), .between(from(), to()), at: now)
    }
}
