import Foundation
import Fuzzing
import Testing

@Suite("Inputs that once failed, and those that fuzzing begins with")
struct FailCaseTests {
    /// `FailCases/TARGET/` holds what the fuzzers found, one input a file.
    private static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "FailCases")

    private static func files(in folder: URL) -> [URL] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted().map { folder.appending(path: $0) }
    }

    @Test("each target passes the cases that it once failed", arguments: FuzzTarget.all.map(\.name))
    func failCases(name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        for file in Self.files(in: Self.folder.appending(path: name)) {
            // Said before, because a trap ends the process without a word about the input.
            print("replaying FailCases/\(name)/\(file.lastPathComponent)")
            let finding = target.run(Array(try Data(contentsOf: file)))
            #expect(finding == nil, "FailCases/\(name)/\(file.lastPathComponent): \(finding?.description ?? "")")
        }
    }

    @Test("no case lies in a folder that no target reads")
    func everyFolderHasATarget() {
        let folders = Self.files(in: Self.folder).map(\.lastPathComponent).filter { $0 != "README.md" }
        #expect(folders.allSatisfy { FuzzTarget.named($0) != nil }, "\(folders)")
    }

    @Test("each target takes its own seeds, whole and cut short", arguments: FuzzTarget.all.map(\.name))
    func seeds(name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        let seeds = try target.seeds()
        #expect(!seeds.isEmpty)
        for (number, seed) in seeds.enumerated() {
            for input in [seed, Array(seed.prefix(seed.count / 2)), Array(seed.dropFirst())] {
                let finding = target.run(input)
                #expect(finding == nil, "seed \(number): \(finding?.description ?? "")")
            }
            #expect(seed.count <= target.bytesMax)
        }
    }
}
