/// Every public declaration says what it is.
enum Documentation {
    /// Members whose meaning their protocol states already.
    private static let witnesses = [
        "static func ==", "static func <", "func hash(into", "var description:", "var debugDescription:",
        "func encode(to", "init(from decoder", "func index(after", "func makeIterator(",
    ]

    /// What our own protocols ask for and document: protocol, then the names of its requirements.
    static func requirements(of files: [SourceFile]) -> [Substring: Set<Substring>] {
        var found: [Substring: Set<Substring>] = [:]
        for file in files {
            var name: Substring?
            for line in file.code {
                let words = Words.all(in: line)
                if line.first?.isWhitespace == false {
                    let kind = words.firstIndex(of: "protocol")
                    name = kind.flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
                } else if let name, let kind = words.firstIndex(where: { $0 == "func" || $0 == "var" }),
                    kind + 1 < words.count
                {
                    found[name, default: []].insert(words[kind + 1])
                }
            }
        }
        return found
    }

    static func offences(in file: SourceFile, requirements: [Substring: Set<Substring>] = [:]) -> [Offence] {
        guard file.isUnder("Sources") else { return [] }
        let stated = conformances(in: file).reduce(into: Set<Substring>()) { $0.formUnion(requirements[$1] ?? []) }
        var offences: [Offence] = []
        for (number, line) in file.code.enumerated() where declares(line) {
            if isDocumented(file, before: number) || isHandlerMember(line) { continue }
            let words = Words.all(in: line)
            if let kind = words.firstIndex(where: { $0 == "func" || $0 == "var" }), kind + 1 < words.count,
                stated.contains(words[kind + 1])
            {
                continue
            }
            let name = line.drop(while: \.isWhitespace).prefix(60)
            offences.append(Offence(path: file.path, line: number + 1, text: "without /// documentation: \(name)"))
        }
        return offences
    }

    /// The words that follow a colon in the declarations of the file's types.
    private static func conformances(in file: SourceFile) -> Set<Substring> {
        let kinds: Set<Substring> = ["struct", "enum", "class", "actor", "extension"]
        var found: Set<Substring> = []
        for line in file.code {
            guard let colon = line.firstIndex(of: ":") else { continue }
            if Words.all(in: line[..<colon]).contains(where: kinds.contains) {
                found.formUnion(Words.all(in: line[colon...]).map { Substring($0) })
            }
        }
        return found
    }

    /// Members that NIO's handler protocols ask for.
    private static func isHandlerMember(_ line: String) -> Bool {
        if line.contains("(context: ChannelHandlerContext") { return true }
        return ["InboundIn", "InboundOut", "OutboundIn", "OutboundOut"].contains { line.contains("typealias \($0) ") }
    }

    private static func declares(_ line: String) -> Bool {
        var rest = line.drop(while: \.isWhitespace)
        while rest.first == "@" {
            let attribute = rest.dropFirst().prefix(while: Words.isPart)
            rest = rest.dropFirst(1 + attribute.count)
            if rest.first == "(", let close = rest.firstIndex(of: ")") { rest = rest[rest.index(after: close)...] }
            rest = rest.drop(while: \.isWhitespace)
        }
        guard rest.hasPrefix("public ") else { return false }
        rest = rest.dropFirst("public ".count)
        if rest.hasPrefix("import ") || rest.hasPrefix("extension ") || rest.hasPrefix("internal(set)") { return false }
        if rest.hasPrefix("override ") { return false }
        return !witnesses.contains { rest.hasPrefix($0) }
    }

    /// Looks upwards over attributes for a documentation comment.
    private static func isDocumented(_ file: SourceFile, before number: Int) -> Bool {
        var above = number - 1
        while above >= 0 {
            let line = file.lines[above].drop(while: \.isWhitespace)
            if line.hasPrefix("///") || line.hasSuffix("*/") { return true }
            guard line.hasPrefix("@") || line.hasPrefix("//") else { return false }
            above -= 1
        }
        return false
    }
}
