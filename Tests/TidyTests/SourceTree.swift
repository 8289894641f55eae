import Foundation

/// One Swift file of the repository, read once.
struct SourceFile: Sendable {
    /// Path relative to the root of the repository, e.g. `Sources/Core/SIP/Method.swift`.
    let path: String
    /// The lines as they are.
    let lines: [String]
    /// The same lines with comments and the contents of string literals blanked out.
    let code: [String]
    /// The same lines with nothing but their comments left.
    let comments: [String]

    init(path: String, text: String) {
        self.path = path
        let split = SourceText.split(text)
        lines = text.components(separatedBy: "\n")
        code = split.code.components(separatedBy: "\n")
        comments = split.comments.components(separatedBy: "\n")
    }

    func isUnder(_ folder: String) -> Bool {
        path == folder || path.hasPrefix(folder + "/")
    }
}

/// The source tree, found from the place of this very file.
enum SourceTree {
    static let root: String = {
        var folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { folder.deleteLastPathComponent() }
        return folder.path
    }()

    static let files: [SourceFile] = read([
        "Sources", "Tests", "Examples/judge/Sources", "Benchmarks/Sources", "Fuzz/Sources",
    ])

    static var sources: [SourceFile] { files.filter { $0.isUnder("Sources") } }

    /// The text files that people read and run: documents and scripts.
    static let texts: [SourceFile] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        var paths = names.filter { $0.hasSuffix(".md") || $0 == "Makefile" || $0 == "check" }
        for folder in ["Decisions", "Examples/judge", "Interop", "scripts"] {
            let inside = (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)) ?? []
            paths += inside.map { folder + "/" + $0 }
        }
        return paths.sorted().compactMap(load)
    }()

    private static func read(_ folders: [String]) -> [SourceFile] {
        var paths: [String] = []
        for folder in folders {
            let inside = FileManager.default.enumerator(atPath: root + "/" + folder)
            while let next = inside?.nextObject() as? String {
                if next.hasSuffix(".swift") { paths.append(folder + "/" + next) }
            }
        }
        return paths.sorted().compactMap(load)
    }

    private static func load(_ path: String) -> SourceFile? {
        guard let text = try? String(contentsOfFile: root + "/" + path, encoding: .utf8) else { return nil }
        return SourceFile(path: path, text: text)
    }
}

/// One broken rule at one place.
struct Offence: CustomStringConvertible, Hashable {
    let path: String
    let line: Int
    let text: String

    var description: String { line > 0 ? "\(path):\(line): \(text)" : "\(path): \(text)" }
}

/// What the tests print: one offence a line, as editors understand it.
func listing(_ offences: [Offence]) -> String {
    "\n" + offences.map(\.description).joined(separator: "\n")
}
