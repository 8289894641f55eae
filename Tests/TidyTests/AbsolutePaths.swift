import Foundation

/// A text that names a place of one machine helps nobody elsewhere: only folders that every system has, and the first parts
/// of our own interfaces, may begin a path, and neither this checkout nor the home of who runs this is named.
enum AbsolutePaths {
    /// Folders of every Linux system, what follows one in a path that is put together, and a host.
    private static let ofSystems: Set<String> = ["dev", "etc", "media", "proc", "task", "usr", "var", "localhost"]
    /// Our own: of the HTTP interfaces, the data folder, the checkout, and the example of RFC 2617.
    private static let ofOurs: Set<String> = ["certificates", "dir", "keys", "scripts", "trust"]
    /// The one name that examples use in the system's folder for what is thrown away.
    private static let temporary = (folder: "tmp", name: "demo")
    private static let here = [SourceTree.root, NSHomeDirectory()].filter { $0 != "/" }.map { $0 + "/" }

    static func offences(in file: SourceFile) -> [Offence] {
        file.lines.enumerated().compactMap { number, line in
            fault(in: line).map {
                Offence(path: file.path, line: number + 1, text: "names a place of one machine: \($0)")
            }
        }
    }

    /// The place that a line names; nil when it names none.
    static func fault(in line: String) -> String? {
        if let place = here.first(where: line.contains) { return place }
        var before: Character?
        for index in line.indices {
            defer { before = line[index] }
            guard line[index] == "/", before.map({ Words.isPart($0) || $0 == "." }) != true else { continue }
            let rest = line[index...].dropFirst()
            let folder = rest.prefix { $0.isASCII && $0.isLowercase }
            guard !folder.isEmpty, rest.dropFirst(folder.count).first == "/" else { continue }
            let isExample =
                folder == temporary.folder && rest.dropFirst(folder.count + 1).hasPrefix(temporary.name)
            if !isExample, !ofSystems.contains(String(folder)), !ofOurs.contains(String(folder)) {
                return "/\(folder)/"
            }
        }
        return nil
    }
}
