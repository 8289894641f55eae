/// Which folders of a module may name what another folder of the same module declares. Between modules the compiler checks the
/// arrows; inside a module this table does. Files that lie directly in the module's folder wire the folders together: they may name
/// everything, and everybody may name what they declare.
enum Arrows {
    /// Module, then folder, then the folders that it may name.
    static let allowed: [String: [String: Set<String>]] = [
        "Sources/Core/Server": [
            "Flows": [],
            "Load": [],
            "Links": ["Flows", "Load"],
            "Users": ["Flows", "Links"],
            "Registrar": ["Flows", "Users"],
            "Proxy": ["Flows", "Links", "Users"],
            "Federation": ["Flows", "Links"],
        ],
        "Sources/Core/Trust": [
            "Signing": ["Topology"],
            "Certificates": ["Decision", "Rules", "Signing", "Topology"],
            "Revocation": ["Certificates", "Topology"],
            "Topology": ["Certificates", "Signing"],
            "Directory": ["Signing", "Topology"],
            "State": ["Certificates", "Decision", "Directory", "Revocation", "Signing", "Topology"],
            "Rules": ["Certificates", "Decision", "Revocation", "State", "Topology"],
            "Decision": ["Certificates", "Revocation", "Rules", "Signing", "State", "Topology"],
        ],
    ]

    static func offences(in module: String, files: [SourceFile]) -> [Offence] {
        guard let folders = allowed[module] else { return [] }
        let inside = files.filter { $0.isUnder(module) }
        var offences: [Offence] = []
        var home: [String: Set<String>] = [:]
        for file in inside {
            for name in declarations(in: file) { home[name, default: []].insert(folder(of: file, in: module) ?? "") }
        }
        for file in inside {
            guard let own = folder(of: file, in: module) else { continue }
            guard let reachable = folders[own] else {
                let text = "the folder \(own) has no line in Tests/TidyTests/Arrows.swift"
                offences.append(Offence(path: file.path, line: 0, text: text))
                continue
            }
            let open = reachable.union([own, ""])
            for (number, line) in file.code.enumerated() {
                for word in Words.all(in: line) where word.first?.isUppercase == true {
                    guard let homes = home[String(word)], homes.isDisjoint(with: open) else { continue }
                    let text = "\(own) may not name \(word), which \(homes.sorted().joined(separator: ", ")) declares"
                    offences.append(Offence(path: file.path, line: number + 1, text: text))
                }
            }
        }
        return offences
    }

    private static func folder(of file: SourceFile, in module: String) -> String? {
        let parts = file.path.dropFirst(module.count + 1).split(separator: "/")
        return parts.count > 1 ? parts.first.map(String.init) : nil
    }

    /// Names of the types that the file declares at its outermost level.
    static func declarations(in file: SourceFile) -> [String] {
        let kinds: Set<Substring> = ["struct", "enum", "class", "actor", "protocol", "typealias"]
        return file.code.compactMap { line in
            guard let first = line.first, first.isLetter || first == "@" else { return nil }
            let words = Words.all(in: line)
            guard let kind = words.firstIndex(where: kinds.contains), kind + 1 < words.count else { return nil }
            guard !words[..<kind].contains("func"), !words[..<kind].contains("import") else { return nil }
            return String(words[kind + 1])
        }
    }
}
