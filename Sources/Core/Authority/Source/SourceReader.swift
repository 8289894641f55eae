internal import Trust
package import Yams

/// Reads values out of a YAML tree and keeps every problem with its place. Nothing stops at the first problem.
package struct SourceReader {
    /// The most characters of a document; a topology of 10,000 servers is far below.
    package static let charactersMax = 8_000_000
    /// The deepest nesting that is read; the topology's own is six.
    package static let depthMax = 16

    package private(set) var problems: [SourceProblem] = []

    /// A place in the document.
    package typealias Place = Node

    package init() {}

    /// The tree of a text; nil after a problem.
    package mutating func compose(_ text: String) -> Node? {
        guard text.utf8.count <= Self.charactersMax else {
            problems.append(SourceProblem(line: 0, column: 0, message: "longer than \(Self.charactersMax) octets"))
            return nil
        }
        // The parser of the library calls itself for each level, so the depth is bounded before it runs.
        if let line = Self.firstLineTooDeep(text) {
            problems.append(SourceProblem(line: line, column: 1, message: "nested deeper than \(Self.depthMax) levels"))
            return nil
        }
        do {
            guard let node = try Yams.compose(yaml: text) else {
                problems.append(SourceProblem(line: 1, column: 1, message: "the document is empty"))
                return nil
            }
            return node
        } catch let error as YamlError {
            problems.append(Self.problem(from: error))
        } catch {
            problems.append(SourceProblem(line: 0, column: 0, message: "not readable as YAML"))
        }
        return nil
    }

    package mutating func report(_ node: Node?, _ message: String, nearest: String? = nil) {
        let mark = node?.mark
        problems.append(
            SourceProblem(line: mark?.line ?? 0, column: mark?.column ?? 0, message: message, nearest: nearest))
    }

    /// The entries of a mapping by key; a problem, and nothing, when it is something else. An empty value is an empty mapping.
    package mutating func entries(_ node: Node, of what: String) -> [(name: String, key: Node, value: Node)] {
        if let scalar = node.scalar, scalar.string.isEmpty, scalar.style == .plain { return [] }
        guard let mapping = node.mapping else {
            report(node, "\(what) must be a mapping `{key: value}`")
            return []
        }
        var result: [(name: String, key: Node, value: Node)] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string else {
                report(key, "a key of \(what) must be a word")
                continue
            }
            result.append((name, key, value))
        }
        return result
    }

    /// The fields of a record: only known keys, the required ones present.
    package mutating func fields(
        _ node: Node, of what: String, known: [String], required: [String] = []
    ) -> [String: Node] {
        var result: [String: Node] = [:]
        for (name, key, value) in entries(node, of: what) {
            if known.contains(name) {
                result[name] = value
            } else {
                report(key, "unknown key `\(name)` in \(what)", nearest: NearestName.nearest(to: name, among: known))
            }
        }
        for name in required where result[name] == nil {
            report(node, "\(what) lacks `\(name)`")
        }
        return result
    }

    package mutating func text(_ node: Node?, _ what: String) -> String? {
        guard let node else { return nil }
        guard let scalar = node.scalar, !scalar.string.isEmpty else {
            report(node, "\(what) must be a text")
            return nil
        }
        return scalar.string
    }

    package mutating func texts(_ node: Node?, _ what: String) -> [(text: String, node: Node)]? {
        guard let node else { return nil }
        guard let sequence = node.sequence else {
            report(node, "\(what) must be a list `[a, b]`")
            return nil
        }
        var result: [(text: String, node: Node)] = []
        for item in sequence {
            if let value = text(item, "an item of \(what)") { result.append((value, item)) }
        }
        return result
    }

    package mutating func flag(_ node: Node?, _ what: String) -> Bool? {
        guard let node else { return nil }
        switch node.scalar?.string {
        case "true": return true
        case "false": return false
        case nil, .some:
            report(node, "\(what) must be true or false")
            return nil
        }
    }

    /// One of the words of an enumeration.
    package mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ node: Node?, _ what: String, as type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        guard let node, let word = text(node, what) else { return nil }
        if let value = Choice(rawValue: word) { return value }
        let known = Choice.allCases.map(\.rawValue)
        report(
            node, "\(what) `\(word)` is not one of \(known.joined(separator: ", "))",
            nearest: NearestName.nearest(to: word, among: known))
        return nil
    }

    /// What has been found, in the order of the lines.
    package func finish() -> SourceError? {
        guard !problems.isEmpty else { return nil }
        return SourceError(problems: problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) })
    }

    /// What has been found, for a document that cannot be read further; says so when nothing was found.
    package var failure: SourceError {
        finish() ?? SourceError(problems: [SourceProblem(line: 0, column: 0, message: "the document is not complete")])
    }

    // MARK: The library's limits

    /// The first line whose indentation or open brackets go deeper than allowed. Counts brackets in texts as well, which
    /// refuses a document that nobody writes and needs no second parser.
    private static func firstLineTooDeep(_ text: String) -> Int? {
        var line = 1
        var brackets = 0
        var indicators = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\n"):
                line += 1
                indicators = 0
            case UInt8(ascii: "["), UInt8(ascii: "{"): brackets += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): brackets = max(0, brackets - 1)
            // `- - - x` opens a level with each hyphen, spaces with each two at least.
            case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"):
                if indicators >= 0 { indicators += 1 }
            default: indicators = -1
            }
            if brackets > depthMax || indicators > depthMax * 8 { return line }
        }
        return nil
    }

    private static func problem(from error: YamlError) -> SourceProblem {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return SourceProblem(line: mark.line, column: mark.column, message: problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.sorted().joined(separator: "`, `")
            return SourceProblem(
                line: context.mark.line, column: context.mark.column, message: "key `\(names)` stands here twice")
        case .reader(let problem, _, _, _):
            return SourceProblem(line: 0, column: 0, message: problem)
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            return SourceProblem(line: 0, column: 0, message: "not readable as YAML")
        }
    }
}
