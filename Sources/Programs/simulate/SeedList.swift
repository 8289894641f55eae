import ArgumentParser
import Simulation

/// Seeds that once failed, from a file: a line each, `SEED MINUTES what it found`. Lines that begin with `#` are for people.
enum SeedList {
    /// Reads the text of such a file.
    static func parse(_ text: String) throws -> [Simulation] {
        try text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let words = line.split(separator: " ", maxSplits: 2)
            guard words.count == 3, let seed = UInt64(words[0]), let minutes = UInt64(words[1]) else {
                throw ValidationError("\"\(line)\" is no line of a list of seeds: SEED MINUTES what it found")
            }
            return Simulation(seed: seed, minutes: minutes)
        }
    }
}
