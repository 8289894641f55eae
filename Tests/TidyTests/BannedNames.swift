/// A name that some rooms do without, and what to use instead.
struct BannedName: Sendable {
    let name: String
    let folders: [String]
    let instead: String
    let exempt: Set<String>

    init(_ name: String, in folders: String..., instead: String, exempt: Set<String> = []) {
        self.name = name
        self.folders = folders
        self.instead = instead
        self.exempt = exempt
    }

    static let all: [BannedName] =
        determinism + ioRooms + [
            BannedName("try!", in: "Sources", instead: "handle the error: a trap ends the process"),
            BannedName("as!", in: "Sources", instead: "use a type that fits: a trap ends the process"),
            BannedName("fatalError", in: "Sources", instead: "return an error: a trap ends the process"),
            BannedName("preconditionFailure", in: "Sources", instead: "return an error: a trap ends the process"),
            BannedName("@unchecked", in: "Sources", instead: "make the type Sendable by its shape"),
            BannedName("@_exported", in: "Sources", instead: "import where it is used"),
        ]

    /// Protocol logic is a value: time and chance arrive as arguments.
    private static let determinism: [BannedName] = [
        BannedName(
            "import Foundation", in: "Sources/Core", instead: "the standard library",
            exempt: Set(Exceptions.foundation.keys)),
        BannedName(
            "import FoundationEssentials", in: "Sources/Core", instead: "the standard library",
            exempt: Set(Exceptions.foundation.keys)),
        BannedName("Date(", in: "Sources/Core", instead: "WallTime", exempt: Set(Exceptions.foundation.keys)),
        BannedName(".now(", in: "Sources/Core", instead: "the `now` argument"),
        BannedName("ContinuousClock", in: "Sources/Core", "Sources/Testing", instead: "the `now` argument"),
        BannedName("SuspendingClock", in: "Sources/Core", "Sources/Testing", instead: "the `now` argument"),
        BannedName("Task.sleep", in: "Sources/Core", "Sources/Testing", "Tests", instead: "virtual time"),
        BannedName("Task {", in: "Sources/Core", instead: "an output"),
        BannedName("UUID()", in: "Sources/Core", "Sources/Testing", instead: "Chance"),
        BannedName("random(in:", in: "Sources/Core", "Sources/Testing", instead: "Chance"),
        BannedName("SystemRandomNumberGenerator", in: "Sources/Core", "Sources/Testing", instead: "Chance"),
        BannedName("Mutex", in: "Sources/Core", instead: "a value", exempt: Set(Exceptions.locks.keys)),
        BannedName("import Dispatch", in: "Sources/Core", "Sources/Testing", instead: "an output"),
        BannedName("import Logging", in: "Sources/Core", instead: "an output"),
        BannedName("print(", in: "Sources/Core", "Sources/Machinery", instead: "an output or the log"),
    ]

    /// Each room of the machinery hides one outside library.
    private static let ioRooms: [BannedName] = [
        BannedName(
            "import NIO", in: "Sources/Core", "Sources/Machinery/Shards", "Sources/Machinery/Storage",
            "Sources/Programs",
            "Sources/Testing", instead: "the protocols of Shards"),
        BannedName(
            "import GRDB", in: "Sources/Core", "Sources/Machinery/Shards", "Sources/Machinery/Transport",
            "Sources/Machinery/Web", "Sources/Machinery/Node", "Sources/Programs", "Sources/Testing",
            instead: "the protocols that Storage implements"),
        BannedName(
            "import Hummingbird", in: "Sources/Core", "Sources/Machinery/Shards", "Sources/Machinery/Storage",
            "Sources/Machinery/Transport", "Sources/Machinery/Node", "Sources/Programs", "Sources/Testing",
            instead: "what Web offers"),
    ]

    func offences(in file: SourceFile) -> [Offence] {
        guard folders.contains(where: file.isUnder), !exempt.contains(file.path) else { return [] }
        return file.code.enumerated().compactMap { number, line in
            guard line.contains(name), Words.stands(name, in: line) else { return nil }
            return Offence(path: file.path, line: number + 1, text: "`\(name)` is banned here; instead: \(instead)")
        }
    }
}

/// Whole words in a line of code.
enum Words {
    static func isPart(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }

    /// True when the name stands somewhere in the line without being the tail of a longer word.
    static func stands(_ name: String, in line: String) -> Bool {
        guard let first = name.first, isPart(first) else { return line.contains(name) }
        var rest = Substring(line)
        var before: Character?
        while let found = rest.firstRange(of: name) {
            if found.lowerBound > rest.startIndex { before = rest[rest.index(before: found.lowerBound)] }
            if before.map(isPart) != true { return true }
            before = rest[rest.index(before: found.upperBound)]
            rest = rest[found.upperBound...]
        }
        return false
    }

    static func all(in line: some StringProtocol) -> [Substring] {
        line.split { !isPart($0) }.map { Substring($0) }
    }
}
