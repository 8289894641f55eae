/// A story in sentences, one a line: who does what, and what must come of it. Empty lines and lines that begin with `#`
/// are for people.
public struct Scenario: Sendable, Equatable {
    /// The sentences in their order, each with the number of its line, from 1.
    public let steps: [(line: Int, step: ScenarioStep)]

    /// A line that is no sentence.
    public struct Misunderstanding: Error, Sendable, CustomStringConvertible {
        /// The number of the line, from 1.
        public let line: Int
        /// What stands there.
        public let text: String

        public var description: String { "line \(line): \"\(text)\" is no sentence of a scenario" }
    }

    /// A story of these steps.
    public init(_ steps: [ScenarioStep]) {
        self.steps = steps.enumerated().map { (line: $0.offset + 1, step: $0.element) }
    }

    /// Reads the text form.
    /// - Throws: the first line that is no sentence.
    public init(parsing text: String) throws(Misunderstanding) {
        var steps: [(line: Int, step: ScenarioStep)] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = Self.words(of: line)
            guard let first = words.first, first.first != "#" else { continue }
            guard let step = ScenarioStep(words: words) else {
                throw Misunderstanding(line: number + 1, text: String(line))
            }
            steps.append((number + 1, step))
        }
        self.steps = steps
    }

    public static func == (left: Scenario, right: Scenario) -> Bool {
        left.steps.map(\.step) == right.steps.map(\.step)
    }

    /// Words between spaces; what stands in quotation marks is one word, and keeps the first mark.
    private static func words(of line: Substring) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        for character in line {
            switch (character, isQuoted) {
            case ("\"", false):
                isQuoted = true
                word = "\""
            case ("\"", true):
                isQuoted = false
                words.append(word)
                word = ""
            case (" ", false):
                if !word.isEmpty { words.append(word) }
                word = ""
            case (_, _): word.append(character)
            }
        }
        if !word.isEmpty { words.append(word) }
        return words
    }
}

extension ScenarioStep {
    /// The step that these words say; nil when they are no sentence.
    init?(words: [String]) {
        func quoted(_ word: String) -> String? { word.first == "\"" ? String(word.dropFirst()) : nil }
        let tail = Array(words.dropFirst())
        guard let first = words.first else { return nil }
        if first == "expect" {
            guard let expectation = ScenarioExpectation(words: tail) else { return nil }
            self = .expects(expectation)
            return
        }
        if words.count > 3, words[1] == "of", ["frontEnd", "edge"].contains(first) {
            guard let step = Self.step(Array(words.dropFirst(3)), at: Place(role: first, organisation: words[2])) else {
                return nil
            }
            self = step
            return
        }
        switch tail {
        case ["registers"]: self = .registers(first)
        case ["unregisters"]: self = .unregisters(first)
        case ["loses", "the", "connection"]: self = .losesConnection(first)
        case ["answers"]: self = .answers(first)
        case ["refuses"]: self = .refuses(first)
        case ["hangs", "up"]: self = .hangsUp(first)
        case ["is", "disabled"]: self = .disables(first)
        case ["is", "enabled"]: self = .enables(first)
        case ["removes", "its", "edge"]: self = .removesEdge(first)
        case ["adds", "its", "edge"]: self = .addsEdge(first)
        case ["settles"]: self = .settles(first)
        case _ where first == "wait" && tail.count == 2 && tail[1] == "s":
            guard let seconds = UInt64(tail[0]) else { return nil }
            self = .waits(seconds: seconds)
        case _ where tail.count == 4 && tail[0] == "sends" && tail[2] == "to":
            guard let text = quoted(tail[1]) else { return nil }
            self = .sends(first, text: text, to: tail[3])
        case _ where tail.count == 3 && tail[0] == "gets" && tail[1] == "password":
            guard let password = quoted(tail[2]) else { return nil }
            self = .changesPassword(first, password)
        case _ where tail.count == 2 && tail[0] == "calls": self = .calls(first, tail[1])
        case _ where tail.count == 2 && tail[0] == "reaches": self = .reaches(first, tail[1])
        case _ where tail.count == 3 && tail[0] == "removes" && tail[1] == "partner":
            self = .removesPartner(tail[2], of: first)
        case _ where tail.count == 3 && tail[0] == "adds" && tail[1] == "partner":
            self = .addsPartner(tail[2], of: first)
        case _: return nil
        }
    }

    private static func step(_ words: [String], at place: Place) -> ScenarioStep? {
        switch words {
        case ["crashes"]: .crashes(place)
        case ["restarts"]: .restarts(place)
        case ["is", "revoked"]: .revokes(place)
        case ["gets", "new", "keys"]: .rekeys(place)
        case _: nil
        }
    }
}

extension ScenarioExpectation {
    init?(words: [String]) {
        guard let first = words.first else { return nil }
        let tail = Array(words.dropFirst())
        if first.first == "\"" {
            let text = String(first.dropFirst())
            switch tail {
            case ["is", "delivered"]: self = .delivered(text)
            case ["fails"]: self = .fails(text)
            case _: return nil
            }
            return
        }
        switch tail {
        case ["is", "registered"]: self = .registered(first)
        case ["is", "not", "registered"]: self = .notRegistered(first)
        case ["rings"]: self = .rings(first)
        case ["is", "in", "a", "call"]: self = .inCall(first)
        case ["is", "in", "no", "call"]: self = .inNoCall(first)
        case _ where tail.count == 3 && tail[0] == "receives" && tail[2] == "once" && tail[1].first == "\"":
            self = .receives(first, String(tail[1].dropFirst()))
        case _ where tail.count == 3 && tail[0] == "never" && tail[1] == "receives" && tail[2].first == "\"":
            self = .neverReceives(first, String(tail[2].dropFirst()))
        case _: return nil
        }
    }
}
