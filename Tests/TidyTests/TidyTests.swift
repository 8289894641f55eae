import Testing

@Suite("The source tree keeps its own rules")
struct TidyTests {
    @Test("the tree was found")
    func treeIsThere() {
        #expect(SourceTree.sources.count > 20, "no sources under \(SourceTree.root)")
    }

    @Test("no file is over 500 lines without an entry that says why")
    func fileLength() {
        let limit = 500
        let long = SourceTree.files.filter { $0.lines.count > limit + 1 }
        var offences = long.filter { Exceptions.longFiles[$0.path] == nil }.map {
            Offence(path: $0.path, line: limit, text: "\($0.lines.count - 1) lines, at most \(limit)")
        }
        let known = Set(long.map(\.path))
        offences += Exceptions.longFiles.keys.filter { !known.contains($0) }.sorted().map {
            Offence(path: $0, line: 0, text: "its entry in Exceptions.longFiles is no longer needed")
        }
        #expect(offences.isEmpty, "\(listing(offences))")
    }

    @Test("rooms do without the names that are banned there")
    func bannedNames() {
        let offences = SourceTree.files.filter { !$0.isUnder("Tests/TidyTests") }.flatMap { file in
            BannedName.all.flatMap { $0.offences(in: file) }
        }
        #expect(offences.isEmpty, "\(listing(offences))")
    }

    @Test("an exemption from a ban that is no longer needed goes away")
    func staleExemptions() {
        let offences = BannedName.all.flatMap { banned in
            banned.exempt.sorted().compactMap { path -> Offence? in
                guard ["import Foundation", "Mutex"].contains(banned.name) else { return nil }
                let isUsed = SourceTree.files.contains {
                    $0.path == path && $0.code.contains { $0.contains(banned.name) }
                }
                return isUsed ? nil : Offence(path: path, line: 0, text: "needs no exemption for `\(banned.name)`")
            }
        }
        #expect(offences.isEmpty, "\(listing(offences))")
    }

    @Test("inside a module, folders name only what their arrows allow", arguments: Arrows.allowed.keys.sorted())
    func arrows(module: String) {
        let offences = Arrows.offences(in: module, files: SourceTree.sources)
        #expect(offences.isEmpty, "\(listing(offences))")
    }

    @Test("RFCs are cited in one form")
    func citations() {
        let offences = SourceTree.files.filter { !$0.isUnder("Tests/TidyTests") }.flatMap(Citations.offences)
        #expect(offences.isEmpty, "\(listing(offences))")
    }

    @Test("every public declaration is documented")
    func documentation() {
        let requirements = Documentation.requirements(of: SourceTree.sources)
        let offences = SourceTree.sources.flatMap {
            Documentation.offences(in: $0, requirements: requirements)
        }
        #expect(offences.isEmpty, "\(listing(offences))")
    }

    @Test("no file is empty, no work is left as a note")
    func leftovers() {
        var offences: [Offence] = []
        for file in SourceTree.files where !file.isUnder("Tests/TidyTests") {
            let isEmpty = file.code.allSatisfy { line in
                let bare = line.drop(while: \.isWhitespace)
                return bare.isEmpty || bare.hasPrefix("import ") || bare.hasPrefix("public import ")
            }
            if isEmpty || file.path.hasSuffix("/Placeholder.swift") {
                offences.append(Offence(path: file.path, line: 1, text: "declares nothing"))
            }
            for (number, line) in file.comments.enumerated() {
                for note in ["FIXME", "TODO", "XXX", "HACK"] where Words.all(in: line).contains(Substring(note)) {
                    offences.append(Offence(path: file.path, line: number + 1, text: "\(note): do it, or leave it out"))
                }
            }
        }
        #expect(offences.isEmpty, "\(listing(offences))")
    }

    @Test("no text names the place or the occasion where it was written")
    func occasions() {
        let offences = (SourceTree.files + SourceTree.texts).filter { !$0.isUnder("Tests/TidyTests") }.flatMap {
            AbsolutePaths.offences(in: $0)
        }
        #expect(offences.isEmpty, "\(listing(offences))")
    }
}
